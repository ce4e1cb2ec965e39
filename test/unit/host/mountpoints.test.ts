import type { Mount } from '../../../src/checkpoint/model.js'
import {
  hostAddress,
  mountpointTest,
  placementOf,
  type Placement,
} from '../../../src/host/evidence.js'
import type { HostMount } from '../../../src/host/mountinfo.js'
import { test } from '../support/check.js'
import { b, hostMount, mount } from '../support/model.js'

const NAME = b('link_remap.6')
const at =
  (device: string, path = '/var') =>
  () => ({ device, path: b(path) })
const DISK = at('254:0')

/** A mount on a link in a directory of the disk 254:0. */
const on = (name: string, device: Partial<HostMount> = {}) => ({
  mounts: [
    hostMount('/', { mntId: 1, parentId: 0, ...device }),
    hostMount(`/var/${name}`, { mntId: 2, parentId: 1, major: 0, minor: 99 }),
  ],
})

test('nothing is mounted on a link', (t) => {
  const is = mountpointTest([{ mounts: [hostMount('/'), hostMount('/var')] }])
  t.equal(is(NAME, DISK), false)
})

test('something is, here or in another namespace', (t) => {
  for (const tables of [[on('link_remap.6')], [{ mounts: [hostMount('/')] }, on('link_remap.6')]])
    t.equal(mountpointTest(tables)(NAME, DISK), true)
})

test('another name, or the same on another device', (t) => {
  t.equal(mountpointTest([on('link_remap.7')])(NAME, DISK), false)
  t.equal(mountpointTest([on('link_remap.66')])(NAME, DISK), false)
  t.equal(mountpointTest([on('link_remap.6', { minor: 1 })])(NAME, DISK), false)
  t.equal(mountpointTest([on('link_remap.6', { major: 8 })])(NAME, DISK), false)
  t.equal(
    mountpointTest([on('link_remap.6', { minor: 1 }), on('link_remap.6')])(NAME, DISK),
    true,
    'one of several is enough',
  )
})

test('a place is one of a file system, wherever that is mounted', (t) => {
  const bind = (root: string) => ({
    mounts: [
      hostMount('/', { mntId: 1, parentId: 0 }),
      hostMount('/srv', { mntId: 2, parentId: 1, root: b(root) }),
      hostMount('/srv/link_remap.6', { mntId: 3, parentId: 2, major: 0, minor: 99 }),
    ],
  })
  t.equal(mountpointTest([bind('/var')])(NAME, DISK), true)
  t.equal(mountpointTest([bind('/other')])(NAME, DISK), false)
  t.equal(mountpointTest([on('link_remap.6')])(NAME, at('254:0', '/')), false)
})

test('a directory whose address is not known: by its name', (t) => {
  t.equal(
    mountpointTest([on('link_remap.6')])(NAME, () => undefined),
    true,
  )
})

test('a mount whose parent cannot be seen: by its name', (t) => {
  const orphan = { mounts: [hostMount('/link_remap.6', { mntId: 2, parentId: 77 })] }
  t.equal(mountpointTest([orphan])(NAME, at('1:1')), true)
})

const placed = (device: string, path: string, rest: Partial<Mount> = {}): Placement =>
  placementOf(mount(14, '/data', { root: b('/vol'), ...rest }), { device, path: b(path) })

test('the same disk and the same place in it', (t) => {
  t.equal(placed('254:0', '/vol'), 'recorded')
})

test('another path on a disk, whatever its number became', (t) => {
  t.equal(placed('254:0', '/other'), 'elsewhere')
  t.equal(placed('254:0', '/vol/sub'), 'elsewhere')
  t.equal(placed('8:0', '/other'), 'elsewhere')
  t.equal(placed('0:40', '/other'), 'elsewhere', 'no disk at all')
})

test('a disk may have another number after a reboot', (t) => {
  t.equal(placed('254:1', '/vol'), 'unknown')
  t.equal(placed('8:0', '/vol'), 'unknown')
})

test('a file system without a device gets its number anew', (t) => {
  const overlay = { fstype: 'overlay', major: 0, minor: 41 }
  t.equal(placed('0:41', '/vol', overlay), 'unknown')
  t.equal(placed('0:50', '/vol', overlay), 'unknown')
  t.equal(placed('0:50', '/other', overlay), 'unknown')
  t.equal(placed('254:0', '/other', overlay), 'unknown')
  t.equal(placed('0:41', '/other', overlay), 'elsewhere', 'another path in the same one')
})

test('a disk is no tmpfs', (t) => {
  const tmpfs = { fstype: 'tmpfs', major: 0, minor: 41 }
  t.equal(placed('254:0', '/vol', tmpfs), 'elsewhere')
  t.equal(placed('0:50', '/vol', tmpfs), 'unknown')
})

test('a place that is not known proves nothing', (t) => {
  t.equal(placed('254:0', '/vol', { root: undefined }), 'unknown')
  t.equal(placementOf(mount(14, '/data', { root: b('/vol') }), undefined), 'unknown')
})

test('a directory of the host is on the mount that its device says', (t) => {
  const device = { major: 254, minor: 0 }
  const rows = [hostMount('/'), hostMount('/srv', { root: b('/exports') })]
  t.strictSame(hostAddress(rows, b('/srv/vol'), device), { device: '254:0', path: '/exports/vol' })
  t.equal(hostAddress(rows, b('/srv/vol'), { major: 0, minor: 40 }), undefined, 'covered')
  t.equal(hostAddress([], b('/srv'), device), undefined)
  t.strictSame(
    hostAddress([hostMount('/srv', { minor: 9 }), hostMount('/srv')], b('/srv'), device),
    { device: '254:0', path: '/' },
    'the uppermost of those at one place',
  )
  t.strictSame(hostAddress([hostMount('/'), hostMount('/sr')], b('/srv'), device)?.path, '/srv')
})
