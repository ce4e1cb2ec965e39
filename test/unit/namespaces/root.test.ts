import { openRoot } from '../../../src/namespaces/root.js'
import { Sys } from '../../../src/sys/sys.js'
import { refuses, test } from '../support/check.js'
import { b, hostMount } from '../support/model.js'
import { FakeKernel } from '../sys/fake-kernel.js'

const make = (): { kernel: FakeKernel; sys: Sys } => {
  const kernel = new FakeKernel()
  kernel.directory('/rootfs')
  kernel.file('/file')
  kernel.symlink('/link')
  return { kernel, sys: new Sys(kernel) }
}

test('a directory is taken as it is named', (t) => {
  const { kernel, sys } = make()
  t.equal(openRoot(sys, b('/rootfs'), []), '/rootfs')
  t.equal(
    kernel.of('openat')[0]?.args[2],
    0o10000000 | 0o400000,
    'opened to look at, not through a link',
  )
  t.equal(kernel.open.size, 0)
})

test('the host’s own root, by whatever name', (t) => {
  const { sys } = make()
  t.equal(openRoot(sys, b('/'), []), '/')
  t.equal(openRoot(sys, b('/./.'), []), '/')
})

test('what is not a directory is a mistake in the call', (t) => {
  const { kernel, sys } = make()
  refuses(
    t,
    () => openRoot(sys, b('/nowhere'), []),
    'usage',
    /\/nowhere cannot be opened \(ENOENT\)/,
  )
  refuses(t, () => openRoot(sys, b('/file'), []), 'usage', /\/file is not a directory/)
  const error = refuses(
    t,
    () => openRoot(sys, b('/link'), []),
    'usage',
    /\/link is a symbolic link/,
  )
  t.match(error?.next, /nothing was touched/)
  t.equal(kernel.open.size, 0)
  t.strictSame(kernel.order('unshare', 'move_mount', 'mount'), [])
})

test('the name of the root in a message is in one line', (t) => {
  const { sys } = make()
  refuses(
    t,
    () => openRoot(sys, b('/a\n\x1b'), []),
    'usage',
    /^--root \/a\\n\\x1b cannot be opened/,
  )
})

test('a root on a file system that does not answer is not opened', (t) => {
  const { kernel, sys } = make()
  kernel.on('answers', () => -110)
  const mounts = [hostMount('/', { fstype: 'fuse' })]
  refuses(t, () => openRoot(sys, b('/rootfs'), mounts), 'usage', /cannot be opened \(ETIMEDOUT\)/)
  t.notOk(kernel.of('openat').some(({ args }) => args[1] === '/rootfs'))
  t.equal(kernel.open.size, 0)
})
