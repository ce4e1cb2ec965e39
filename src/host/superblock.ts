// When a disk was mounted last. Device numbers are given again within one boot, and nothing in a mount
// table tells: the file system's own superblock does.
import fs from 'node:fs'
import { closeQuietly } from './descriptors.js'
import type { HostMount } from './mountinfo.js'

/** Of ext2, ext3 and ext4: the superblock is at byte 1024; s_mtime, s_magic and s_mtime_hi in it. */
const SUPERBLOCK = 1024
const [MTIME, MAGIC, MTIME_HIGH, LENGTH] = [44, 56, 0x275, 0x280] as const
const EXT_MAGIC = 0xef53

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = fs.constants

/**
 * Seconds since 1970; undefined for other file systems, and where the device cannot be read. The kernel
 * holds that block while it is mounted: no disk is waited for.
 */
export const lastMounted = ({ fstype, source, major, minor }: HostMount): number | undefined => {
  if (!/^ext[234]$/.test(fstype) || !source.startsWith('/dev/')) return undefined
  let fd: number | undefined
  try {
    fd = fs.openSync(Buffer.from(source, 'latin1'), O_RDONLY | O_NONBLOCK | O_NOCTTY)
    const stat = fs.fstatSync(fd)
    if (!stat.isBlockDevice() || !isDevice(stat.rdev, major, minor)) return undefined
    const block = Buffer.alloc(LENGTH)
    if (fs.readSync(fd, block, 0, LENGTH, SUPERBLOCK) < LENGTH) return undefined
    if (block.readUInt16LE(MAGIC) !== EXT_MAGIC) return undefined
    return block.readUInt32LE(MTIME) + block.readUInt8(MTIME_HIGH) * 2 ** 32
  } catch {
    return undefined
  } finally {
    closeQuietly(fd)
  }
}

/** makedev(3) */
const isDevice = (rdev: number, major: number, minor: number): boolean =>
  rdev === (minor & 0xff) + (major & 0xfff) * 2 ** 8 + (minor >>> 8) * 2 ** 20
