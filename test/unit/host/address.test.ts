import fs from 'node:fs'
import { fromBuffer } from '../../../src/bytes.js'
import { addressBelow, addressOfFd, rowOf } from '../../../src/host/address.js'
import { parseMountinfo, type HostMount } from '../../../src/host/mountinfo.js'
import { Sys } from '../../../src/sys/sys.js'
import { test, type Test } from '../support/check.js'
import { b } from '../support/model.js'
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
  t.strictSame(addressOfFd(named('/proc/1'), mounts, fd), { device, path: '/1' })
  const deeper = { ...row, mntId: 1_000_000, minor: row.minor + 1, mountpoint: b('/proc/1') }
  t.strictSame(
    addressOfFd(named('/proc/1'), [...mounts, deeper], fd),
    { device, path: '/1' },
    'a mount that is covered, or was, has a deeper place and is another',
  )
})

test('what cannot be found out has no address', (t) => {
  const { fd, mounts } = open(t)
  t.equal(addressOfFd(named('/elsewhere'), mounts, fd), undefined, 'not below its mount')
  t.equal(addressOfFd(named('/proc/1'), [], fd), undefined, 'no row')
  t.equal(addressOfFd(named('/proc/1'), mounts, 1_000_000), undefined, 'no descriptor')
  const addon = new FakeAddon().on('readlinkat', () => -2)
  t.equal(addressOfFd(new Sys(addon), mounts, fd), undefined, 'no name')
})

test('below a place that is known, or not', (t) => {
  const place = { device: '8:1', path: b('/vol') }
  t.strictSame(addressBelow(place, b('/sub')), { device: '8:1', path: '/vol/sub' })
  t.equal(addressBelow(undefined, b('/sub')), undefined)
})
