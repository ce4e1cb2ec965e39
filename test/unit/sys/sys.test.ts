import type { Bytes } from '../../../src/bytes.js'
import { AT_FDCWD, CLONE_NEWNS } from '../../../src/sys/constants.js'
import { Sys } from '../../../src/sys/sys.js'
import { SyscallError } from '../../../src/sys/syscall-error.js'
import { test } from '../support/check.js'
import { b } from '../support/model.js'
import { FakeAddon, type Name } from './fake-addon.js'

const FD = 100

const make = (): { addon: FakeAddon; sys: Sys } => {
  const addon = new FakeAddon()
  addon.given()
  return { addon, sys: new Sys(addon) }
}

test('a call that has to succeed throws what the kernel said', (t) => {
  const calls: readonly (readonly [Name, string, (sys: Sys) => unknown, string | undefined])[] = [
    ['unshare', 'unshare', (sys) => sys.unshare(CLONE_NEWNS), undefined],
    ['setns', 'setns', (sys) => sys.setns(FD, CLONE_NEWNS), undefined],
    ['mount', 'mount', (sys) => sys.setPropagation(b('/'), 1), '/'],
    ['openat', 'openat', (sys) => sys.openat(AT_FDCWD, b('/x'), 0), '/x'],
    ['openat2', 'openat2', (sys) => sys.openat2(FD, b('x'), 0, 0), 'x'],
    ['open_tree', 'open_tree', (sys) => sys.openTree(FD, 0), undefined],
    ['move_mount', 'move_mount', (sys) => sys.moveMount(FD, FD, 0), undefined],
    ['mount_setattr', 'mount_setattr', (sys) => sys.mountSetattr(FD, 0, 0), undefined],
    ['fsopen', 'fsopen', (sys) => sys.fsopen(b('tmpfs')), undefined],
    ['fsconfig', 'fsconfig', (sys) => sys.fsconfig(FD, 1, b('size'), b('64k')), 'size'],
    ['fsmount', 'fsmount', (sys) => sys.fsmount(FD, 0), undefined],
    ['statx', 'statx', (sys) => sys.fstat(FD), undefined],
    ['statx', 'statx', (sys) => sys.fstatCached(FD), undefined],
    ['chdir', 'chdir', (sys) => sys.chdir(b('/')), '/'],
    ['fchdir', 'fchdir', (sys) => sys.fchdir(FD), undefined],
    ['chroot', 'chroot', (sys) => sys.chroot(b('.')), '.'],
    ['prctl', 'prctl', (sys) => sys.prctl(1, 2), undefined],
    ['capset', 'capset', (sys) => sys.capset(1, 2), undefined],
    ['setgroups', 'setgroups', (sys) => sys.dropGroups(), undefined],
    ['setresuid', 'setresuid', (sys) => sys.setresuid(1), undefined],
    ['thread_setresuid', 'setresuid', (sys) => sys.threadSetresuid(1), undefined],
    ['seccomp', 'seccomp', (sys) => sys.seccomp(1, Buffer.alloc(8)), undefined],
  ]
  for (const [name, syscall, act, path] of calls) {
    const { addon, sys } = make()
    t.doesNotThrow(() => act(sys), `${name} succeeds`)
    addon.on(name, () => -1)
    try {
      act(sys)
      t.fail(`${name} did not throw`)
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error
      t.strictSame([error.syscall, error.code, error.path], [syscall, 'EPERM', path])
    }
  }
})

test('a call that may fail answers -errno', (t) => {
  const { addon, sys } = make()
  const calls: readonly (readonly [Name, (sys: Sys) => number])[] = [
    ['openat', () => sys.tryOpenat(FD, b('x'), 0)],
    ['openat2', () => sys.tryOpenat2(FD, b('x'), 0, 0)],
    ['statx', () => sys.tryStat(FD, b('x'), 0)],
    ['statx', () => sys.tryNlink(FD)],
    ['unlinkat', () => sys.tryUnlinkat(FD, b('x'))],
    ['mkdirat', () => sys.tryMkdirat(FD, b('x'), 0)],
    ['faccessat2', () => sys.tryWritable(FD)],
    ['getdents64', () => sys.tryGetdents64(FD, Buffer.alloc(8))],
    ['setns', () => sys.trySetns(FD, 1)],
    ['listmount', () => sys.tryListmount(7, Buffer.alloc(8))],
    ['statmount', () => sys.tryStatmount(7, 8, 1, Buffer.alloc(8))],
    ['statmounts', () => sys.tryStatmounts(7, Buffer.alloc(8), 1, Buffer.alloc(8))],
    ['ioctl_nsfs', () => sys.tryIoctlNsfs(FD, 10, Buffer.alloc(16))],
    ['flock', () => sys.tryFlock(FD, 1)],
    ['prctl', () => sys.tryPrctl(1, 2)],
    ['answers', () => sys.answers(FD, b('x'), 0)],
  ]
  for (const [name, act] of calls) {
    addon.on(name, () => -13)
    t.equal(act(sys), -13, name)
  }
  addon.on('readlinkat', () => -13)
  t.equal(sys.readlinkat(AT_FDCWD, b('/x')), undefined)
})

test('an unlink is never that of a directory', (t) => {
  const { addon, sys } = make()
  sys.tryUnlinkat(FD, b('x'))
  t.strictSame(addon.calls, [{ name: 'unlinkat', args: [FD, 'x', 0] }])
})

test('mounts move by descriptor, and no path takes part', (t) => {
  const { addon, sys } = make()
  sys.moveMount(FD, FD, 0x44)
  sys.openTree(FD, 1)
  sys.mountSetattr(FD, 0xe, 0x40000)
  t.strictSame(addon.calls, [
    { name: 'move_mount', args: [FD, '', FD, '', 0x44] },
    { name: 'open_tree', args: [FD, '', 0x1001] },
    { name: 'mount_setattr', args: [FD, '', 0x1000, 0xe, 0, 0x40000] },
  ])
})

test('mounts of a namespace: from the first one, from another, each', (t) => {
  const { addon, sys } = make()
  sys.tryListmount(7, Buffer.alloc(24))
  sys.tryListmount(7, Buffer.alloc(24), 5, 4)
  sys.tryStatmount(7, 8, 3, Buffer.alloc(99))
  sys.tryIoctlNsfs(FD, 10, Buffer.alloc(16))
  t.strictSame(addon.calls, [
    { name: 'listmount', args: [-1, 0, 7, 24] },
    { name: 'listmount', args: [4, 5, 7, 24] },
    { name: 'statmount', args: [8, 7, 3, 99] },
    { name: 'ioctl_nsfs', args: [FD, 10, 16] },
  ])
})

test('whether a directory answers, with a name in it or without, within five seconds', (t) => {
  const { addon, sys } = make()
  t.equal(sys.answers(FD, b('a/b'), 0x10), 0)
  sys.answers(FD, b('a/b'), 0x10, b('name'))
  t.strictSame(addon.calls, [
    { name: 'answers', args: [FD, 'a/b', 0x10, null, 5000] },
    { name: 'answers', args: [FD, 'a/b', 0x10, 'name', 5000] },
  ])
})

test('what a descriptor holds, asked and unasked', (t) => {
  const { addon, sys } = make()
  addon.on('statx', () => addon.answerStat({ mode: 0o040755, mntId: 7 }))
  t.match(sys.fstat(FD), { mode: 0o040755, mntId: 7 })
  t.match(sys.fstatCached(FD), { mode: 0o040755, mntId: 7 })
  t.strictSame(
    addon.calls.map(({ args }) => args),
    [
      [FD, '', 0x1000],
      [FD, '', 0x4000 | 0x1000],
    ],
  )
})

test('prctl goes in as it is, and a value that it answers is no error', (t) => {
  const { addon, sys } = make()
  addon.on('prctl', () => 3)
  t.equal(sys.tryPrctl(39, 7), 3)
  t.doesNotThrow(() => sys.prctl(39, 7))
  t.strictSame(addon.calls, Array(2).fill({ name: 'prctl', args: [39, 7] }))
})

test('names go in as the bytes that they are', (t) => {
  const { addon, sys } = make()
  sys.tryOpenat(FD, b('é'), 0)
  sys.tryOpenat(FD, '\xff' as Bytes, 0)
  t.strictSame(
    addon.calls.map(({ args }) => args[1]),
    ['\xc3\xa9', '\xff'],
  )
})

test('a link’s target', (t) => {
  const { addon, sys } = make()
  addon.link = Buffer.from('/a\xff', 'latin1')
  t.equal(sys.readlinkat(AT_FDCWD, b('/x')), '/a\xff')
})

test('a borrowed descriptor is closed, whatever happens', (t) => {
  const { addon, sys } = make()
  t.equal(
    sys.withPath(AT_FDCWD, b('/x'), 0, (fd) => fd),
    101,
  )
  t.throws(() =>
    sys.withPath(AT_FDCWD, b('/x'), 0, () => {
      throw new Error('x')
    }),
  )
  t.strictSame([...addon.open.keys()], [FD])
})

test('a terminal', (t) => {
  const { addon, sys } = make()
  t.equal(sys.isatty(1), false)
  addon.on('isatty', () => 1)
  t.equal(sys.isatty(1), true)
  addon.on('isatty', () => -25)
  t.equal(sys.isatty(1), false)
})

test('whoever does not answer is waited for less and less, and in the end not at all', (t) => {
  const { addon, sys } = make()
  addon.on('answers', () => -110)
  for (let i = 0; i < 100; i++) t.equal(sys.answers(FD, b('x'), 0), -110)
  const waits = addon.of('answers').map(({ args }) => Number(args[4]))
  t.strictSame(waits.slice(0, 3), [5000, 2500, 1250])
  t.ok(waits.reduce((sum, wait) => sum + wait, 0) < 10_000)
  t.ok(waits.length < 20)
})

test('an answer, or an error of ours, costs no patience', (t) => {
  const { addon, sys } = make()
  for (const answer of [0, -11, 0]) {
    addon.on('answers', () => answer)
    t.equal(sys.answers(FD, b('x'), 0), answer)
  }
  t.strictSame(
    addon.of('answers').map(({ args }) => args[4]),
    [5000, 5000, 5000],
  )
})
