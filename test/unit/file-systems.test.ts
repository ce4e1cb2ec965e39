import { CRIU_FSTYPE_AUTO, CRIU_FSTYPES, IN_MEMORY, LOCAL } from '../../src/file-systems.js'
import { test } from './support/check.js'

test('CRIU’s numbers', (t) => {
  const numbers = { unsupported: 0, proc: 1, tmpfs: 5, fuse: 15, overlay: 17, cgroup2: 23 }
  for (const [name, number] of Object.entries(numbers)) t.equal(CRIU_FSTYPES[number], name)
  t.equal(CRIU_FSTYPES[CRIU_FSTYPE_AUTO], 'auto')
  t.equal(CRIU_FSTYPES.length, 24)
})

test('what is on a disk, or of another machine, is not in memory', (t) => {
  for (const name of ['ext4', 'btrfs', 'xfs', 'overlay', 'nfs', 'fuse', 'unsupported', 'aufs'])
    t.notOk(IN_MEMORY.has(name), name)
  for (const name of ['tmpfs', 'ramfs', 'devpts', 'proc']) t.ok(IN_MEMORY.has(name), name)
})

test('what somebody else serves is not local', (t) => {
  for (const name of ['nfs', 'nfs4', 'fuse', 'cifs', '9p', 'autofs']) t.notOk(LOCAL.has(name), name)
  for (const name of ['ext4', 'tmpfs', 'overlay']) t.ok(LOCAL.has(name), name)
})
