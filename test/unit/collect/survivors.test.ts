import type { Outcome } from '../../../src/collect/outcome.js'
import { isLikeVanished, lookForSurvivors } from '../../../src/collect/survivors.js'
import type { HostMount } from '../../../src/host/mountinfo.js'
import { isRemote } from '../../../src/host/remote.js'
import type { Plan, PlannedRemap } from '../../../src/plan/planned.js'
import type { Consent } from '../../../src/proof/doubts.js'
import { O_DIRECTORY, O_PATH } from '../../../src/sys/constants.js'
import type { Time } from '../../../src/time.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import {
  b,
  FORCE,
  host,
  hostMount,
  mount,
  NO_CONSENT,
  remap,
  WRITTEN,
  at,
} from '../support/model.js'
import { FakeAddon } from '../sys/fake-addon.js'

const SHM = mount(12, '/dev/shm', { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') })
const ROW = hostMount('/mnt/shm', { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') })
const LINK = remap(6, '/dev/shm', { mntId: 12 })
const VANISHED: PlannedRemap = { kind: 'vanished', remap: LINK, mount: SHM }

interface Table {
  /** Ours without either. */
  readonly pid?: number
  /** Where it is kept, without a process in it. */
  readonly kept?: string
  readonly mounts: readonly HostMount[]
}

interface Setting {
  /** Why not all namespaces are seen. */
  readonly unseen?: string
  readonly planned?: PlannedRemap
  readonly tables?: readonly Table[]
  /** Paths that openat2 finds. */
  readonly there?: readonly string[]
  readonly device?: readonly [number, number]
  readonly rootMissing?: boolean
  /** What a child says that looks first. */
  readonly answers?: number
  /** What openat2 of a path answers. */
  readonly refused?: Readonly<Record<string, number>>
  readonly accept?: Consent
}

const planOf = (...remaps: PlannedRemap[]): Plan => ({
  tree: 'namespaced',
  namespaces: [],
  ghosts: [],
  remaps,
})

const run = (setting: Setting): { outcome: Outcome | undefined; addon: FakeAddon } => {
  const addon = new FakeAddon()
  const sys = new Sys(addon)
  const [major, minor] = setting.device ?? [0, 52]
  addon.on('statx', () => addon.answerStat({ major, minor }))
  const there = setting.there ?? ['mnt/shm', 'link_remap.6']
  addon.on('answers', () => setting.answers ?? -110)
  addon.on('openat2', (_fd, path) =>
    there.includes(String(path)) ? setting.refused?.[String(path)] : -2,
  )
  const openRoot = (path: string) => (): number =>
    setting.rootMissing === true ? -13 : sys.openat(-100, b(path), O_PATH | O_DIRECTORY)
  const tables = setting.tables ?? [{ mounts: [ROW] }]
  const isOurs = ({ pid, kept }: Table): boolean => pid === undefined && kept === undefined
  const mounts = tables.filter(isOurs).flatMap((table) => table.mounts)
  const planned = setting.planned ?? VANISHED
  const outcomes = lookForSurvivors(
    sys,
    planOf(planned),
    host({ mounts, root: openRoot('/') }),
    {
      tables: tables
        .filter((table) => !isOurs(table))
        .map(({ pid, kept, mounts }) => ({
          holder: () => ({
            text: kept ?? `the mount namespace of process ${pid}`,
            pid,
            ...(kept === undefined && { isInside: true as const }),
          }),
          hasRemote: mounts.some(isRemote),
          mounts,
          openRoot: openRoot(kept ?? `/proc/${pid}/root`),
        })),
      unseen: setting.unseen,
    },
    setting.accept ?? NO_CONSENT,
    WRITTEN,
  )
  if (addon.open.size !== 0) throw new Error('a descriptor is left open')
  return { outcome: outcomes.get(planned), addon }
}

const verdictOf = (setting: Setting): string | undefined => run(setting).outcome?.verdict

test('a link that is still there is kept, with where', (t) => {
  t.match(run({}).outcome, {
    verdict: 'kept',
    reason: 'unreachable',
    message: /its tmpfs is still mounted here on \/mnt\/shm$/,
    next: /add --external 'mnt\[\]'/,
  })
  t.equal(verdictOf({ accept: FORCE }), 'kept', 'which is known, and not in doubt')
})

test('in the namespace of another process', (t) => {
  const { outcome, addon } = run({ tables: [{ mounts: [] }, { pid: 77, mounts: [ROW] }] })
  t.match(outcome, {
    verdict: 'kept',
    message: /on \/mnt\/shm in the mount namespace of process 77/,
    next: /the same with --pid 77 removes it there; otherwise stop what keeps that$/,
  })
  t.equal(addon.of('openat')[0]?.args[1], '/proc/77/root')
  t.strictSame(
    addon.of('openat2').map(({ args }) => args[3]),
    [0x10 | 0x04 | 0x02, 0x10 | 0x04 | 0x02 | 0x01],
    'the link on the very mount',
  )
})

test('in a namespace without processes', (t) => {
  const { outcome, addon } = run({ tables: [{ kept: '/run/ns/m', mounts: [ROW] }] })
  t.match(outcome, { message: /on \/mnt\/shm in \/run\/ns\/m$/ })
  t.equal(addon.of('openat')[0]?.args[1], '/run/ns/m')
})

test('what is mounted nowhere did vanish', (t) => {
  t.match(run({ tables: [] }).outcome, { verdict: 'vanished', message: /died with the container/ })
  t.equal(verdictOf({ tables: [{ pid: 77, mounts: [hostMount('/')] }] }), 'vanished')
})

test('a mount with its number in which the link is not', (t) => {
  const there = ['mnt/shm']
  t.equal(verdictOf({ there }), 'vanished', 'numbers are given again')
  const tables = (mountpoint: string, source = 'shm'): Table[] => [
    { pid: 77, mounts: [{ ...ROW, mountpoint: b(mountpoint), source: b(source) }] },
  ]
  t.match(
    run({ there: ['dev/shm'], tables: tables('/dev/shm') }).outcome,
    {
      verdict: 'absent',
      message:
        /its tmpfs is still mounted in the mount namespace of process 77, and the link is not/,
    },
    'a container that goes on living',
  )
  t.equal(verdictOf({ there: ['dev/shm'], tables: tables('/dev/shm', 'tmpfs') }), 'vanished')
  t.equal(verdictOf({ there, tables: tables('/mnt/shm') }), 'vanished')
})

test('what cannot be seen: the source decides', (t) => {
  const other = [{ mounts: [{ ...ROW, source: b('tmpfs') }] }]
  for (const unseen of [{ there: [] }, { rootMissing: true }, { device: [0, 53] }] as const) {
    t.equal(verdictOf(unseen), 'kept')
    t.equal(verdictOf({ ...unseen, tables: other }), 'vanished')
  }
  t.equal(verdictOf({ device: [1, 52] }), 'kept')
  const covered = (answer: number): string | undefined =>
    verdictOf({ refused: { 'link_remap.6': answer } })
  t.equal(covered(-18), 'kept', 'EXDEV: a mount on the way to the link')
  t.equal(covered(-24), 'kept', 'EMFILE')
  t.equal(covered(-2), 'vanished')
})

test('one that has it is enough, whatever the others have', (t) => {
  const empty = { ...ROW, mountpoint: b('/empty'), root: b('/part') }
  const setting = { tables: [{ mounts: [empty] }, { pid: 77, mounts: [ROW] }] }
  t.match(run(setting).outcome, { verdict: 'kept', message: /on \/empty/ }, 'by its source')
  const other = { ...empty, source: b('other') }
  const { outcome } = run({ tables: [{ mounts: [other] }, { pid: 77, mounts: [ROW] }] })
  t.match(outcome, { verdict: 'kept', message: /on \/mnt\/shm in the mount namespace of/ })
})

test('a number or a type that differs is another file system', (t) => {
  for (const other of [{ major: 1 }, { minor: 53 }, { fstype: 'ramfs' }])
    t.equal(verdictOf({ tables: [{ mounts: [{ ...ROW, ...other }] }] }), 'vanished')
})

test('the link is looked for where it lies in the file system', (t) => {
  const part: PlannedRemap = {
    kind: 'vanished',
    remap: remap(6, '/dev/shm/sub', { mntId: 12 }),
    mount: { ...SHM, root: b('/pods/1') },
  }
  const there = ['mnt/shm', 'pods/1/sub/link_remap.6']
  t.equal(verdictOf({ planned: part, there }), 'kept')
  const tables = [{ mounts: [{ ...ROW, root: b('/pods') }] }]
  t.equal(verdictOf({ planned: part, there, tables }), 'vanished')
  const inPods = ['mnt/shm', '1/sub/link_remap.6']
  t.equal(verdictOf({ planned: part, there: inPods, tables }), 'kept')
})

test('a part that does not show the link: the source decides', (t) => {
  const tables = (source: string): Table[] => [
    { mounts: [{ ...ROW, root: b('/elsewhere'), source: b(source) }] },
  ]
  t.equal(verdictOf({ tables: tables('shm') }), 'kept')
  t.equal(verdictOf({ tables: tables('tmpfs') }), 'vanished')
})

test('a mount whose place in its file system is not known: the source decides', (t) => {
  const planned: PlannedRemap = { ...VANISHED, mount: { ...SHM, root: undefined } }
  const tables = (source: string): Table[] => [{ mounts: [{ ...ROW, source: b(source) }] }]
  t.equal(verdictOf({ planned, tables: tables('shm') }), 'kept')
  t.equal(verdictOf({ planned, tables: tables('tmpfs') }), 'vanished')
})

test('what did not vanish is not looked for', (t) => {
  const others: readonly PlannedRemap[] = [
    { kind: 'duplicate', remap: LINK, mount: SHM },
    { kind: 'gone', remap: LINK, mount: SHM },
    {
      kind: 'reach',
      remap: LINK,
      mount: SHM,
      via: 'namespace',
      dir: b('/dev/shm'),
      base: b('link_remap.6'),
    },
  ]
  for (const planned of others) {
    const { outcome, addon } = run({ planned })
    t.equal(outcome, undefined, planned.kind)
    t.strictSame(addon.calls, [])
  }
})

test('several links of one file system: it is opened once, each is looked for', (t) => {
  const addon = new FakeAddon()
  const sys = new Sys(addon)
  addon.on('statx', () => addon.answerStat({ major: 0, minor: 52 }))
  addon.on('openat2', (_fd, path) => (path === 'link_remap.8' ? -2 : undefined))
  const vanished = (id: number): PlannedRemap => ({
    kind: 'vanished',
    remap: remap(id, '/dev/shm', { mntId: 12 }),
    mount: SHM,
  })
  const plan = planOf(vanished(6), vanished(8), vanished(10))
  const ours = host({ mounts: [ROW], root: () => sys.openat(-100, b('/'), O_PATH) })
  const none = { tables: [], unseen: undefined }
  const outcomes = lookForSurvivors(sys, plan, ours, none, NO_CONSENT, WRITTEN)
  t.strictSame(
    plan.remaps.map((planned) => outcomes.get(planned)?.verdict),
    ['kept', 'vanished', 'kept'],
  )
  t.equal(addon.of('openat').length, 1)
  t.strictSame([...addon.open.keys()], [])
})

/** A namespace whose /mnt somebody else serves, with the memory file system on it. */
const onFuse = (row: Partial<HostMount> = {}, pid?: number): Table[] => [
  {
    ...(pid === undefined ? {} : { pid }),
    mounts: [hostMount('/'), hostMount('/mnt', { fstype: 'fuse' }), { ...ROW, ...row }],
  },
]

test('a way over a mount that somebody else serves is not gone: the source decides', (t) => {
  for (const pid of [undefined, 77]) {
    const { outcome, addon } = run({ tables: onFuse({}, pid) })
    // a child of ours is asked first, and gets no answer
    t.match(outcome, { verdict: 'kept', message: /is still mounted/ })
    t.strictSame(addon.of('openat2'), [])
    const other = run({ tables: onFuse({ source: b('tmpfs') }, pid) })
    t.equal(other.outcome?.verdict, 'vanished')
    t.strictSame(other.addon.of('openat2'), [])
  }
})

test('a remote mount beside the way, or of another namespace, plays no part', (t) => {
  const beside = [hostMount('/'), hostMount('/mnt/sh', { fstype: 'fuse' }), ROW]
  const tables = [
    { pid: 76, mounts: [hostMount('/mnt', { fstype: 'fuse' })] },
    { pid: 77, mounts: beside },
  ]
  t.equal(verdictOf({ tables, answers: 0 }), 'kept')
  t.equal(verdictOf({ tables, answers: 0, there: ['mnt/shm'] }), 'vanished', 'it was looked for')
})

test('what covers the place is recognised by what the kernel remembers of it', (t) => {
  const { addon } = run({})
  t.strictSame(
    addon.of('statx').map(({ args }) => args[2]),
    [0x4000 | 0x1000, 0x4000 | 0x1000],
  )
})

test('where not all namespaces are seen, nothing is called dead; --accept unseen does', (t) => {
  const setting = { tables: [{ mounts: [] }], unseen: 'process 7 may not be looked at' }
  t.match(run(setting).outcome, {
    verdict: 'kept',
    reason: 'unseen',
    accept: 'unseen',
    message: /^whether its tmpfs lives on is not known: process 7 may not be looked at$/,
  })
  const others = new Set(['newer', 'older', 'mismatch', 'elsewhere', 'gone'] as const)
  t.equal(verdictOf({ ...setting, accept: others }), 'kept', 'and no other consent')
  for (const accept of [new Set(['unseen'] as const), FORCE])
    t.match(run({ ...setting, accept }).outcome, { verdict: 'vanished', proven: false })
  t.notOk('proven' in run({ tables: [] }).outcome!, 'where all are seen it is proven')
  t.match(
    run({ ...setting, tables: [{ mounts: [ROW] }], accept: FORCE }).outcome,
    { verdict: 'kept', reason: 'unreachable' },
    'a link that is there is there',
  )
})

test('one that the caller has to give is named with its place', (t) => {
  const external = { kind: 'mapped', key: b("it's") } as const
  const nextOf = (root: string | undefined, row: HostMount): string | undefined => {
    const shm = { ...SHM, external, root: root === undefined ? undefined : b(root) }
    const there = ['mnt/shm', 'link_remap.6', 'pods/1/link_remap.6']
    const planned: PlannedRemap = { kind: 'vanished', remap: LINK, mount: shm }
    return run({ planned, tables: [{ mounts: [row] }], there }).outcome?.next
  }
  t.equal(nextOf('/', ROW), `add --external 'mnt[it'\\''s]:/mnt/shm'`)
  t.equal(nextOf('/pods/1', ROW), `add --external 'mnt[it'\\''s]:/mnt/shm/pods/1'`)
  t.equal(nextOf(undefined, ROW), `add --external 'mnt[it'\\''s]:/mnt/shm'`)
  const part = { ...ROW, root: b('/pods/2') }
  t.equal(nextOf('/pods/1/deep', part), `add --external 'mnt[it'\\''s]:/mnt/shm'`)
})

test('the rows of other tables that are wanted are those like what vanished', (t) => {
  const isLike = isLikeVanished(planOf(VANISHED))
  t.equal(isLike?.(ROW), true)
  for (const other of [{ major: 1 }, { minor: 53 }, { fstype: 'ramfs' }])
    t.equal(isLike?.({ ...ROW, ...other }), false)
  const fuse = hostMount('/mnt', { fstype: 'fuse' })
  t.equal(isLike?.(fuse), false)
  t.equal(isLike?.(hostMount('/')), false)
  t.equal(isLikeVanished(planOf()), undefined)
  t.equal(isLikeVanished(planOf({ ...VANISHED, kind: 'gone' })), undefined)
})

test('one that is younger than the dump is another: its number was given again', (t) => {
  const looked = (btime: Time | undefined, root = '/'): string | undefined => {
    const addon = new FakeAddon()
    addon.on('statx', () =>
      addon.answerStat({ major: 0, minor: 52, ...(btime === undefined ? {} : { btime }) }),
    )
    addon.on('openat2', () => undefined)
    const sys = new Sys(addon)
    const ours = host({
      mounts: [{ ...ROW, root: b(root) }],
      root: () => sys.openat(-100, b('/'), O_PATH),
    })
    const none = { tables: [], unseen: undefined }
    const found = lookForSurvivors(sys, planOf(VANISHED), ours, none, NO_CONSENT, WRITTEN)
    t.strictSame([...addon.open.keys()], [])
    return found.get(VANISHED)?.verdict
  }
  t.equal(looked(at(WRITTEN.sec + 1)), 'vanished')
  t.equal(looked(WRITTEN), 'kept')
  t.equal(looked(undefined), 'kept', 'where that is not known')
  t.equal(looked(at(WRITTEN.sec + 1), '/link_remap.6'), 'kept', 'a folder may be younger')
})

test('each link is looked for once, in however many namespaces its file system is mounted', (t) => {
  const addon = new FakeAddon()
  const sys = new Sys(addon)
  addon.on('statx', () => addon.answerStat({ major: 0, minor: 52 }))
  addon.on('openat2', (_fd, path) => (String(path).includes('link_remap') ? -2 : undefined))
  const openRoot = (): number => sys.openat(-100, b('/'), O_PATH | O_DIRECTORY)
  const elsewhere = { ...ROW, mountpoint: b('/dev/shm') }
  const tables = Array.from({ length: 40 }, (_, pid) => ({
    holder: () => ({ text: `namespace ${pid}`, pid }),
    hasRemote: false,
    mounts: [pid < 20 ? ROW : elsewhere],
    openRoot,
  }))
  const planned = Array.from({ length: 10 }, (_, id): PlannedRemap => ({
    ...VANISHED,
    remap: remap(id, '/dev/shm', { mntId: 12 }),
  }))
  const outcomes = lookForSurvivors(
    sys,
    planOf(...planned),
    host({ mounts: [], root: openRoot }),
    { tables, unseen: undefined },
    NO_CONSENT,
    WRITTEN,
  )
  t.equal(addon.open.size, 0)
  t.equal(
    addon.of('openat2').length,
    40 + 2 * 10,
    'once as what it was, and once as what it is elsewhere',
  )
  for (const one of planned)
    t.match(outcomes.get(one), { verdict: 'absent', message: /in namespace 20/ })
})
