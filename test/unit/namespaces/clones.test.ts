import type { Mount } from '../../../src/checkpoint/model.js'
import {
  cloneProvider,
  ProviderProblem,
  type Clone,
  type CloneOptions,
} from '../../../src/namespaces/clones.js'
import type { HostMount } from '../../../src/host/mountinfo.js'
import type { Provider } from '../../../src/plan/planned.js'
import { Sys } from '../../../src/sys/sys.js'
import { SyscallError } from '../../../src/sys/syscall-error.js'
import { test, type Test } from '../support/check.js'
import { at, b, hostMount, LOCAL, mount, WRITTEN } from '../support/model.js'
import { FakeAddon } from '../sys/fake-addon.js'
import { FakeKernel } from '../sys/fake-kernel.js'

const [OPEN_TREE_CLONE, AT_EMPTY_PATH, PRIVATE, INERT] = [1, 0x1000, 0x40000, 0xe]
const O_NOFOLLOW = 0o400000
const BENEATH_STRICTLY = 0x08 | 0x04 | 0x02 | 0x01
const MOUNT_ROOT = 0x2000

const root = (sub = '/'): Provider & { kind: 'root' } => ({
  kind: 'root',
  path: b('/rootfs'),
  sub: b(sub),
})
const host = (row: HostMount, sub = '/'): Provider & { kind: 'host' } => ({
  kind: 'host',
  mount: row,
  path: row.mountpoint,
  sub: b(sub),
})

/** For a mount of the dump that is a disk, on a host where everything answers by itself. */
const clone = (
  sys: Sys,
  provider: Parameters<typeof cloneProvider>[1],
  rest: Partial<CloneOptions['host']> = {},
  on: Mount = mount(10, '/'),
): Clone => cloneProvider(sys, provider, on, { ...LOCAL, host: { ...LOCAL.host, ...rest } })

const make = (): { kernel: FakeKernel; sys: Sys } => {
  const kernel = new FakeKernel()
  kernel.directory('/rootfs/var/lib')
  kernel.symlink('/rootfs/link')
  kernel.symlink('/alias')
  return { kernel, sys: new Sys(kernel) }
}

const problemOf = (t: Test, act: () => unknown): ProviderProblem | undefined => {
  try {
    act()
  } catch (error) {
    if (error instanceof ProviderProblem) return error
    throw error
  }
  t.fail('no problem')
  return undefined
}

test('a private, inert, non-recursive clone of the directory itself', (t) => {
  const { kernel, sys } = make()
  const { fd } = clone(sys, root())
  t.strictSame([...kernel.open.keys()], [fd])
  t.strictSame(
    kernel.of('open_tree').map(({ args }) => args[2]),
    [OPEN_TREE_CLONE | AT_EMPTY_PATH],
    'AT_RECURSIVE is not among the flags',
  )
  t.strictSame(
    kernel.of('mount_setattr').map(({ args }) => args),
    [[fd, '', AT_EMPTY_PATH, INERT, 0, PRIVATE]],
    'and no attribute is taken away: read-only stays so',
  )
  t.ok(kernel.of('openat').every(({ args }) => ((args[2] as number) & O_NOFOLLOW) !== 0))
})

test('a directory below, where no link is followed and no mount crossed', (t) => {
  const { kernel, sys } = make()
  const { fd } = clone(sys, root('/var/lib'))
  t.strictSame(
    kernel.of('openat2').map(({ args }) => [args[1], args[3]]),
    [['var/lib', BENEATH_STRICTLY]],
  )
  t.strictSame([...kernel.open.keys()], [fd])
})

test('what the host has not', (t) => {
  const { kernel, sys } = make()
  const missing = problemOf(t, () => clone(sys, { ...root(), path: b('/no\nwhere') }))
  t.equal(missing?.message, '/no\\nwhere cannot be opened (ENOENT)')
  t.equal(missing?.loss, 'unreachable')
  const link = problemOf(t, () => clone(sys, { ...root(), path: b('/alias') }))
  t.equal(link?.message, '/alias is a symbolic link')
  t.equal(link?.loss, 'unreachable')
  t.equal(kernel.open.size, 0)
  t.strictSame(kernel.of('open_tree'), [], 'nothing was cloned')
})

test('a directory below that is gone, of a place that is otherwise there', (t) => {
  const { kernel, sys } = make()
  const gone = problemOf(t, () => clone(sys, root('/var/gone')))
  t.equal(gone?.loss, 'removed')
  t.match(gone?.message, /\/var\/gone below \/rootfs is gone/)
  kernel.directory('/empty')
  const empty = problemOf(t, () => clone(sys, { ...root('/var'), path: b('/empty') }))
  t.equal(empty?.loss, 'unreachable', 'an empty directory is a file system that is not mounted')
  t.match(empty?.message, /cannot be opened \(ENOENT\)/)
  const odd = problemOf(t, () => clone(sys, root('/link/x')))
  t.equal(odd?.loss, 'unreachable')
  t.match(odd?.message, /\(ELOOP\)/)
  t.equal(kernel.open.size, 0)
})

test('a directory that a mount of the host covers is found in a clone without it', (t) => {
  const addon = new FakeAddon()
  let asked = 0
  addon.on('openat2', () => (++asked === 1 ? -18 : undefined))
  addon.on('statx', () => addon.answerStat({ mode: 0o040755 }))
  const { fd } = clone(new Sys(addon), root('/var'))
  const [crossing, uncovered] = addon.of('openat2')
  t.equal(crossing?.args[0], 100)
  const [bare, result] = addon.of('open_tree')
  t.equal(bare?.args[0], 100, 'the clone of what was given')
  t.equal(uncovered?.args[0], 101, 'is where the directory is looked for')
  t.equal(uncovered?.args[3], BENEATH_STRICTLY)
  t.equal(result?.args[0], 102)
  t.strictSame([...addon.open.keys()], [fd])
})

const SHM = hostMount('/dev/shm', { fstype: 'tmpfs', major: 0, minor: 52 })
const FOUND = { mode: 0o041777, attributes: MOUNT_ROOT, major: 0, minor: 52 }

const cloneHost = (
  found: Parameters<FakeAddon['answerStat']>[0],
  rest: Partial<CloneOptions['host']> = {},
  row = SHM,
) => {
  const addon = new FakeAddon()
  addon.on('statx', () => addon.answerStat(found))
  return { addon, act: () => clone(new Sys(addon), host(row), rest) }
}

test('a mount of the host is the one that the plan chose', (t) => {
  t.doesNotThrow(cloneHost(FOUND).act)
  const others = [
    cloneHost({ ...FOUND, attributes: 0 }),
    cloneHost(FOUND, { isOn: (_fd, { mountpoint }) => mountpoint !== '/dev/shm' }),
  ]
  for (const { addon, act } of others) {
    const problem = problemOf(t, act)
    t.equal(problem?.message, 'another mount covers /dev/shm')
    t.equal(problem?.loss, 'unreachable')
    t.equal(addon.open.size, 0)
  }
})

test('a memory file system that is younger than the dump is another one', (t) => {
  t.equal(cloneHost({ ...FOUND, btime: WRITTEN }).act().reborn, false)
  t.equal(cloneHost({ ...FOUND, btime: at(WRITTEN.sec - 100) }).act().reborn, false)
  t.equal(cloneHost({ ...FOUND, btime: at(WRITTEN.sec, 501) }).act().reborn, true)
})

test('a disk that is younger than the dump is another one', (t) => {
  const disk = hostMount('/srv', { fstype: 'ext4', major: 254, minor: 3 })
  const { addon, act } = cloneHost({ ...FOUND, btime: at(WRITTEN.sec, 501) }, {}, disk)
  const problem = problemOf(t, act)
  t.equal(problem?.loss, 'unreachable')
  t.match(problem?.message, /\/srv was made after the dump/)
  t.equal(addon.open.size, 0)
})

test('what was given by the caller may be of any age and on any mount', (t) => {
  const addon = new FakeAddon()
  addon.on('statx', () => addon.answerStat({ mode: 0o040755, btime: at(WRITTEN.sec + 9) }))
  t.doesNotThrow(() => clone(new Sys(addon), root()))
})

test('a call that the kernel refuses leaves nothing open', (t) => {
  for (const name of ['open_tree', 'statx'] as const) {
    const addon = new FakeAddon().on(name, () => -22)
    t.throws(() => clone(new Sys(addon), root()), SyscallError, name)
    t.equal(addon.open.size, 0, name)
  }
  const addon = new FakeAddon().on('mount_setattr', () => -38)
  t.throws(() => clone(new Sys(addon), root()), SyscallError)
  t.strictSame(
    [...addon.open.values()].map(({ name }) => name).filter((name) => name === 'openat'),
    [],
  )
})

/** Somebody else answers look-ups. */
const REMOTE = { isRemote: () => true }
const ETIMEDOUT = -110

test('a remote file system is asked before anything is cloned, at the place that is wanted', (t) => {
  for (const [sub, path] of [
    ['/', '.'],
    ['/var/lib', 'var/lib'],
  ] as const) {
    const { kernel, sys } = make()
    const { fd, remote } = clone(sys, root(sub), REMOTE)
    t.equal(remote, true)
    t.strictSame(kernel.order('openat', 'answers', 'openat2', 'open_tree'), [
      'openat',
      'answers',
      ...(sub === '/' ? [] : ['openat2']),
      'open_tree',
    ])
    const [top] = kernel.of('close').map(({ args }) => args[0])
    const [asked] = kernel.of('answers')
    t.strictSame(asked?.args.slice(1), [path, BENEATH_STRICTLY, null, 5000])
    t.ok(sub !== '/' || asked?.args[0] === top, 'from the directory that was given')
    t.strictSame([...kernel.open.keys()], [fd])
  }
})

test('the test of a mount gets the descriptor of the directory that was given', (t) => {
  const { kernel, sys } = make()
  const tested: unknown[] = []
  const isRemote = (fd: number): boolean => {
    tested.push(kernel.open.get(fd)?.args[1])
    return false
  }
  t.equal(clone(sys, root('/var'), { isRemote }).remote, false)
  t.strictSame(tested, ['/rootfs'])
  t.strictSame(kernel.of('answers'), [], 'and a local one is not asked')
})

test('a remote file system that does not answer is out of reach', (t) => {
  for (const sub of ['/', '/var/lib']) {
    const { kernel, sys } = make()
    kernel.on('answers', () => ETIMEDOUT)
    const problem = problemOf(t, () => clone(sys, root(sub), REMOTE))
    t.equal(problem?.message, 'the file system on /rootfs does not answer (ETIMEDOUT)')
    t.equal(problem?.loss, 'unreachable')
    t.match(problem?.next, /see to its server/)
    t.equal(kernel.open.size, 0)
    t.strictSame(kernel.order('openat2', 'open_tree', 'getdents64'), [], 'and left alone')
  }
})

test('before it answered, only what the kernel remembers of it is looked at', (t) => {
  const { kernel, sys } = make()
  clone(sys, root(), REMOTE)
  const first = kernel.calls.findIndex(({ name }) => name === 'answers')
  const before = kernel.calls.slice(0, first).filter(({ name }) => name === 'statx')
  t.strictSame(
    before.map(({ args }) => args[2]),
    [0x4000 | AT_EMPTY_PATH],
  )
})

test('the way to a provider is asked before it is opened', (t) => {
  const { kernel, sys } = make()
  const asked: string[] = []
  const ask = (path: string): number => asked.push(path) && -110
  const problem = problemOf(t, () => clone(sys, root('/var'), { ask }))
  t.match(problem, { loss: 'unreachable', message: /does not answer \(ETIMEDOUT\)/ })
  t.strictSame(asked, ['/rootfs'])
  t.strictSame(kernel.calls, [])
})

const FOUND_AT = { device: '254:3', path: b('/pods/1'), upper: undefined }

test('a clone knows where it is on this host, as seen by the directory that was given', (t) => {
  const { kernel, sys } = make()
  const asked: unknown[] = []
  const find = (fd: number) => {
    asked.push(kernel.open.get(fd)?.args[1])
    return FOUND_AT
  }
  t.strictSame(clone(sys, root(), { find }).given, { ...FOUND_AT, isUpper: false })
  t.strictSame(
    clone(sys, root('/var/lib'), { find }).given,
    { ...FOUND_AT, path: '/pods/1/var/lib', isUpper: false },
    'and the path below it',
  )
  t.strictSame(asked, ['/rootfs', '/rootfs'])
  t.equal(clone(sys, root()).given, undefined, 'unless that cannot be found out')
})

test('the upper directory of the dump’s overlay is told from others', (t) => {
  const { kernel, sys } = make()
  const overlay = mount(10, '/', { fstype: 'overlay', major: 0, upper: b('/up') })
  const asked: unknown[] = []
  const given = (isIt: boolean, upper?: string, on = overlay) => {
    const isAt = (fd: number, path: string): boolean => {
      asked.push([kernel.open.get(fd)?.args[1], path])
      return isIt
    }
    const find = () => ({ ...FOUND_AT, upper: upper === undefined ? undefined : b(upper) })
    return clone(sys, root(), { find, isAt }, on).given
  }
  t.hasStrict(given(true), { isUpper: true, upper: undefined }, 'the directory itself')
  t.hasStrict(given(false), { isUpper: false })
  t.strictSame(asked, [
    ['/rootfs', '/up'],
    ['/rootfs', '/up'],
  ])
  t.hasStrict(given(true, '/other'), { isUpper: true, upper: '/other' }, 'on another overlay')
  asked.length = 0
  t.hasStrict(given(true, '/up'), { isUpper: false, upper: '/up' }, 'an overlay with it is mounted')
  for (const upper of [undefined, '/up'])
    t.hasStrict(given(true, upper, mount(10, '/')), { isUpper: false }, 'none was recorded')
  for (const upper of ['up', '/up\0', '/up/../x', '/up//x'])
    t.hasStrict(
      given(true, undefined, { ...overlay, upper: b(upper) }),
      { isUpper: false },
      'no path of a host',
    )
  t.strictSame(asked, [], 'where nobody has to look')
})

test('a directory below that is gone says where it was', (t) => {
  const { sys } = make()
  const gone = problemOf(t, () => clone(sys, root('/var/gone'), { find: () => FOUND_AT }))
  t.strictSame(gone?.given, { ...FOUND_AT, path: '/pods/1/var/gone', isUpper: false })
  const never = problemOf(t, () => clone(sys, { ...root(), path: b('/nowhere') }))
  t.equal(never?.given, undefined)
})
