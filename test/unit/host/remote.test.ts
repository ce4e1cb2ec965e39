import type { HostMount } from '../../../src/host/mountinfo.js'
import { answersAt, isRemote, isRemoteAt } from '../../../src/host/remote.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import { b, hostMount } from '../support/model.js'
import { FakeKernel } from '../sys/fake-kernel.js'

test('whatever the kernel does not serve by itself is remote', (t) => {
  const remote = ['fuse', 'fuse.sshfs', 'fuseblk', 'nfs', 'nfs4', 'cifs', '9p', 'virtiofs']
  for (const fstype of [...remote, 'ceph', 'autofs', 'never heard of', ''])
    t.equal(isRemote(hostMount('/x', { fstype })), true, fstype)
  for (const fstype of ['ext4', 'xfs', 'btrfs', 'overlay', 'tmpfs', 'proc', 'sysfs', 'cgroup2'])
    t.equal(isRemote(hostMount('/x', { fstype })), false, fstype)
})

const fuseOn = (mountpoint: string): HostMount => hostMount(mountpoint, { fstype: 'fuse' })

test('a path over a remote mount, on it and below', (t) => {
  const mounts = [hostMount('/'), fuseOn('/srv/a'), hostMount('/srv/a/disk')]
  for (const path of ['/srv/a', '/srv/a/x', '/srv/a/disk/y'])
    t.equal(isRemoteAt(mounts, b(path)), true, path)
  for (const path of ['/', '/srv', '/srv/ab', '/srv/b', '/srv/ab/x', '/x/srv/a'])
    t.equal(isRemoteAt(mounts, b(path)), false, path)
  t.equal(isRemoteAt([], b('/x')), false)
})

test('below a remote root everything is', (t) => {
  for (const path of ['/', '/x', '/x/y']) t.equal(isRemoteAt([fuseOn('/')], b(path)), true, path)
})

test('a path is asked from the root of the host, where somebody else answers anything', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/srv/a')
  const sys = new Sys(kernel)
  t.equal(answersAt(sys, [hostMount('/'), hostMount('/srv')], b('/srv/a')), 0)
  t.strictSame(kernel.calls, [], 'nobody is asked where all is local')
  const mounts = [hostMount('/'), fuseOn('/elsewhere')]
  t.equal(answersAt(sys, mounts, b('/srv/a')), 0, 'a link may lead there')
  kernel.on('answers', () => -110)
  t.equal(answersAt(sys, mounts, b('/srv/a')), -110)
  const question = ['srv/a', 0, null, 5000]
  t.strictSame(
    kernel.of('answers').map(({ args }) => args.slice(1)),
    [question, question],
  )
  t.equal(kernel.open.size, 0)
})
