// A prebuilt addon in a bare Node: it loads, it looks at a file and it removes it.
//   node addon.mjs ADDON FILE
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'

const [file, victim] = process.argv.slice(2)
const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const ENOENT = 2

const addon = { exports: {} }
process.dlopen(addon, file)
const { statx, stat, unlinkat, numbers } = addon.exports
const inode = statSync(victim).ino
assert.equal(statx(AT_FDCWD, victim, AT_SYMLINK_NOFOLLOW), 0)
assert.ok([...stat].includes(inode), 'statx(2) answers with the inode')
assert.equal(unlinkat(AT_FDCWD, victim, 0), 0)
assert.equal(unlinkat(AT_FDCWD, victim, 0), -ENOENT)
assert.ok(numbers.unlinkat > 0)
console.log(`${process.arch} removed it`)
