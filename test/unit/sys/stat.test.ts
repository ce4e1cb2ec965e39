import { isSameInode, readNlink, readStat } from '../../../src/sys/stat.js'
import { test } from '../support/check.js'
import { at, stat } from '../support/model.js'
import { FakeAddon } from './fake-addon.js'

test('places in the array are those of the addon', (t) => {
  // mask, mode, nlink, uid, gid, size, ino (two halves), dev (two), mnt_id, attributes, three times
  const array = Float64Array.from([
    0x800, 0o100644, 3, 1000, 1001, 5, 6, 7, 8, 9, 10, 0x2000, 12, 13, 14, 15, 16, 17,
  ])
  t.strictSame(readStat(array), {
    mode: 0o100644,
    nlink: 3,
    size: 5,
    inoHigh: 6,
    inoLow: 7,
    major: 8,
    minor: 9,
    mntId: 10,
    attributes: 0x2000,
    ctime: at(14, 15),
    btime: at(16, 17),
  })
  t.equal(readNlink(array), 3)
  array[0] = 0xfff & ~0x800
  t.equal(readStat(array).btime, undefined, 'a time that the file system does not have')
})

test('a copy, which the next call does not change', (t) => {
  const addon = new FakeAddon()
  addon.answerStat({ nlink: 2, ctime: at(5, 6) })
  const first = readStat(addon.stat)
  addon.answerStat({ nlink: 1 })
  t.equal(first.nlink, 2)
  t.strictSame(first.ctime, at(5, 6))
})

test('the same inode: device and both halves of the number', (t) => {
  t.ok(isSameInode(stat(), stat({ nlink: 9, size: 9, mode: 0, mntId: 5 })))
  for (const other of [{ inoLow: 1 }, { inoHigh: 1 }, { major: 1 }, { minor: 1 }])
    t.notOk(isSameInode(stat(), stat(other)), JSON.stringify(other))
})
