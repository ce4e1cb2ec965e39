import type { HostMount } from '../../../src/host/mountinfo.js'
import { isOnGhost, isOnLink, mountpointTest } from '../../../src/host/mountpoints.js'
import { test } from '../support/check.js'
import { b, hostMount } from '../support/model.js'

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

test('the directory is asked for where its name is known, and once', (t) => {
  let asked = 0
  const directory = () => {
    asked++
    return DISK()
  }
  const is = mountpointTest([on('link_remap.6'), on('link_remap.6', { minor: 1 })])
  t.equal(is(b('link_remap.7'), directory), false)
  t.equal(asked, 0)
  t.equal(is(NAME, directory), true)
  t.equal(asked, 1)
})

test('a file that has a mount on it in the root of its file system', (t) => {
  const rows = [
    hostMount('/', { mntId: 1, parentId: 0 }),
    hostMount('/link_remap.6', { mntId: 2, parentId: 1, major: 0, minor: 99 }),
  ]
  const is = mountpointTest([{ mounts: rows }])
  t.equal(is(NAME, at('254:0', '/')), true)
  t.equal(is(NAME, DISK), false)
})

test('the rows that the test wants of other namespaces', (t) => {
  t.equal(isOnLink(hostMount('/var/link_remap.6')), true)
  for (const other of ['/', '/var', '/var/link_remap.6/x', '/var/xlink_remap.6', '/link_remap'])
    t.equal(isOnLink(hostMount(other)), false, other)
})

test('and of ghost files', (t) => {
  for (const ghost of ['/a.cr.1.ghost', '/var/x.cr.ff.ghost'])
    t.equal(isOnGhost(hostMount(ghost)), true, ghost)
  for (const other of ['/', '/a.cr.1.ghost/x', '/a.cr.g.ghost', '/a.cr.1.ghosts', '/x.ghost'])
    t.equal(isOnGhost(hostMount(other)), false, other)
})
