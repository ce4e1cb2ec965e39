// What statmount(2), listmount(2) and the ioctls of mount namespaces answered, out of the memory into
// which the kernel wrote it.
import { fromBuffer, type Bytes } from '../bytes.js'
import {
  STATMOUNT_FS_TYPE,
  STATMOUNT_MNT_BASIC,
  STATMOUNT_MNT_POINT,
  STATMOUNT_MNT_ROOT,
  STATMOUNT_SB_BASIC,
  STATMOUNT_SB_SOURCE,
} from './constants.js'

/** What `readStatmount` needs to have been asked for. */
export const STATMOUNT_MASK =
  STATMOUNT_SB_BASIC |
  STATMOUNT_MNT_BASIC |
  STATMOUNT_MNT_ROOT |
  STATMOUNT_MNT_POINT |
  STATMOUNT_FS_TYPE |
  STATMOUNT_SB_SOURCE

/** Offsets in struct statmount of linux/mount.h. */
const AT = {
  mask: 8,
  major: 16,
  minor: 20,
  fstype: 36,
  id: 40,
  parent: 48,
  mntId: 56,
  parentId: 60,
  root: 104,
  mountpoint: 108,
  source: 124,
  strings: 512,
} as const

const TWO_32 = 2 ** 32

/** Numbers of 64 bits that the kernel counts up from 1 or 2^31 in one boot, so that they are exact here. */
export const readId = (buffer: Buffer, at: number): number =>
  buffer.readUInt32LE(at + 4) * TWO_32 + buffer.readUInt32LE(at)

export interface Statmount {
  /** Unique for this boot. */
  readonly id: number
  /** The same number for the first mount of a namespace. */
  readonly parent: number
  /** As in mountinfo, where numbers are given again. */
  readonly mntId: number
  readonly parentId: number
  readonly major: number
  readonly minor: number
  readonly root: Bytes
  /** From the root of that namespace. Empty for a mount that is not below it. */
  readonly mountpoint: Bytes
  readonly fstype: string
  /** Empty before Linux 6.13, which does not say it. */
  readonly source: Bytes
}

export const readStatmount = (buffer: Buffer): Statmount => {
  const mask = buffer.readUInt32LE(AT.mask)
  // Without its bit a field was not filled: the kernel did not know it, or had nothing to say.
  const text = (bit: number, at: number): Bytes => {
    if ((mask & bit) === 0) return '' as Bytes
    const start = AT.strings + buffer.readUInt32LE(at)
    return fromBuffer(buffer, start, buffer.indexOf(0, start))
  }
  return {
    id: readId(buffer, AT.id),
    parent: readId(buffer, AT.parent),
    mntId: buffer.readUInt32LE(AT.mntId),
    parentId: buffer.readUInt32LE(AT.parentId),
    major: buffer.readUInt32LE(AT.major),
    minor: buffer.readUInt32LE(AT.minor),
    root: text(STATMOUNT_MNT_ROOT, AT.root),
    mountpoint: text(STATMOUNT_MNT_POINT, AT.mountpoint),
    fstype: text(STATMOUNT_FS_TYPE, AT.fstype),
    source: text(STATMOUNT_SB_SOURCE, AT.source),
  }
}

/** Bytes of a struct mnt_ns_info. */
export const NAMESPACE_INFO = 16

export interface NamespaceInfo {
  /** Unique for this boot. */
  readonly id: number
  /** Of its mounts, as the kernel limits them. */
  readonly count: number
}

export const readNamespaceInfo = (buffer: Buffer): NamespaceInfo => ({
  count: buffer.readUInt32LE(4),
  id: readId(buffer, 8),
})
