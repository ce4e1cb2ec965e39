import { isSameInode, readNlink, readStat } from '../../../src/sys/stat.js'
import { test } from '../support/check.js'
import { at, stat } from '../support/model.js'
import { FakeAddon } from './fake-addon.js'

test('places in the array are those of the addon', (t) => {
  // mask, mode, nlink, attributes, dev (two), then of 64 bits each: ino, size, mnt_id; two times, rdev (two)
  const array = Uint32Array.from([
    0x800, 0o100644, 3, 0x2000, 4, 5, 6, 7, 0, 9, 0, 11, 0, 13, 14, 0, 16, 17, 18, 19,
  ])
  t.strictSame(readStat(array), {
    mode: 0o100644,
    nlink: 3,
    size: 9,
    inoHigh: 6,
    inoLow: 7,
    major: 4,
    minor: 5,
    mntId: 11,
    attributes: 0x2000,
    ctime: at(13, 14),
    btime: at(16, 17),
    rdevMajor: 18,
    rdevMinor: 19,
  })
  t.equal(readNlink(array), 3)
  array[0] = 0xfff & ~0x800
  t.equal(readStat(array).btime, undefined, 'a time that the file system does not have')
})

test('numbers of more than 32 bits, and times before 1970', (t) => {
  const addon = new FakeAddon()
  const seen = { size: 2 ** 40 + 3, mntId: 2 ** 33 + 2 ** 31, ctime: at(-5, 999_999_999) }
  addon.answerStat({ ...seen, btime: at(2 ** 32, 1) })
  const { size, mntId, ctime, btime } = readStat(addon.stat)
  t.strictSame({ size, mntId, ctime }, seen)
  t.strictSame(btime, at(2 ** 32, 1))
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
