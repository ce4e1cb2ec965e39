import fs from 'node:fs'
import { fromBuffer } from '../../../src/bytes.js'
import { addressBelow, addressOfFd, hostAddress, rowOf } from '../../../src/host/address.js'
import { parseMountinfo, type HostMount } from '../../../src/host/mountinfo.js'
import { Sys } from '../../../src/sys/sys.js'
import { test, type Test } from '../support/check.js'
import { b, hostMount } from '../support/model.js'
import { FakeAddon } from '../sys/fake-addon.js'

/** A descriptor of this process on /proc/self, and the rows of its mounts. */
const open = (t: Test): { fd: number; mounts: HostMount[]; row: HostMount } => {
  const fd = fs.openSync('/proc/self', 'r')
  t.teardown(() => fs.closeSync(fd))
  const mounts = parseMountinfo(fromBuffer(fs.readFileSync('/proc/self/mountinfo')))
  return { fd, mounts, row: rowOf(mounts, fd)! }
}

const named = (path: string): Sys => {
  const addon = new FakeAddon()
  addon.link = Buffer.from(path)
  return new Sys(addon)
}

test('the mount is the one that the descriptor is on', (t) => {
  const { fd, mounts, row } = open(t)
  t.equal(row.mountpoint, '/proc')
  const device = `${row.major}:${row.minor}`
  t.strictSame(addressOfFd(named('/proc/1'), row, fd), { device, path: '/1' })
  const deeper = { ...row, mntId: 1_000_000, minor: row.minor + 1, mountpoint: b('/proc/1') }
  t.equal(
    rowOf([...mounts, deeper], fd),
    row,
    'a mount that is covered, or was, has a deeper place and is another',
  )
})

test('what cannot be found out has no address', (t) => {
  const { fd, mounts, row } = open(t)
  t.equal(addressOfFd(named('/elsewhere'), row, fd), undefined, 'not below its mount')
  t.equal(addressOfFd(named('/proc/1'), undefined, fd), undefined, 'no row')
  const addon = new FakeAddon().on('readlinkat', () => -2)
  t.equal(addressOfFd(new Sys(addon), row, fd), undefined, 'no name')
  t.equal(rowOf([], fd), undefined, 'no rows')
  t.equal(rowOf(mounts, 1_000_000), undefined, 'no descriptor')
  const odd = [hostMount('/', { mntId: NaN })]
  t.equal(rowOf(odd, 1_000_000), undefined, 'and no row stands for one that is not known')
})

test('below a place that is known, or not', (t) => {
  const place = { device: '8:1', path: b('/vol') }
  t.strictSame(addressBelow(place, b('/sub')), { device: '8:1', path: '/vol/sub' })
  t.equal(addressBelow(undefined, b('/sub')), undefined)
})

test('a path of this host is on the deepest mount on its way, and of those at one place on the last', (t) => {
  const mounts = [
    hostMount('/', { minor: 1 }),
    hostMount('/srv', { minor: 2, root: b('/vol') }),
    hostMount('/srv', { minor: 3, root: b('/over') }),
    hostMount('/srv/deep', { minor: 4 }),
  ]
  const found = (path: string, minor: number) => hostAddress(mounts, b(path), { major: 254, minor })
  t.strictSame(found('/srv/x', 3), { device: '254:3', path: '/over/x' })
  t.strictSame(found('/srv/deep', 4), { device: '254:4', path: '/' })
  t.strictSame(found('/srvx', 1), { device: '254:1', path: '/srvx' })
  t.equal(found('/srv/x', 2), undefined, 'what was found there is on another device')
  t.equal(hostAddress([], b('/'), { major: 254, minor: 1 }), undefined)
})
