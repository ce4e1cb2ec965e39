import type { LinkRemap, Mount } from '../../../src/checkpoint/model.js'
import { collect, type CollectOptions } from '../../../src/collect/collect.js'
import type { Outcome } from '../../../src/collect/outcome.js'
import { construct } from '../../../src/namespaces/construct.js'
import { planCollection } from '../../../src/plan/plan.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import {
  at,
  b,
  checkpoint,
  externals,
  hostMount,
  mapped,
  mount,
  namespace,
  NO_EXTERNALS,
  options,
  remap,
  LOCAL,
  WRITTEN,
  type OptionsSpec,
} from '../support/model.js'
import type { Argument } from '../sys/fake-addon.js'
import { FakeKernel } from '../sys/fake-kernel.js'

const ROOT = mount(10, '/')
const TMP = mount(13, '/tmp', { fstype: 'tmpfs', major: 0, minor: 41 })
const DATA = mount(14, '/data', { minor: 32, external: mapped('data') })
const BEFORE = at(WRITTEN.sec - 10)
const AFTER = at(WRITTEN.sec + 10)
const O_PATH_DIRECTORY = 0o10200000

/** A host with a rootfs and a volume; files are added by a test. */
const makeHost = (): FakeKernel => {
  const kernel = new FakeKernel()
  for (const path of ['/rootfs/var', '/rootfs/tmp', '/rootfs/data', '/volume/sub'])
    kernel.directory(path, { ctime: BEFORE })
  return kernel
}

/** A clean-up of a dump in namespaces, of which nothing is known but its images. */
const USUAL: CollectOptions = {
  remove: true,
  force: false,
  keepLastLink: false,
  writtenAt: WRITTEN,
  hostRoot: -1,
  isMountpoint: () => false,
  isRemoteAt: () => false,
  addressOf: () => undefined,
  isProven: () => false,
  onProgress: () => undefined,
}

interface Setting extends Partial<CollectOptions> {
  readonly options?: OptionsSpec
  readonly tree?: 'host'
  /** Paths of the host that are on a mount which somebody else serves. */
  readonly remote?: readonly string[]
  /** Of the namespace, in the place of the usual three. */
  readonly mounts?: readonly Mount[]
}

const run = (
  kernel: FakeKernel,
  remaps: readonly LinkRemap[],
  { options: spec = {}, tree, remote = [], mounts = [ROOT, TMP, DATA], ...rest }: Setting = {},
): Outcome[] => {
  const sys = new Sys(kernel)
  const given = { root: '/rootfs', externals: externals({ data: '/volume' }), ...spec }
  const plan = planCollection(
    checkpoint({
      remaps,
      ...(tree === 'host' ? { tree } : { namespaces: [namespace(9, mounts)] }),
    }),
    options(tree === 'host' ? {} : given),
  )
  const isRemote = (fd: number): boolean => remote.includes(String(kernel.open.get(fd)?.args[1]))
  const constructed = construct(sys, plan, { ...LOCAL, isRemote })
  const hostRoot = sys.openat(-100, b('/'), O_PATH_DIRECTORY)
  return collect(sys, plan, constructed, { ...USUAL, hostRoot, ...rest })
}

const verdicts = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map(({ verdict, reason, errno }) =>
    [verdict, reason, errno].filter((part) => part !== undefined).join(' '),
  )

const inVar = (id: number, rest = {}): LinkRemap =>
  remap(id, '/var', { mntId: 10, size: 5, ...rest })
const inData = (id: number, dir = '/data/sub'): LinkRemap => remap(id, dir, { mntId: 14, size: 5 })
const good = { nlink: 2, size: 5, ctime: BEFORE }

test('each link under its mount, and nothing else', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.file('/volume/sub/link_remap.8', good)
  for (const other of [
    '/rootfs/var/link_remap.7',
    '/rootfs/var/other',
    '/rootfs/data/link_remap.8',
  ])
    kernel.file(other, good)
  t.strictSame(verdicts(run(kernel, [inVar(6), inData(8)])), ['removed', 'removed'])
  t.strictSame(kernel.files(), [
    '/rootfs/var/link_remap.7',
    '/rootfs/var/other',
    '/rootfs/data/link_remap.8',
  ])
})

test('what was found is in the outcome', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(run(kernel, [inVar(6)]), [
    { verdict: 'removed', size: 5, mode: 0o100644, nlink: 2, ctime: BEFORE.sec },
  ])
})

test('show changes nothing', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  const outcomes = run(kernel, [inVar(6)], { remove: false })
  t.strictSame(verdicts(outcomes), ['would-remove'])
  t.strictSame(kernel.of('unlinkat'), [])
})

test('show foretells a directory that cannot be written', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.on('faccessat2', () => -30)
  t.strictSame(verdicts(run(kernel, [inVar(6)], { remove: false })), ['failed EROFS'])
})

test('a host tree is relative to /', (t) => {
  const kernel = makeHost()
  kernel.file('/volume/sub/link_remap.6', good)
  const outcomes = run(
    kernel,
    [remap(6, '/volume/sub', { size: 5 }), remap(8, '/volume/sub'), remap(10, '/gone/sub')],
    { tree: 'host' },
  )
  t.strictSame(verdicts(outcomes), ['removed', 'absent', 'absent parent-gone'])
  t.strictSame(kernel.of('unshare'), [], 'and needs no namespace')
})

test('already gone, where the directory was reached', (t) => {
  const kernel = makeHost()
  t.strictSame(verdicts(run(kernel, [inVar(6)])), ['absent'])
})

test('a directory that is gone took its links with it', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(verdicts(run(kernel, [inVar(6), remap(8, '/opt/x', { mntId: 10 })])), [
    'removed',
    'absent parent-gone',
  ])
})

test('none of the directories: the wrong root, not "already gone"', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/rootfs')
  const outcomes = run(kernel, [inVar(6), remap(8, '/', { mntId: 10 })])
  t.strictSame(verdicts(outcomes), ['kept unreachable', 'kept unreachable'])
  t.match(outcomes[0]?.next, /is --root right/)
})

test('an empty directory in the place of a volume is no volume', (t) => {
  const bare = (): FakeKernel => {
    const kernel = new FakeKernel()
    for (const path of ['/rootfs/data', '/volume']) kernel.directory(path)
    return kernel
  }
  const atRoot = inData(8, '/data')
  const [empty] = run(bare(), [atRoot])
  t.hasStrict(empty, { verdict: 'kept', reason: 'unreachable' })
  t.match(empty?.message, /in what was given for its mount/)
  t.strictSame(
    verdicts(run(bare(), [atRoot], { isProven: () => true })),
    ['absent'],
    'unless it is proven to be the one',
  )
  const filled = bare()
  filled.file('/volume/other', good)
  t.strictSame(verdicts(run(filled, [atRoot])), ['absent'], 'a file in it is proof')
})

test('one that is kept in the root of a mount is proof that there is something', (t) => {
  const kernel = makeHost()
  kernel.file('/volume/link_remap.8', { ...good, mode: 0o120777 })
  t.strictSame(verdicts(run(kernel, [inData(8, '/data'), inData(10, '/data')])), [
    'kept type',
    'absent',
  ])
})

test('a symbolic link in the way is nobody’s path', (t) => {
  const kernel = makeHost()
  kernel.symlink('/rootfs/opt')
  kernel.file('/rootfs/var/link_remap.6', good)
  const outcomes = run(kernel, [remap(8, '/opt/x', { mntId: 10 }), inVar(6)])
  t.strictSame(verdicts(outcomes), ['kept unsafe-path ELOOP', 'removed'])
})

test('paths are resolved in the root, without symbolic links', (t) => {
  const kernel = makeHost()
  run(kernel, [inVar(6)])
  const last = kernel.of('openat2').at(-1)
  t.strictSame([last?.args[1], last?.args[3]], ['var', 0x10 | 0x04 | 0x02])
})

test('a file in the place of a directory is a failure', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/opt', good)
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(verdicts(run(kernel, [remap(8, '/opt/x', { mntId: 10 }), inVar(6)])), [
    'failed ENOTDIR',
    'removed',
  ])
})

test('a directory on another mount than the images say', (t) => {
  const kernel = makeHost()
  kernel.directory('/volume/sub', { ctime: BEFORE })
  kernel.file('/volume/sub/link_remap.6', good)
  const all = { options: { mounts: 'all' as const } }
  // /data/sub is on the volume; a plan that says otherwise is wrong, or the host changed.
  const plan = planCollection(
    checkpoint({
      remaps: [remap(6, '/data/sub', { mntId: 14, size: 5 })],
      namespaces: [namespace(9, [ROOT, TMP, DATA])],
    }),
    options({ root: '/rootfs', externals: externals({ data: '/volume' }), ...all.options }),
  )
  const sys = new Sys(kernel)
  const constructed = construct(sys, plan, LOCAL)
  const wrong = plan.remaps.map((planned) => ({ ...planned, mount: ROOT }))
  const outcomes = collect(sys, { ...plan, remaps: wrong }, constructed, {
    ...USUAL,
    force: true,
    isProven: () => true,
  })
  t.strictSame(verdicts(outcomes), ['kept wrong-mount'])
  t.equal(kernel.files().includes('/volume/sub/link_remap.6'), true)
})

test('what was settled by the plan', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  const outcomes = run(kernel, [
    inVar(6),
    { ...inVar(6), duplicate: true },
    remap(8, '/tmp', { mntId: 13 }),
    inVar(10, { invalid: 'why' }),
    remap(12, '/var', { mntId: 999 }),
  ])
  t.strictSame(verdicts(outcomes), [
    'removed',
    'absent duplicate',
    'vanished',
    'kept invalid',
    'kept unreachable',
  ])
})

test('a provider that the host has not', (t) => {
  const kernel = makeHost()
  const outcomes = run(kernel, [inVar(6), inData(8)], { options: { root: '/nowhere' } })
  t.strictSame(verdicts(outcomes), ['kept unreachable', 'absent'])
  t.match(outcomes[0]?.message, /\/nowhere cannot be opened/)
})

test('one that fails does not stop the others', (t) => {
  const kernel = makeHost()
  for (const id of [6, 8, 10]) kernel.file(`/rootfs/var/link_remap.${id}`, good)
  kernel.before('statx', (fd, path) => {
    const opened = kernel.open.get(fd as number)?.args[1]
    return path === '' && opened === 'link_remap.8' ? -5 : undefined
  })
  t.strictSame(verdicts(run(kernel, [inVar(6), inVar(8), inVar(10)])), [
    'removed',
    'failed EIO',
    'removed',
  ])
})

test('two links of one file: the first removal does not make the second look newer', (t) => {
  const kernel = makeHost()
  const inode = kernel.file('/rootfs/var/link_remap.6', { ...good, nlink: 3 })
  kernel.directory('/rootfs/opt', { ctime: AFTER })
  // One inode under two names, the second in a directory that changed since.
  kernel.anotherName(inode, '/rootfs/opt/link_remap.8')
  const outcomes = run(kernel, [inVar(6), remap(8, '/opt', { mntId: 10, size: 5 })])
  t.strictSame(verdicts(outcomes), ['removed', 'removed'])
  t.strictSame(
    outcomes.map(({ nlink }) => nlink),
    [3, 2],
  )
})

test('the directory is judged by its time before anything of ours was removed from it', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.file('/rootfs/var/link_remap.8', { ...good, size: 999 })
  t.strictSame(
    verdicts(run(kernel, [inVar(6), inVar(8)], { isProven: () => true })),
    ['removed', 'removed'],
    'in an unchanged directory the size plays no part, also for the second',
  )
})

test('a directory that changed: newer and different links stay, --force takes them', (t) => {
  const files = (): FakeKernel => {
    const kernel = makeHost()
    kernel.directory('/rootfs/var', { ctime: AFTER })
    kernel.file('/rootfs/var/link_remap.6', { ...good, ctime: AFTER })
    kernel.file('/rootfs/var/link_remap.8', { ...good, size: 6 })
    kernel.file('/rootfs/var/link_remap.10', { ...good, nlink: 1 })
    return kernel
  }
  const remaps = [inVar(6), inVar(8), inVar(10)]
  t.strictSame(verdicts(run(files(), remaps)), ['kept newer', 'kept mismatch', 'removed'])
  t.strictSame(verdicts(run(files(), remaps, { force: true })), ['removed', 'removed', 'removed'])
  t.strictSame(verdicts(run(files(), remaps, { keepLastLink: true }))[2], 'kept last-link')
})

test('a name on which something is mounted elsewhere', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  const asked: string[] = []
  const outcomes = run(kernel, [inVar(6)], {
    force: true,
    addressOf: (on, directory) => ({ device: `${on?.nsId}`, path: directory }),
    isMountpoint: (name, directory) => {
      asked.push(`${name} ${directory()?.device} ${directory()?.path}`)
      return true
    },
  })
  t.strictSame(verdicts(outcomes), ['kept mountpoint'])
  t.strictSame(asked, ['link_remap.6 9 /var'])
})

test('running twice is harmless', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(verdicts(run(kernel, [inVar(6)])), ['removed'])
  const again = makeHost()
  t.strictSame(verdicts(run(again, [inVar(6)])), ['absent'])
})

test('every descriptor of a link and a directory is closed', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.file('/rootfs/var/link_remap.8', { ...good, mode: 0o120777 })
  kernel.symlink('/rootfs/opt')
  const remaps = [inVar(6), inVar(8), inVar(10), remap(12, '/opt/x', { mntId: 10 }), inData(14)]
  const sys = new Sys(kernel)
  const plan = planCollection(
    checkpoint({ remaps, namespaces: [namespace(9, [ROOT, TMP, DATA])] }),
    options({ root: '/rootfs', externals: externals({ data: '/volume' }) }),
  )
  const constructed = construct(sys, plan, LOCAL)
  const before = [...kernel.open.keys()]
  collect(sys, plan, constructed, USUAL)
  t.strictSame([...kernel.open.keys()], before)
})

test('progress is told every so often', (t) => {
  const kernel = makeHost()
  const told: number[] = []
  run(
    kernel,
    Array.from({ length: 600 }, (_, index) => inVar(2 * index)),
    { onProgress: (done) => told.push(done) },
  )
  t.strictSame(told, [256, 512])
})

/** A memory file system over the volume. */
const OVER = mount(15, '/data', { parentId: 14, fstype: 'tmpfs', major: 0, minor: 50 })

test('a covered mount is looked at by itself', (t) => {
  const kernel = makeHost()
  kernel.file('/volume/sub/link_remap.8', good)
  kernel.file('/volume/link_remap.10', good)
  const outcomes = run(kernel, [inData(8), inData(10, '/data'), inData(12)], {
    mounts: [ROOT, TMP, DATA, OVER],
    options: { mounts: 'all' },
  })
  t.strictSame(verdicts(outcomes), ['removed', 'removed', 'absent'])
  const lookups = kernel.of('openat2').filter(({ args }) => args[1] === 'sub' || args[1] === '.')
  t.ok(lookups.length >= 2)
  for (const { args } of lookups)
    t.equal(args[3], 0x10 | 0x04 | 0x02 | 0x01, 'and no other is crossed')
})

test('a mount whose place is gone is looked at by itself', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/rootfs/var')
  kernel.directory('/volume/sub')
  kernel.file('/volume/sub/link_remap.8', good)
  t.strictSame(verdicts(run(kernel, [inData(8)])), ['removed'])
})

test('ENOENT for a directory or a name that is there is a failure', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.file('/volume/sub/link_remap.8', good)
  let lies = 0
  kernel.before('openat2', (_fd, path) => (path === 'var' && lies++ === 0 ? -2 : undefined))
  kernel.before('openat', (_fd, path) => (path === 'link_remap.8' ? -2 : undefined))
  t.strictSame(verdicts(run(kernel, [inVar(6), inData(8)])), ['failed ENOENT', 'failed ENOENT'])
  t.equal(kernel.files().length, 2)
})

test('a link is opened itself, whatever it is, and only to look at', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  run(kernel, [inVar(6)])
  const [opened] = kernel.of('openat').filter(({ args }) => args[1] === 'link_remap.6')
  t.equal(opened?.args[2], 0o10000000 | 0o400000)
})

test('a mount that is proven, but none of whose directories is there', (t) => {
  const kernel = new FakeKernel()
  for (const path of ['/rootfs/data', '/volume']) kernel.directory(path)
  t.strictSame(verdicts(run(kernel, [inData(8)], { isProven: () => true })), ['kept unreachable'])
})

test('a file system that was recognised may be empty', (t) => {
  const kernel = new FakeKernel()
  for (const path of ['/rootfs/dev', '/host/shm']) kernel.directory(path)
  // The kernel of these tests has one device; the mount's attributes are those of a mount's root.
  kernel.directory('/host/shm', { attributes: 0x2000, major: 0, minor: 52 })
  const shm = mount(16, '/dev', { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') })
  const row = { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') }
  const outcomes = run(kernel, [remap(6, '/dev', { mntId: 16 })], {
    mounts: [ROOT, shm],
    options: { host: [hostMount('/host/shm', row)], externals: { ...NO_EXTERNALS, auto: true } },
  })
  t.strictSame(verdicts(outcomes), ['absent'])
})

const [ETIMEDOUT, EAGAIN] = [-110, -11]

/** A rootfs and a volume with two links each. */
const makeFour = (): FakeKernel => {
  const kernel = makeHost()
  for (const id of [6, 8]) kernel.file(`/rootfs/var/link_remap.${id}`, good)
  for (const id of [16, 18]) kernel.file(`/volume/sub/link_remap.${id}`, good)
  return kernel
}
const FOUR = [inVar(6), inVar(8), inData(16), inData(18)]

/** A question as "directory" or "directory name". */
const words = (path: Argument | undefined, name: Argument | undefined): string =>
  name === null ? `${path}` : `${path} ${name}`

/** What was asked for the links. */
const asked = (kernel: FakeKernel): string[] => {
  // The last clone was made, and the last mount moved, before the first link is looked for.
  const start = kernel.calls.findLastIndex(({ name }) => name === 'setns' || name === 'open_tree')
  return kernel.calls
    .slice(start + 1)
    .filter(({ name }) => name === 'answers')
    .map(({ args }) => words(args[1], args[3]))
}

/** What was unlinked without an answer for it before. */
const unasked = (kernel: FakeKernel): unknown[] => {
  const names = new Set<unknown>()
  const found: unknown[] = []
  for (const { name, args } of kernel.calls)
    if (name === 'answers') names.add(args[3])
    else if (name === 'unlinkat' && !names.has(args[1])) found.push(args[1])
  return found
}

test('in a remote namespace each directory and each link is asked first', (t) => {
  const kernel = makeFour()
  const outcomes = run(kernel, FOUR, { remote: ['/volume'] })
  t.strictSame(verdicts(outcomes), Array(4).fill('removed'))
  t.strictSame(asked(kernel), [
    'var',
    'var link_remap.6',
    'var link_remap.8',
    'data/sub',
    'data/sub link_remap.16',
    'data/sub link_remap.18',
  ])
  t.strictSame(unasked(kernel), [])
  const at = (name: string, place: number, path: string): number =>
    kernel.calls.findIndex((call) => call.name === name && call.args[place] === path)
  for (const dir of ['var', 'data/sub'])
    t.ok(at('answers', 1, dir) < at('openat2', 1, dir), `${dir} is asked before it is opened`)
  for (const id of [6, 8, 16, 18]) {
    const name = `link_remap.${id}`
    t.ok(at('answers', 3, name) < at('openat', 1, name), `${name} likewise`)
  }
})

test('in the same words in which it is looked up afterwards', (t) => {
  const kernel = makeFour()
  run(kernel, [inData(16)], { remote: ['/volume'] })
  const lookup = kernel.of('openat2').at(-1)
  for (const { args } of kernel.of('answers').slice(-2))
    t.strictSame([args[0], args[1], args[2], args[4]], [lookup?.args[0], 'data/sub', 0x16, 5000])
  const detached = new FakeKernel()
  detached.directory('/rootfs/var')
  detached.directory('/volume/sub')
  run(detached, [inData(16)], { remote: ['/volume'] })
  const own = detached.of('openat2').at(-1)
  const [last] = detached.of('answers').slice(-1)
  t.strictSame([last?.args[0], last?.args[1], last?.args[2]], [own?.args[0], 'sub', 0x17])
})

test('a namespace without a remote mount is not asked', (t) => {
  const kernel = makeFour()
  run(kernel, FOUR)
  t.strictSame(kernel.of('answers'), [])
})

const SILENT = {
  verdict: 'failed',
  errno: 'ETIMEDOUT',
  syscall: 'openat2',
  message: 'its file system does not answer',
  next: 'see to its server, then run the same command again',
}

test('a mount that did not answer once is not asked again; others are done', (t) => {
  const remaps = [...FOUR, inData(20, '/data/other')]
  for (const [silence, waited] of [
    ['data/sub', ['data/sub']],
    ['data/sub link_remap.16', ['data/sub', 'data/sub link_remap.16']],
  ] as const) {
    const kernel = makeFour()
    kernel.on('answers', (_fd, path, _resolve, name) =>
      words(path, name) === silence ? ETIMEDOUT : 0,
    )
    const outcomes = run(kernel, remaps, { remote: ['/volume'] })
    t.strictSame(outcomes.slice(2), Array(3).fill(SILENT), silence)
    t.strictSame(verdicts(outcomes.slice(0, 2)), ['removed', 'removed'])
    t.strictSame(
      asked(kernel).filter((one) => one.startsWith('data')),
      waited,
    )
    t.strictSame(unasked(kernel), [])
    t.ok(kernel.files().includes('/volume/sub/link_remap.18'))
  }
})

test('a mount that comes first and is silent takes no other with it', (t) => {
  const kernel = makeFour()
  kernel.on('answers', (_fd, path) => (path === 'var' ? ETIMEDOUT : 0))
  const outcomes = run(kernel, FOUR, { remote: ['/volume'] })
  t.strictSame(outcomes.slice(0, 2), [SILENT, SILENT])
  t.strictSame(verdicts(outcomes.slice(2)), ['removed', 'removed'])
})

test('links that were done before the silence are', (t) => {
  const kernel = makeFour()
  kernel.on('answers', (_fd, _path, _resolve, name) => (name === 'link_remap.18' ? ETIMEDOUT : 0))
  const outcomes = run(kernel, FOUR, { remote: ['/volume'] })
  t.strictSame(verdicts(outcomes), ['removed', 'removed', 'removed', 'failed ETIMEDOUT'])
  t.strictSame(kernel.files(), ['/volume/sub/link_remap.18'])
})

test('a child that cannot be made is no silence', (t) => {
  const kernel = makeFour()
  kernel.on('answers', (_fd, _path, _resolve, name) => (name === 'link_remap.16' ? EAGAIN : 0))
  const outcomes = run(kernel, FOUR, { remote: ['/volume'] })
  t.strictSame(verdicts(outcomes), ['removed', 'removed', 'failed EAGAIN', 'removed'])
  t.match(outcomes[2], { syscall: 'clone', message: /^clone: / })
  const none = makeFour()
  let links = 0
  none.on('answers', (_fd, path) => (path === 'data/sub' && links++ === 0 ? EAGAIN : 0))
  t.strictSame(verdicts(run(none, FOUR, { remote: ['/volume'] })).slice(2), [
    'failed EAGAIN',
    'failed EAGAIN',
  ])
  t.strictSame(unasked(none), [])
})

test('a silent file system leaves no descriptor', (t) => {
  for (const silence of ['data/sub', 'data/sub link_remap.16', 'data/sub link_remap.18']) {
    const kernel = makeFour()
    kernel.on('answers', (_fd, path, _resolve, name) =>
      words(path, name) === silence ? ETIMEDOUT : 0,
    )
    run(kernel, FOUR, { remote: ['/volume'] })
    const left = [...kernel.open.values()].map(({ args }) => String(args[1]))
    t.strictSame(
      left.filter((name) => /^(var|data\/sub|link_remap.*)$/.test(name)),
      [],
      silence,
    )
  }
})

test('a host tree asks where a path leads over a remote mount', (t) => {
  const remaps = FOUR.map(({ remapId }) =>
    remap(remapId, remapId > 10 ? '/volume/sub' : '/rootfs/var', { size: 5 }),
  )
  const kernel = makeFour()
  const tested: string[] = []
  const isRemoteAt = (path: string): boolean => {
    tested.push(path)
    return path === '/volume/sub'
  }
  t.strictSame(
    verdicts(run(kernel, remaps, { tree: 'host', isRemoteAt })),
    Array(4).fill('removed'),
  )
  t.strictSame([...new Set(tested)], ['/rootfs/var', '/volume/sub'])
  const questions = ['volume/sub', 'volume/sub link_remap.16', 'volume/sub link_remap.18']
  t.strictSame(asked(kernel), questions)
  t.ok(
    kernel.of('answers').every(({ args }) => kernel.open.get(args[0] as number)?.args[1] === '/'),
    'from the root of the host',
  )
  const silent = makeFour()
  silent.on('answers', () => ETIMEDOUT)
  t.strictSame(verdicts(run(silent, remaps, { tree: 'host', isRemoteAt })), [
    'removed',
    'removed',
    'failed ETIMEDOUT',
    'failed ETIMEDOUT',
  ])
  t.equal(silent.of('answers').length, 1)
})
