import { constants } from 'node:fs'
import { makePlace, makeStandIn } from '../../../src/namespaces/stand-in.js'
import { Sys } from '../../../src/sys/sys.js'
import { SyscallError } from '../../../src/sys/syscall-error.js'
import { test } from '../support/check.js'
import { b } from '../support/model.js'
import { FakeAddon } from '../sys/fake-addon.js'
import { FakeKernel } from '../sys/fake-kernel.js'

test('an empty tmpfs, small, for root alone, inert', (t) => {
  const addon = new FakeAddon()
  const fd = makeStandIn(new Sys(addon))
  t.strictSame(addon.calls, [
    { name: 'fsopen', args: ['tmpfs'] },
    { name: 'fsconfig', args: [100, 1, 'size', '64k'] },
    { name: 'fsconfig', args: [100, 1, 'nr_inodes', '65536'] },
    { name: 'fsconfig', args: [100, 1, 'mode', '0700'] },
    { name: 'fsconfig', args: [100, 6, null, null] },
    { name: 'fsmount', args: [100, 0x02 | 0x04 | 0x08] },
    { name: 'close', args: [100] },
  ])
  t.strictSame([...addon.open.keys()], [fd], 'and nothing else stays open')
})

test('a step that the kernel refuses leaves nothing open', (t) => {
  for (const name of ['fsopen', 'fsconfig', 'fsmount'] as const) {
    const addon = new FakeAddon().on(name, () => -38)
    t.throws(() => makeStandIn(new Sys(addon)), SyscallError, name)
    t.equal(addon.open.size, 0)
  }
})

test('places: every directory on the way, then a directory or an empty file', (t) => {
  const kernel = new FakeKernel()
  const sys = new Sys(kernel)
  const root = makeStandIn(sys)
  const typeOf = (path: string): number => {
    const fd = sys.openat(root, b(path), 0)
    const { mode } = sys.fstat(fd)
    sys.close(fd)
    return mode
  }
  makePlace(sys, root, b('/a/b/c'), 'directory')
  t.strictSame(['a', 'a/b', 'a/b/c'].map(typeOf), [0o040700, 0o040700, 0o040700])
  makePlace(sys, root, b('/a/b/file'), 'file')
  t.equal(typeOf('a/b/file'), 0o100600)
  makePlace(sys, root, b('/a/b/c'), 'directory')
  t.pass('what is there already is good')
  makePlace(sys, root, b('/'), 'directory')
  t.strictSame([...kernel.open.keys()], [root], 'nothing stays open')
})

test('nothing is made through a link, and no file over another', (t) => {
  const { O_CREAT, O_EXCL, O_RDWR, O_NOFOLLOW, O_DIRECTORY } = constants
  const O_PATH = 0o10000000
  const kernel = new FakeKernel()
  const sys = new Sys(kernel)
  const root = makeStandIn(sys)
  makePlace(sys, root, b('/a/file'), 'file')
  t.strictSame(
    kernel.of('openat').map(({ args }) => args.slice(1)),
    [
      ['.', O_PATH | O_DIRECTORY, 0],
      ['a', O_PATH | O_DIRECTORY | O_NOFOLLOW, 0],
      ['file', O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600],
    ],
  )
})

test('a path longer than the kernel takes is made all the same', (t) => {
  const kernel = new FakeKernel()
  const sys = new Sys(kernel)
  const root = makeStandIn(sys)
  makePlace(sys, root, b(`/${'x'.repeat(99)}`.repeat(50)), 'directory')
  t.equal(kernel.of('mkdirat').length, 50)
  t.ok(kernel.calls.every(({ args }) => args.every((arg) => String(arg).length < 256)))
})

test('a place that cannot be made', (t) => {
  const kernel = new FakeKernel()
  const sys = new Sys(kernel)
  const root = makeStandIn(sys)
  kernel.on('mkdirat', () => -28)
  t.throws(() => makePlace(sys, root, b('/a/b'), 'directory'), { message: /^ENOSPC/ })
  t.strictSame([...kernel.open.keys()], [root])
})
