import type { Held } from '../../../src/checkpoint/model.js'
import { planLiving, type HeldRemap, type LivingView } from '../../../src/plan/living.js'
import type { PlannedRemap } from '../../../src/plan/planned.js'
import { test } from '../support/check.js'
import { b, checkpoint, hostMount, mount, namespace, remap } from '../support/model.js'

const HELD: Held = {
  inoHigh: 0,
  inoLow: 5,
  major: 254,
  minor: 0,
  by: 'descriptor 3 of process 7',
  directory: { inoHigh: 0, inoLow: 2, major: 254, minor: 0 },
  isAlone: true,
  isCounted: false,
  othersMade: [],
  isLogged: false,
  isNamed: false,
  keptFor: undefined,
}
const ROOT = hostMount('/', { mntId: 10 })
const DATA = hostMount('/data', { mntId: 14, minor: 32 })
const TMP = hostMount('/tmp', { mntId: 13, major: 0, minor: 41, fstype: 'tmpfs' })
const LIVING: LivingView = {
  pid: 7,
  isDumped: true,
  namespaces: [{ id: 1, isOurs: false, mounts: [ROOT, DATA, TMP] }],
}
const RECORDED = [
  mount(10, '/'),
  mount(14, '/data', { minor: 32 }),
  mount(13, '/tmp', { fstype: 'tmpfs', major: 0, minor: 41 }),
]

const held = (link: string, rest: Partial<HeldRemap> = {}): HeldRemap => ({
  nsId: 1,
  mount: ROOT,
  link: b(link),
  original: b('/var/gone'),
  held: HELD,
  ...rest,
})

const planOne = (
  mntId: number | undefined,
  dir: string,
  living: LivingView = LIVING,
): PlannedRemap =>
  planLiving(
    checkpoint({
      namespaces: [namespace(9, RECORDED)],
      remaps: [remap(6, dir, { mntId })],
    }),
    living,
    [],
  ).remaps[0]!

/** Which living mount it is reached on, and whether the dump saw that very one. */
const reached = (planned: PlannedRemap): unknown =>
  planned.kind === 'reach' ? [planned.mount?.mntId, planned.mount?.nsId] : planned.kind

test('a remap is on the mount that has its number', (t) => {
  t.strictSame(reached(planOne(14, '/data/x')), [14, 1])
  t.strictSame(reached(planOne(13, '/tmp')), [13, 1], 'in memory, and alive')
  const plan = planLiving(checkpoint({ remaps: [remap(6, '/data', { mntId: 14 })] }), LIVING, [])
  t.strictSame(reached(plan.remaps[0]!), [14, 1], 'without any image of mounts')
  t.match(plan.namespaces[0]?.attachments[0]?.provider, { kind: 'living', isSame: true })
})

test('a number that was given again: the place decides, as far as it fits', (t) => {
  const others = [hostMount('/etc', { mntId: 14 }), hostMount('/data', { mntId: 20, minor: 32 })]
  const living = { ...LIVING, namespaces: [{ id: 1, isOurs: false, mounts: [ROOT, ...others] }] }
  const planned = planOne(14, '/data', living)
  t.strictSame(reached(planned), [20, 1])
  t.equal(planned.kind === 'reach' && planned.mount?.minor, 32)
  t.equal(planOne(13, '/tmp', living).kind, 'vanished', 'a tmpfs that is not there any more')
})

test('a container that was started after the dump: nothing by number', (t) => {
  const living = { ...LIVING, isDumped: false }
  const plan = planLiving(
    checkpoint({
      namespaces: [namespace(9, RECORDED)],
      remaps: [remap(6, '/data', { mntId: 14 })],
    }),
    living,
    [],
  )
  t.match(plan.namespaces[0]?.attachments[0]?.provider, { kind: 'living', isSame: false })
  const lost = planLiving(checkpoint({ remaps: [remap(6, '/data', { mntId: 14 })] }), living, [])
  t.match(lost.remaps[0], {
    kind: 'kept',
    reason: 'unreachable',
    message: 'no mount of process 7 has the number 14',
  })
})

test('what is mounted in memory at the same place now is another one', (t) => {
  const other = hostMount('/tmp', { mntId: 50, major: 0, minor: 77, fstype: 'tmpfs' })
  const living = { ...LIVING, namespaces: [{ id: 1, isOurs: false, mounts: [ROOT, other] }] }
  t.equal(planOne(13, '/tmp', living).kind, 'vanished')
})

test('links that are held: each once, and not where the images list it', (t) => {
  const plan = planLiving(checkpoint({ remaps: [remap(6, '/var', { mntId: 10 })] }), LIVING, [
    held('/var/link_remap.6'),
    held('/var/link_remap.8'),
    held('/data/link_remap.6', { mount: DATA }),
  ])
  t.strictSame(
    plan.remaps.map(({ remap: { link, found } }) => [link, found]),
    [
      ['/var/link_remap.6', undefined],
      ['/var/link_remap.8', 'held'],
      ['/data/link_remap.6', 'held'],
    ],
  )
  t.equal(plan.remaps[1]?.remap.remapId, 8)
  t.strictSame(
    plan.namespaces[0]?.attachments.map(({ mount: { mntId } }) => mntId),
    [10, 14],
  )
})

test('one name that two mounts show is one link', (t) => {
  const again = hostMount('/again', { mntId: 15, minor: 32, root: b('/sub') })
  const nested = hostMount('/inner', { mntId: 16, minor: 32 })
  const living: LivingView = {
    ...LIVING,
    namespaces: [
      { id: 1, isOurs: false, mounts: [ROOT, DATA, again] },
      { id: 2, isOurs: false, mounts: [nested] },
    ],
  }
  const listed = [
    remap(6, '/data/sub', { mntId: 14 }),
    remap(8, '/again', { mntId: 15 }),
    // Of another dump: no mount of these, whatever has its number.
    remap(12, '/old', { mntId: 14 }),
  ]
  const plan = planLiving(checkpoint({ remaps: listed }), living, [
    held('/again/link_remap.6', { mount: again }),
    held('/inner/sub/link_remap.6', { mount: nested, nsId: 2 }),
    held('/data/sub/link_remap.8', { mount: DATA }),
    held('/data/sub/link_remap.10', { mount: DATA }),
    held('/data/link_remap.6', { mount: DATA }),
    held('/old/link_remap.12', { mount: ROOT }),
  ])
  t.strictSame(
    plan.remaps.map(({ kind, remap: { link, found } }) => [link, found ?? kind]),
    [
      ['/data/sub/link_remap.6', 'reach'],
      ['/again/link_remap.8', 'reach'],
      ['/old/link_remap.12', 'kept'],
      ['/data/sub/link_remap.10', 'held'],
      ['/data/link_remap.6', 'held'],
      ['/old/link_remap.12', 'held'],
    ],
  )
})

test('a host tree: by path where the images list it, by its mount where it is held', (t) => {
  const living = { ...LIVING, namespaces: [{ id: 1, isOurs: true, mounts: [ROOT, DATA] }] }
  const plan = planLiving(checkpoint({ tree: 'host', remaps: [remap(6, '/var')] }), living, [
    held('/var/link_remap.6'),
    held('/var/link_remap.8'),
  ])
  t.strictSame(
    plan.remaps.map((planned) => [planned.remap.link, reached(planned)]),
    [
      ['/var/link_remap.6', [undefined, undefined]],
      ['/var/link_remap.8', [10, 1]],
    ],
  )
  const other = planLiving(checkpoint({ tree: 'host', remaps: [remap(6, '/var')] }), LIVING, [])
  t.match(other.remaps[0], { kind: 'kept', reason: 'unreachable' }, 'of another container')
})

test('an entry that is wrong by itself, and one that is not on its mount', (t) => {
  const wrong = remap(6, '/data', { mntId: 14, invalid: 'forged' })
  t.match(planLiving(checkpoint({ remaps: [wrong] }), LIVING, []).remaps[0], {
    kind: 'kept',
    reason: 'invalid',
    message: 'forged',
  })
  t.match(planOne(14, '/var'), { kind: 'kept', reason: 'invalid' })
})
