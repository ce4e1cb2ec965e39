import type { Checkpoint, LinkRemap, Mount } from '../../../src/checkpoint/model.js'
import type { Plan, PlannedRemap } from '../../../src/plan/planned.js'
import { planCollection } from '../../../src/plan/plan.js'
import { refuses, test } from '../support/check.js'
import {
  b,
  checkpoint,
  externals,
  hostMount,
  mapped,
  mount,
  namespace,
  options,
  remap,
  type OptionsSpec,
} from '../support/model.js'

const ROOT = mount(10, '/')
const DEV = mount(11, '/dev', { fstype: 'tmpfs', major: 0, minor: 40, source: b('tmpfs') })
const SHM = mount(12, '/dev/shm', { parentId: 11, minor: 16, external: mapped('shm') })
const TMP = mount(13, '/tmp', { fstype: 'tmpfs', major: 0, minor: 41, source: b('tmpfs') })
const DATA = mount(14, '/data', { minor: 32, external: mapped('data') })
const MOUNTS = [ROOT, DEV, SHM, TMP, DATA]
const GIVEN: OptionsSpec = { root: '/rootfs', externals: externals({ shm: '/S', data: '/D' }) }

const plan = (
  remaps: readonly LinkRemap[],
  spec: OptionsSpec = GIVEN,
  rest: Partial<Checkpoint> = {},
): Plan =>
  planCollection(checkpoint({ namespaces: [namespace(9, MOUNTS)], remaps, ...rest }), options(spec))

const planOne = (
  one: LinkRemap,
  spec: OptionsSpec = GIVEN,
  rest: Partial<Checkpoint> = {},
): PlannedRemap => plan([one], spec, rest).remaps[0]!

const attached = ({ namespaces }: Plan): number[][] =>
  namespaces.map(({ attachments }) => attachments.map(({ mount: { mntId } }) => mntId))

const host = (remaps: readonly LinkRemap[], spec: OptionsSpec = {}): Plan =>
  planCollection(checkpoint({ tree: 'host', remaps }), options(spec))

test('a host tree: paths relative to /', (t) => {
  t.strictSame(host([remap(6, '/var'), remap(8, '/')]), {
    tree: 'host',
    namespaces: [],
    ghosts: [],
    remaps: [
      {
        remap: remap(6, '/var'),
        kind: 'reach',
        mount: undefined,
        via: 'namespace',
        dir: '/var',
        base: 'link_remap.6',
      },
      {
        remap: remap(8, '/'),
        kind: 'reach',
        mount: undefined,
        via: 'namespace',
        dir: '/',
        base: 'link_remap.8',
      },
    ],
  })
})

test('a host tree takes no other --root than /', (t) => {
  refuses(t, () => host([remap(6, '/var')], { root: '/rootfs' }), 'refused', /--root plays no part/)
  t.equal(host([remap(6, '/var')], { root: '/' }).remaps[0]?.kind, 'reach')
  t.strictSame(
    host([], { root: '/rootfs' }).remaps,
    [],
    'which matters only where there are remaps',
  )
})

test('a host tree: invalid, of a mount, duplicate', (t) => {
  const { remaps } = host([
    remap(6, '/var', { invalid: 'why' }),
    remap(8, '/var', { mntId: 43 }),
    remap(10, '/var', { duplicate: true }),
    remap(12, '/var', { duplicate: true, invalid: 'why' }),
  ])
  t.match(remaps, [
    { kind: 'kept', reason: 'invalid', message: 'why' },
    { kind: 'kept', reason: 'invalid', message: /though the tree had none/ },
    { kind: 'duplicate' },
    { kind: 'kept', reason: 'invalid' },
  ])
})

test('only the mounts that lead to remaps are attached', (t) => {
  t.strictSame(attached(plan([remap(6, '/var', { mntId: 10 })])), [[10]])
  t.strictSame(attached(plan([remap(6, '/dev/shm', { mntId: 12 })])), [[10, 11, 12]])
  t.strictSame(
    attached(plan([remap(6, '/dev/shm', { mntId: 12 }), remap(8, '/data', { mntId: 14 })])),
    [[10, 11, 12, 14]],
  )
  t.strictSame(attached(plan([])), [])
})

test('--mounts all attaches every mount of every namespace', (t) => {
  const nested = namespace(12, [mount(20, '/', { nsId: 12 })], { isRoot: false })
  const all = plan([], { ...GIVEN, mounts: 'all' }, { namespaces: [namespace(9, MOUNTS), nested] })
  t.strictSame(attached(all), [[10, 11, 12, 13, 14], [20]])
  t.strictSame(
    all.namespaces.map(({ id, hasRoot }) => [id, hasRoot]),
    [
      [9, true],
      [12, true],
    ],
  )
})

test('a mount on the way whose contents died is a stand-in', (t) => {
  const [ns] = plan([remap(6, '/dev/shm', { mntId: 12 })]).namespaces
  t.strictSame(
    ns?.attachments.map(({ parentId, provider }) => [parentId, provider.kind]),
    [
      [undefined, 'root'],
      [10, 'stand-in'],
      [11, 'external'],
    ],
  )
})

test('a mount on the way that is out of reach does not stop what lies below', (t) => {
  const planned = plan([remap(6, '/dev/shm', { mntId: 12 })], {
    externals: externals({ shm: '/S' }),
  })
  t.hasStrict(planned.remaps, [{ kind: 'reach', via: 'namespace', dir: '/dev/shm' }])
  t.match(planned.namespaces[0]?.attachments[0]?.provider, { kind: 'none', next: /--root/ })
})

test('each remap: reached, vanished, out of reach', (t) => {
  t.strictSame(planOne(remap(6, '/data/sub', { mntId: 14 })), {
    remap: remap(6, '/data/sub', { mntId: 14 }),
    kind: 'reach',
    mount: DATA,
    via: 'namespace',
    dir: '/data/sub',
    base: 'link_remap.6',
  })
  const gone = remap(6, '/tmp', { mntId: 13 })
  t.strictSame(planOne(gone), { remap: gone, kind: 'vanished', mount: TMP })
  t.hasStrict(planOne(remap(6, '/data', { mntId: 14 }), { root: '/rootfs' }), {
    kind: 'kept',
    reason: 'unreachable',
    mount: DATA,
    next: "add --external 'mnt[data]:PATH', the host directory of /data",
  })
  t.match(planOne(remap(6, '/var', { mntId: 10 }), {}), {
    kind: 'kept',
    reason: 'unreachable',
    next: /--root/,
  })
})

test('nothing is attached for what is not reached', (t) => {
  const none = [
    remap(6, '/tmp', { mntId: 13 }),
    remap(8, '/var', { mntId: 10, invalid: 'why' }),
    remap(10, '/var', { mntId: 999 }),
  ]
  t.strictSame(attached(plan(none)), [])
  t.strictSame(attached(plan([remap(6, '/data', { mntId: 14 })], { root: '/rootfs' })), [])
})

test('an invalid remap is kept with what is wrong, before all else', (t) => {
  for (const mntId of [10, 999, undefined])
    t.hasStrict(planOne(remap(6, '/var', { mntId, invalid: 'why', duplicate: true })), {
      kind: 'kept',
      reason: 'invalid',
      message: 'why',
    })
})

test('a mount that no image has', (t) => {
  t.match(planOne(remap(6, '/var', { mntId: 999 })), {
    kind: 'kept',
    reason: 'unreachable',
    mount: undefined,
    message: /no mountpoints image has its mount 999/,
  })
})

test('a link that is not below the mountpoint of its mount is invalid', (t) => {
  for (const dir of ['/var', '/', '/dat', '/database', '/dev/shm'])
    t.match(
      planOne(remap(6, dir, { mntId: 14 })),
      { kind: 'kept', reason: 'invalid', message: /not below the mountpoint \/data/ },
      dir,
    )
})

test('a duplicate is left to the first', (t) => {
  t.hasStrict(planOne(remap(6, '/data', { mntId: 14, duplicate: true })), {
    kind: 'duplicate',
    mount: DATA,
  })
})

test('without a mount in the images the path decides, if there is one namespace', (t) => {
  t.match(planOne(remap(6, '/dev/shm/x')), {
    kind: 'reach',
    mount: SHM,
    dir: '/dev/shm/x',
  })
  t.hasStrict(planOne(remap(6, '/tmp')), { kind: 'vanished', mount: TMP })
  const two = [
    namespace(9, MOUNTS),
    namespace(12, [mount(20, '/', { nsId: 12 })], { isRoot: false }),
  ]
  t.match(planOne(remap(6, '/var'), GIVEN, { namespaces: two }), {
    kind: 'kept',
    reason: 'unreachable',
    message: /do not say on which mount/,
  })
  const cut = [namespace(9, MOUNTS, { complete: false })]
  t.hasStrict(planOne(remap(6, '/var'), GIVEN, { namespaces: cut }), {
    kind: 'kept',
    reason: 'unreachable',
  })
  t.hasStrict(planOne(remap(6, '/var'), GIVEN, { namespaces: [] }), { kind: 'kept' })
})

test('a covered mount is used by itself', (t) => {
  const over = mount(15, '/data', { parentId: 14, fstype: 'tmpfs', major: 0, minor: 50 })
  const namespaces = [namespace(9, [...MOUNTS, over])]
  const covered = remap(6, '/data/sub', { mntId: 14 })
  t.hasStrict(
    planOne(covered, { ...GIVEN, mounts: 'all' }, { namespaces }),
    { kind: 'reach', mount: DATA, via: 'mount', dir: '/sub', base: 'link_remap.6' },
    'where all mounts are there',
  )
  t.hasStrict(
    planOne(covered, GIVEN, { namespaces }),
    { kind: 'reach', via: 'namespace', dir: '/data/sub' },
    'where what covers it is not attached, the namespace leads to it',
  )
  t.hasStrict(
    planOne(remap(6, '/data', { mntId: 14 }), { ...GIVEN, mounts: 'all' }, { namespaces }),
    { via: 'mount', dir: '/' },
    'in its own root',
  )
})

test('in a cut namespace mounts are used by themselves', (t) => {
  const namespaces = [namespace(9, [SHM, DATA], { complete: false })]
  const planned = plan([remap(6, '/data/sub', { mntId: 14 })], GIVEN, { namespaces })
  t.hasStrict(planned.remaps, [{ kind: 'reach', via: 'mount', dir: '/sub' }])
  t.hasStrict(planned.namespaces, [
    { id: 9, hasRoot: false, attachments: [{ parentId: undefined }] },
  ])
  t.strictSame(attached(planned), [[14]])
})

const hostRoot = hostMount('/', { root: b('/') })

test('--root / only for a tree that lived in a copy of the host’s mounts', (t) => {
  const one = remap(6, '/var', { mntId: 10 })
  t.hasStrict(planOne(one, { root: '/', host: [hostRoot] }), { kind: 'reach' })
  const others: readonly Partial<Mount>[] = [
    { major: 8 },
    { minor: 1 },
    { root: b('/containers/1') },
    { root: undefined },
  ]
  for (const other of others)
    refuses(
      t,
      () =>
        planOne(
          one,
          { root: '/', host: [hostRoot] },
          {
            namespaces: [namespace(9, [mount(10, '/', other)])],
          },
        ),
      'refused',
      /the host's own root, but the tree had another one/,
    )
  const covering = hostMount('/', { minor: 7 })
  refuses(
    t,
    () => planOne(one, { root: '/', host: [hostRoot, covering] }),
    'refused',
    /another one/,
    'of two mounts on / the upper one is meant',
  )
})

test('a nested root is not asked to be the host’s', (t) => {
  const nested = namespace(12, [mount(20, '/', { nsId: 12, minor: 3 })], { isRoot: false })
  const namespaces = [namespace(9, MOUNTS), nested]
  t.doesNotThrow(() => plan([], { root: '/', host: [hostRoot] }, { namespaces }))
})

test('one remap that cannot be reached does not stop the others', (t) => {
  const { remaps } = plan(
    [
      remap(6, '/data', { mntId: 14 }),
      remap(8, '/dev/shm', { mntId: 12 }),
      remap(10, '/var', { mntId: 10, invalid: 'why' }),
      remap(12, '/var', { mntId: 10 }),
      remap(14, '/tmp', { mntId: 13 }),
    ],
    { root: '/rootfs', externals: externals({ shm: '/S' }) },
  )
  t.strictSame(
    remaps.map(({ kind, remap: { remapId } }) => [remapId, kind]),
    [
      [6, 'kept'],
      [8, 'reach'],
      [10, 'kept'],
      [12, 'reach'],
      [14, 'vanished'],
    ],
    'in the order of the images',
  )
})

test('a link on a mount that is gone is gone, and nothing is attached for it', (t) => {
  const one = remap(6, '/data', { mntId: 14 })
  const planned = plan([one], { root: '/rootfs', gone: ['data'] })
  t.strictSame(planned.remaps, [{ remap: one, kind: 'gone', mount: DATA }])
  t.strictSame(attached(planned), [])
  t.hasStrict(planOne(remap(8, '/var', { mntId: 10 }), { gone: ['/'] }), { kind: 'gone' })
  t.hasStrict(
    plan([remap(6, '/data', { mntId: 14, invalid: 'why' })], { gone: ['data'] }).remaps,
    [{ kind: 'kept', reason: 'invalid' }],
    'but one that is no link stays kept',
  )
})

test('what lies below a mount that is gone is reached all the same', (t) => {
  const planned = plan([remap(6, '/dev/shm', { mntId: 12 })], { ...GIVEN, gone: ['/dev', '/'] })
  t.hasStrict(planned.remaps, [{ kind: 'reach', via: 'namespace', dir: '/dev/shm' }])
  t.strictSame(
    planned.namespaces[0]?.attachments.map(({ provider }) => provider.kind),
    ['gone', 'gone', 'external'],
  )
})

test('of cut images with several namespaces the message names the options', (t) => {
  t.match(planOne(remap(6, '/var', { mntId: 999 })), { next: /^give --root, and --external/ })
})
