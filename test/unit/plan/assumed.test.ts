import type { Checkpoint, LinkRemap } from '../../../src/checkpoint/model.js'
import { ASSUMED, withAssumedMounts } from '../../../src/plan/assumed.js'
import type { Plan } from '../../../src/plan/planned.js'
import { planCollection } from '../../../src/plan/plan.js'
import { refuses, test } from '../support/check.js'
import {
  b,
  checkpoint,
  externals,
  hostMount,
  mount,
  namespace,
  options,
  remap,
  type OptionsSpec,
} from '../support/model.js'

/** A dump that was killed before it wrote its mounts. */
const killed = (remaps: readonly LinkRemap[], rest: Partial<Checkpoint> = {}): Checkpoint =>
  checkpoint({ dump: 'killed', complete: false, remaps, ...rest })

const GIVEN: OptionsSpec = { root: '/rootfs', externals: externals({ '/data': '/D' }) }

const plan = (
  remaps: readonly LinkRemap[],
  spec: OptionsSpec = GIVEN,
  rest: Partial<Checkpoint> = {},
): Plan => planCollection(killed(remaps, rest), options(spec))

/** Of each remap: how it is reached, and where. */
const found = ({ remaps }: Plan) =>
  remaps.map((one) => [one.kind, one.mount?.mountpoint, one.kind === 'reach' ? one.dir : undefined])

test('paths are those of the container: below --root, and below keys that are places', (t) => {
  const planned = plan([
    remap(6, '/var/lib', { mntId: 71 }),
    remap(8, '/data', { mntId: 72 }),
    remap(10, '/data/sub', { mntId: 72 }),
    remap(12, '/database', { mntId: 71 }),
    remap(14, '/', { mntId: 71 }),
  ])
  t.strictSame(found(planned), [
    ['reach', '/', '/var/lib'],
    ['reach', '/data', '/data'],
    ['reach', '/data', '/data/sub'],
    ['reach', '/', '/database'],
    ['reach', '/', '/'],
  ])
  t.strictSame(
    planned.namespaces[0]?.attachments.map(({ mount: { mountpoint } }) => mountpoint),
    ['/', '/data'],
  )
  t.strictSame(
    planned.namespaces[0]?.attachments.map(({ provider }) => provider),
    [
      { kind: 'root', path: '/rootfs', sub: '/' },
      { kind: 'external', key: '/data', path: '/D', sub: '/' },
    ],
  )
  t.equal(planned.namespaces[0]?.id, ASSUMED)
})

test('a place in another one is attached below it, in whatever order they are given', (t) => {
  for (const keys of [
    { '/data': '/D', '/data/in': '/I' },
    { '/data/in': '/I', '/data': '/D' },
  ]) {
    const spec = { root: '/rootfs', externals: externals(keys) }
    const planned = plan([remap(6, '/data/in/x', { mntId: 1 })], spec)
    t.hasStrict(planned.remaps, [
      { kind: 'reach', via: 'namespace', mount: { mountpoint: '/data/in' } },
    ])
    const rows = planned.namespaces[0]?.attachments ?? []
    t.strictSame(
      rows.map(({ mount: one }) => one.mountpoint),
      ['/', '/data', '/data/in'],
    )
    t.strictSame(
      rows.map(
        ({ parentId }) => rows.find(({ mount: one }) => one.mntId === parentId)?.mount.mountpoint,
      ),
      [undefined, '/', '/data'],
    )
  }
})

test('a directory decides, not the name of the link in it', (t) => {
  const spec = { root: '/rootfs', externals: externals({ '/data/link_remap.6': '/X' }) }
  t.strictSame(found(plan([remap(6, '/data', { mntId: 1 })], spec)), [['reach', '/', '/data']])
})

test('nothing of what the images say of the mounts is kept', (t) => {
  const one = remap(6, '/data', { mntId: 999, size: 5 })
  const { namespaces, remaps } = withAssumedMounts(killed([one]), options(GIVEN))
  const mountId = namespaces[0]?.mounts.find(({ mountpoint }) => mountpoint === '/data')?.mntId
  t.strictSame(remaps, [{ ...one, original: { ...one.original, mntId: mountId } }])
  t.strictSame(
    namespaces[0]?.mounts.map(({ root, major, minor, upper }) => [root, major, minor, upper]),
    [
      [undefined, 0, 0, undefined],
      [undefined, 0, 0, undefined],
    ],
    'so that no place on a disk is compared',
  )
})

test('keys that are no places, and odd ones, name no mount', (t) => {
  const spec = {
    root: '/rootfs',
    externals: externals({ vol: '/V', '/a/../b': '/X', '/': '/Y', '': '/Z' }),
  }
  const { namespaces } = withAssumedMounts(killed([remap(6, '/vol', { mntId: 1 })]), options(spec))
  t.strictSame(
    namespaces[0]?.mounts.map(({ mountpoint }) => mountpoint),
    ['/'],
  )
})

test('without --root only what was given is reached', (t) => {
  const planned = plan([remap(6, '/var', { mntId: 1 }), remap(8, '/data', { mntId: 2 })], {
    externals: GIVEN.externals!,
  })
  t.strictSame(found(planned), [
    ['kept', '/', undefined],
    ['reach', '/data', '/data'],
  ])
  t.match(planned.remaps[0], { reason: 'unreachable', next: /add --root/ })
})

test('without any option nothing is assumed, and the message says which to add', (t) => {
  const [one] = plan([remap(6, '/var', { mntId: 43 })], {}).remaps
  t.match(one, {
    kind: 'kept',
    reason: 'unreachable',
    mount: undefined,
    next: /--root, and --external/,
  })
})

test('what was removed for good', (t) => {
  const remaps = [
    remap(6, '/var', { mntId: 1 }),
    remap(8, '/data', { mntId: 2 }),
    remap(10, '/gone/x', { mntId: 3 }),
  ]
  t.strictSame(found(plan(remaps, { ...GIVEN, gone: ['/gone'] })), [
    ['reach', '/', '/var'],
    ['reach', '/data', '/data'],
    ['gone', '/gone', undefined],
  ])
  t.strictSame(found(plan(remaps, { gone: ['/'] })), [
    ['gone', '/', undefined],
    ['gone', '/', undefined],
    ['gone', '/', undefined],
  ])
})

test('images that say what was mounted are believed', (t) => {
  const one = remap(6, '/data', { mntId: 10 })
  const recorded = [namespace(9, [mount(10, '/')])]
  const same = (rest: Partial<Checkpoint>) => {
    const dump = killed([one], rest)
    t.equal(withAssumedMounts(dump, options(GIVEN)), dump)
  }
  same({ namespaces: recorded })
  same({ namespaces: [namespace(9, [mount(10, '/')], { complete: false }), namespace(11, [])] })
  same({ complete: true, dump: 'whole' })
  same({ tree: 'host' })
  same({ remaps: [] })
  const empty = killed([one], { namespaces: [namespace(9, [], { complete: false })] })
  t.equal(
    withAssumedMounts(empty, options(GIVEN)).namespaces[0]?.id,
    ASSUMED,
    'an empty one says nothing',
  )
})

test('an invalid link and one that is listed twice stay so', (t) => {
  const { remaps } = plan([
    remap(6, '/var', { mntId: 1, invalid: 'why' }),
    remap(8, '/var', { mntId: 1, duplicate: true }),
  ])
  t.hasStrict(remaps, [{ kind: 'kept', reason: 'invalid', message: 'why' }, { kind: 'duplicate' }])
})

test('a file system that is mounted here is not taken for one that nobody knows', (t) => {
  const host = [hostMount('/mnt', { major: 0, minor: 0, source: b('') })]
  const planned = plan([remap(6, '/var', { mntId: 1 })], {
    externals: { ...GIVEN.externals!, auto: true },
    host,
  })
  t.hasStrict(planned.remaps, [{ kind: 'kept', reason: 'unreachable' }])
})

test('the host’s own root is not given away on a guess', (t) => {
  const host = [hostMount('/', { major: 0, minor: 0 })]
  refuses(
    t,
    () => plan([remap(6, '/var', { mntId: 1 })], { root: '/', host }),
    'refused',
    /^--root \/ is the host's own root, and the images do not say/,
  )
})
