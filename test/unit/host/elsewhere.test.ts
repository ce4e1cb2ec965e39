import { keepLiving, wantedOf } from '../../../src/host/elsewhere.js'
import type { HostMount } from '../../../src/host/mountinfo.js'
import type { PlannedRemap } from '../../../src/plan/model.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import { b, hostMount, mount, remap } from '../support/model.js'
import { FakeAddon } from '../sys/fake-addon.js'

const SHM = mount(12, '/dev/shm', { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') })
const ROW = hostMount('/mnt/shm', { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') })
const LINK = remap(6, '/dev/shm', { mntId: 12 })
const VANISHED: PlannedRemap = { kind: 'vanished', remap: LINK, mount: SHM }

interface Setting {
  /** Why not all namespaces are seen. */
  readonly unseen?: string
  readonly planned?: PlannedRemap
  /** Those with a pid are of another namespace. */
  readonly tables?: readonly {
    readonly pid?: number
    readonly mounts: readonly HostMount[]
    readonly hasRemote?: boolean
  }[]
  /** Paths that openat2 finds. */
  readonly there?: readonly string[]
  readonly device?: readonly [number, number]
  readonly rootMissing?: boolean
  /** What opening the root of another namespace answers. */
  readonly rootOf?: number
  /** What openat2 of a path answers. */
  readonly refused?: Readonly<Record<string, number>>
  /** What a question is answered with. */
  readonly answer?: number
}

const run = (setting: Setting): { planned: PlannedRemap; addon: FakeAddon } => {
  const addon = new FakeAddon()
  const [major, minor] = setting.device ?? [0, 52]
  addon.on('statx', () => addon.answerStat({ major, minor }))
  const there = setting.there ?? ['mnt/shm', 'link_remap.6']
  addon.on('openat2', (_fd, path) =>
    there.includes(String(path)) ? setting.refused?.[String(path)] : -2,
  )
  addon.on('answers', () => setting.answer)
  if (setting.rootMissing === true) addon.on('openat', () => -2)
  const plan = keepLiving(
    new Sys(addon),
    { tree: 'namespaced', namespaces: [], remaps: [setting.planned ?? VANISHED] },
    (setting.tables ?? [{ mounts: [ROW] }]).map(({ pid, mounts, hasRemote = false }) =>
      pid === undefined
        ? { mounts }
        : {
            holder: () => ({ text: `the mount namespace of process ${pid}`, pid }),
            mounts,
            hasRemote,
            openRoot: () => setting.rootOf ?? addon.openat(-100, b(`root of ${pid}`), 0, 0),
          },
    ),
    setting.unseen,
  )
  if (addon.open.size !== 0) throw new Error('a descriptor is left open')
  return { planned: plan.remaps[0]!, addon }
}

test('a link that is still there is kept, with where', (t) => {
  const { planned } = run({})
  t.match(planned, {
    kind: 'kept',
    reason: 'unreachable',
    message: /its tmpfs is still mounted here on \/mnt\/shm$/,
    next: /add --external 'mnt\[\]'/,
  })
})

test('in the namespace of another process', (t) => {
  const { planned, addon } = run({ tables: [{ mounts: [] }, { pid: 77, mounts: [ROW] }] })
  t.match(planned, {
    kind: 'kept',
    message: /on \/mnt\/shm in the mount namespace of process 77/,
    next: /stop what keeps that/,
  })
  t.strictSame(
    addon.of('openat').map(({ args }) => args[1]),
    ['root of 77'],
  )
  t.strictSame(
    addon.of('openat2').map(({ args }) => args[3]),
    [0x10 | 0x04 | 0x02, 0x10 | 0x04 | 0x02 | 0x01],
    'the link on the very mount',
  )
})

test('what is not there did vanish', (t) => {
  t.equal(run({ tables: [] }).planned, VANISHED)
  t.equal(run({ there: ['mnt/shm'] }).planned, VANISHED, 'the file system, but not the link')
})

test('what cannot be seen: the source decides', (t) => {
  const other = [{ mounts: [{ ...ROW, source: b('tmpfs') }] }]
  for (const unseen of [{ there: [] }, { rootMissing: true }, { device: [0, 53] }] as const) {
    t.equal(run(unseen).planned.kind, 'kept')
    t.equal(run({ ...unseen, tables: other }).planned, VANISHED)
  }
  const covered = (answer: number) => run({ refused: { 'link_remap.6': answer } }).planned.kind
  t.equal(covered(-18), 'kept', 'EXDEV: a mount on the way to the link')
  t.equal(covered(-24), 'kept', 'EMFILE')
  t.equal(covered(-2), 'vanished')
})

test('a number or a type that differs is another file system', (t) => {
  for (const other of [{ major: 1 }, { minor: 53 }, { fstype: 'ramfs' }])
    t.equal(run({ tables: [{ mounts: [{ ...ROW, ...other }] }] }).planned, VANISHED)
})

test('the link is looked for where it lies in the file system', (t) => {
  const part: PlannedRemap = {
    kind: 'vanished',
    remap: remap(6, '/dev/shm/sub', { mntId: 12 }),
    mount: { ...SHM, root: b('/pods/1') },
  }
  const there = ['mnt/shm', 'pods/1/sub/link_remap.6']
  t.equal(run({ planned: part, there }).planned.kind, 'kept')
  const rows = [{ mounts: [{ ...ROW, root: b('/pods') }] }]
  t.equal(run({ planned: part, there, tables: rows }).planned.kind, 'vanished')
  const inPods = ['mnt/shm', '1/sub/link_remap.6']
  t.equal(run({ planned: part, there: inPods, tables: rows }).planned.kind, 'kept')
})

test('a part that does not show the link: the source decides', (t) => {
  const rows = (source: string) => [
    { mounts: [{ ...ROW, root: b('/elsewhere'), source: b(source) }] },
  ]
  t.equal(run({ tables: rows('shm') }).planned.kind, 'kept')
  t.equal(run({ tables: rows('tmpfs') }).planned.kind, 'vanished')
})

test('what did not vanish is left as it is', (t) => {
  const others: readonly PlannedRemap[] = [
    { kind: 'duplicate', remap: LINK, mount: SHM },
    {
      kind: 'reach',
      remap: LINK,
      mount: SHM,
      via: 'namespace',
      dir: b('/dev/shm'),
      base: b('link_remap.6'),
    },
  ]
  for (const planned of others) t.equal(run({ planned }).planned, planned)
})

test('a mount whose place in its file system is not known: the source decides', (t) => {
  const planned: PlannedRemap = { ...VANISHED, mount: { ...SHM, root: undefined } }
  const rows = (source: string) => [{ mounts: [{ ...ROW, source: b(source) }] }]
  t.equal(run({ planned, tables: rows('shm') }).planned.kind, 'kept')
  t.equal(run({ planned, tables: rows('tmpfs') }).planned.kind, 'vanished')
})

const ETIMEDOUT = -110
/** A namespace whose /mnt somebody else serves, with the memory file system on it. */
const onFuse = (row: Partial<HostMount> = {}) => [
  { pid: 77, hasRemote: true, mounts: [{ ...ROW, ...row }] },
]

test('a way over a remote mount is asked first', (t) => {
  const { planned, addon } = run({ tables: onFuse() })
  t.equal(planned.kind, 'kept')
  t.strictSame(addon.order('openat', 'answers', 'openat2'), [
    'openat',
    'answers',
    'openat2',
    'openat2',
  ])
  t.strictSame(
    addon.of('answers').map(({ args }) => args),
    [[100, 'mnt/shm/link_remap.6', 0x10 | 0x04 | 0x02, null, 5000]],
    'from the root of that process',
  )
  t.equal(run({ tables: onFuse(), there: ['mnt/shm'] }).planned, VANISHED, 'an answer is believed')
})

test('a way that is silent: the source decides, and nothing is opened', (t) => {
  for (const answer of [ETIMEDOUT, -11]) {
    const { planned, addon } = run({ tables: onFuse(), answer })
    t.match(planned, { kind: 'kept', message: /in the mount namespace of process 77/ })
    t.strictSame(addon.of('openat2'), [])
    const other = run({ tables: onFuse({ source: b('tmpfs') }), answer })
    t.equal(other.planned, VANISHED)
    t.strictSame(other.addon.of('openat2'), [])
  }
})

test('a remote mount on the way from the memory file system to the link', (t) => {
  const planned: PlannedRemap = { ...VANISHED, remap: remap(6, '/dev/shm/sub', { mntId: 12 }) }
  const tables = [{ mounts: [ROW, hostMount('/mnt/shm/sub', { fstype: 'fuse' })] }]
  const { planned: kept, addon } = run({ planned, tables, answer: ETIMEDOUT })
  t.equal(kept.kind, 'kept')
  t.strictSame(addon.order('answers', 'openat2'), ['answers'])
  t.equal(addon.of('answers')[0]?.args[1], 'mnt/shm/sub/link_remap.6')
})

test('what covers the place is recognised by what the kernel remembers of it', (t) => {
  const { addon } = run({ tables: onFuse() })
  t.strictSame(
    addon.of('statx').map(({ args }) => args[2]),
    [0x4000 | 0x1000],
  )
})

test('a remote mount elsewhere, or of another namespace, is nobody to ask', (t) => {
  const beside = [hostMount('/'), hostMount('/mnt/sh', { fstype: 'fuse' }), ROW]
  const tables = [{ pid: 76, hasRemote: true, mounts: [hostMount('/mnt', { fstype: 'fuse' })] }]
  const { planned, addon } = run({
    tables: [...tables, { pid: 77, mounts: [ROW] }],
    answer: ETIMEDOUT,
  })
  t.equal(planned.kind, 'kept')
  t.strictSame(addon.of('answers'), [])
  const own = run({ tables: [{ mounts: beside }], answer: ETIMEDOUT })
  t.strictSame(own.addon.of('answers'), [])
})

test('where not all namespaces are seen, nothing is called gone', (t) => {
  const setting = { tables: [{ mounts: [] }], unseen: 'process 7 may not be looked at' }
  t.match(run(setting).planned, {
    kind: 'kept',
    reason: 'unreachable',
    message: /^whether its tmpfs lives on is not known: process 7 may not be looked at$/,
  })
  t.equal(run({ tables: [{ mounts: [] }] }).planned.kind, 'vanished')
})

test('one that the caller has to give is named with its place', (t) => {
  const external = { kind: 'mapped', key: b("it's") } as const
  const nextOf = (root: string, row: HostMount): string | undefined => {
    const shm = { ...SHM, external, root: b(root) }
    const there = ['mnt/shm', 'link_remap.6', 'pods/1/link_remap.6']
    const { planned } = run({
      planned: { kind: 'vanished', remap: LINK, mount: shm },
      tables: [{ mounts: [row] }],
      there,
    })
    return planned.kind === 'kept' ? planned.next : planned.kind
  }
  t.equal(nextOf('/', ROW), `add --external 'mnt[it'\\''s]:/mnt/shm'`)
  t.equal(nextOf('/pods/1', ROW), `add --external 'mnt[it'\\''s]:/mnt/shm/pods/1'`)
})

test('a namespace that cannot be entered, a mount without a place, an unknown source', (t) => {
  const living = (row: Partial<HostMount>, rootOf?: number): string =>
    run({ tables: [{ pid: 77, mounts: [{ ...ROW, ...row }] }], ...(rootOf && { rootOf }) }).planned
      .kind
  t.equal(living({}, -1), 'kept', 'the source agrees')
  t.equal(living({ source: b('other') }, -1), 'vanished')
  t.equal(living({ source: b('') }, -1), 'kept', 'which the kernel does not always tell')
  t.equal(living({ mountpoint: b('') }), 'kept')
  t.equal(living({ mountpoint: b(''), source: b('other') }), 'vanished')
})

test('wanted are what may be that file system, and what may cover a link', (t) => {
  const remaps: readonly PlannedRemap[] = [VANISHED]
  const wanted = wantedOf({ tree: 'namespaced', namespaces: [], remaps })
  t.ok(wanted(ROW))
  t.notOk(wanted({ ...ROW, minor: 53 }))
  t.notOk(wanted({ ...ROW, major: 1 }))
  t.ok(wanted(hostMount('/a/link_remap.7')))
  t.notOk(wanted(hostMount('/link_remap.7/a')))
  t.notOk(wantedOf({ tree: 'namespaced', namespaces: [], remaps: [] })(ROW))
})
