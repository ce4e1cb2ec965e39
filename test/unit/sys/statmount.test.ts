import {
  hasPlace,
  NAMESPACE_INFO,
  readId,
  readNamespaceInfo,
  Statmount,
} from '../../../src/sys/statmount.js'
import { encodeRecord } from '../host/fake-namespaces.js'
import { test } from '../support/check.js'
import { encodeRow } from '../host/fake-namespaces.js'

test('a row with everything', (t) => {
  const row = encodeRow({
    id: 2 ** 33 + 5,
    parent: 2 ** 31,
    mountpoint: '/a\xff b',
    fstype: 'ext4',
    root: '/r',
    source: '/dev/vda',
    device: [254, 3],
  })
  const { id, parent, mntId, parentId, major, minor, root, mountpoint, fstype, source } =
    new Statmount(row)
  const read = { id, parent, mntId, parentId, major, minor, root, mountpoint, fstype, source }
  t.strictSame(read, {
    id: 2 ** 33 + 5,
    parent: 2 ** 31,
    mntId: (2 ** 33 + 5) % 1000,
    parentId: 2 ** 31 % 1000,
    major: 254,
    minor: 3,
    root: '/r',
    mountpoint: '/a\xff b',
    fstype: 'ext4',
    source: '/dev/vda',
  })
})

test('what the kernel does not say is empty, whatever was in the memory before', (t) => {
  const row = encodeRow({ id: 7, parent: 6, mountpoint: '', source: undefined })
  for (const at of [108, 124]) row.writeUInt32LE(0xffffffff, at)
  t.match(new Statmount(row), { mountpoint: '', source: '', fstype: 'tmpfs', root: '/' })
  t.match(new Statmount(Buffer.concat([row, Buffer.alloc(99, 'x')])), { root: '/' })
})

test('numbers of 64 bits, and what is known of a namespace', (t) => {
  const info = Buffer.alloc(NAMESPACE_INFO)
  info.writeUInt32LE(3_000_000_000, 4)
  info.writeBigUInt64LE(2n ** 40n + 9n, 8)
  t.strictSame(readNamespaceInfo(info), { id: 2 ** 40 + 9, count: 3_000_000_000 })
  t.equal(readId(info, 8), 2 ** 40 + 9)
})

test('whether any of many mounts is on such a place, or on none', (t) => {
  const row = (mountpoint: string): Buffer => encodeRecord({ id: 7, parent: 1, mountpoint })
  const end = Buffer.alloc(4)
  const others = [row('/'), row('/dev/shm'), row('/proc/sys')]
  const has = (...rows: Buffer[]): boolean => hasPlace(Buffer.concat([...rows, end]), 'link_remap.')
  t.equal(has(), false)
  t.equal(has(...others), false)
  t.equal(has(...others, row('/data/link_remap.7')), true)
  t.equal(has(row('/link_remap.7'), ...others), true)
  t.equal(has(...others, row('')), true, 'nobody knows where that is')
  t.equal(has(...others, end, row('/link_remap.7')), false, 'what was there before is none')
})
