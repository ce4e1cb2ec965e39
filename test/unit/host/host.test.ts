import fs from 'node:fs'
import { hostOf } from '../../../src/host/host.js'
import { hostView, type HostView } from '../../../src/host/view.js'
import { Sys } from '../../../src/sys/sys.js'
import { test, type Test } from '../support/check.js'
import { at, b, hostMount, stat } from '../support/model.js'
import { FakeAddon } from '../sys/fake-addon.js'

const DISK = hostMount('/', { mntId: 1, upper: undefined })
const FUSE = hostMount('/srv', { mntId: 2, parentId: 1, fstype: 'fuse', major: 0, minor: 50 })
const VIEW: HostView = { mounts: [DISK, FUSE], bootedAt: at(5) }

const hostWith = (view: HostView = VIEW, addon = new FakeAddon()) => hostOf(new Sys(addon), view)

/** A descriptor of this process on a directory, and a host that knows the mount that it is on. */
const open = (t: Test, path: string, addon = new FakeAddon()) => {
  const fd = fs.openSync(path, 'r')
  t.teardown(() => fs.closeSync(fd))
  addon.open.set(fd, { name: 'openat', args: [] })
  addon.link = Buffer.from(path)
  const view = hostView()
  const id = Number(
    /^mnt_id:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1],
  )
  const row = view.mounts.find(({ mntId }) => mntId === id)!
  return { fd, row, view, addon, host: hostOf(new Sys(addon), view) }
}

test('what was seen of this machine', (t) => {
  const host = hostWith()
  t.equal(host.mounts, VIEW.mounts)
  t.strictSame(host.bootedAt, at(5))
})

test('a path over a mount that somebody else serves', (t) => {
  const addon = new FakeAddon().on('answers', () => -110)
  const host = hostWith(VIEW, addon)
  t.equal(host.isRemoteAt(b('/srv/x')), true)
  t.equal(host.isRemoteAt(b('/var')), false)
  t.equal(host.ask(b('/var')), -110, 'a path may lead there by links')
  t.equal(hostWith({ ...VIEW, mounts: [DISK] }, addon).ask(b('/var')), 0)
  t.equal(addon.of('answers').length, 1)
  t.strictSame([...addon.open.keys()], [])
})

test('a descriptor is on the mount that the kernel says', (t) => {
  const { fd, row, host } = open(t, '/proc')
  t.equal(row.mountpoint, '/proc')
  t.equal(host.isOn(fd, row), true)
  t.equal(host.isOn(fd, { ...row, mntId: row.mntId + 1_000_000 }), false)
  t.equal(host.isRemote(fd), false)
  const { view, addon } = open(t, '/proc')
  const served = view.mounts.map((one) =>
    one.mntId === row.mntId ? { ...one, fstype: 'fuse' } : one,
  )
  t.equal(hostWith({ ...view, mounts: served }, addon).isRemote(fd), true)
  t.equal(hostWith({ ...view, mounts: [] }, addon).isRemote(fd), true, 'which may be anybody’s')
})

test('where a directory is, and of which overlay', (t) => {
  const { fd, row, view, addon, host } = open(t, '/proc')
  const device = `${row.major}:${row.minor}`
  t.strictSame(host.find(fd), { device, path: '/', upper: undefined })
  const upper = b('/upper')
  const overlaid = view.mounts.map((one) => (one.mntId === row.mntId ? { ...one, upper } : one))
  t.strictSame(hostWith({ ...view, mounts: overlaid }, addon).find(fd), {
    device,
    path: '/',
    upper,
  })
  t.equal(hostWith({ ...view, mounts: [] }, addon).find(fd), undefined)
  addon.on('readlinkat', () => -2)
  t.equal(host.find(fd), undefined)
})

test('where a directory is by its path', (t) => {
  const host = hostWith()
  t.strictSame(host.findAt(b('/var/x'), stat()), { device: '254:0', path: '/var/x' })
  t.equal(host.findAt(b('/var/x'), stat({ minor: 9 })), undefined, 'something else is there')
  t.strictSame(host.findAt(b('/srv/x'), stat({ major: 0, minor: 50 })), {
    device: '0:50',
    path: '/x',
  })
})

test('a path is on the uppermost mount, if its device says so', (t) => {
  const find = (...mounts: (typeof DISK)[]) =>
    hostWith({ ...VIEW, mounts }).findAt(b('/srv/vol'), stat())
  const exported = hostMount('/srv', { root: b('/exports') })
  t.strictSame(find(DISK, exported), { device: '254:0', path: '/exports/vol' })
  t.equal(find(DISK, { ...exported, minor: 9 }), undefined, 'covered')
  t.strictSame(find(DISK, { ...exported, minor: 9 }, exported)?.path, '/exports/vol')
  t.equal(find(DISK, exported, { ...exported, minor: 9 }), undefined)
  t.strictSame(find(DISK, hostMount('/sr', { root: b('/x') }))?.path, '/srv/vol')
  t.equal(find(), undefined)
})

test('whether a descriptor holds what a path leads to', (t) => {
  const { fd, addon, host } = open(t, '/proc')
  addon.on('statx', () => addon.answerStat({ inoLow: 5 }))
  t.equal(host.isAt(fd, b('/proc')), true)
  t.strictSame(addon.of('statx'), [], 'by its name')
  t.equal(host.isAt(fd, b('/other')), true, 'or by what it is')
  addon.on('statx', (of) => addon.answerStat({ inoLow: of === fd ? 5 : 6 }))
  t.equal(host.isAt(fd, b('/other')), false)
  addon.on('statx', (of) => (of === fd ? addon.answerStat({}) : -2))
  t.equal(host.isAt(fd, b('/other')), false, 'nothing is there')
})

test('nobody waits for a path that does not answer', (t) => {
  const { fd, addon, view } = open(t, '/proc')
  addon.on('answers', () => -110)
  const host = hostWith({ ...view, mounts: [...view.mounts, FUSE] }, addon)
  t.equal(host.isAt(fd, b('/srv/x')), false)
  t.strictSame(addon.of('statx'), [])
})

test('a disk that is mounted somewhere', (t) => {
  const host = hostWith()
  t.equal(host.isMounted('254:0'), true)
  t.equal(host.isMounted('0:50'), true)
  for (const other of ['254:1', '25:40', '', '254:00']) t.equal(host.isMounted(other), false)
})

test('our own root is held without being read', (t) => {
  const addon = new FakeAddon()
  hostWith(VIEW, addon).root()
  t.strictSame(addon.of('openat')[0]?.args.slice(0, 3), [-100, '/', 0o10200000])
})
