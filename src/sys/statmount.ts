// What statmount(2), listmount(2) and the ioctls of mount namespaces answered, out of the memory into
// which the kernel wrote it.
import { fromBuffer, u32, type Bytes } from '../bytes.js'
import {
  STATMOUNT_FS_TYPE,
  STATMOUNT_MNT_BASIC,
  STATMOUNT_MNT_POINT,
  STATMOUNT_MNT_ROOT,
  STATMOUNT_SB_BASIC,
  STATMOUNT_SB_SOURCE,
} from './constants.js'

/** What a `Statmount` needs to have been asked for. */
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

/** A row in memory that the next one overwrites: each field is read when somebody asks for it. */
export class Statmount {
  private readonly buffer: Buffer
  /** Not asked for: places are compared in our own namespace only. */
  readonly upper = undefined

  constructor(buffer: Buffer) {
    this.buffer = buffer
  }

  /** Unique for this boot. */
  get id(): number {
    return readId(this.buffer, AT.id)
  }

  /** The same number for the first mount of a namespace. */
  get parent(): number {
    return readId(this.buffer, AT.parent)
  }

  /** As in mountinfo, where numbers are given again. */
  get mntId(): number {
    return this.buffer.readUInt32LE(AT.mntId)
  }

  get parentId(): number {
    return this.buffer.readUInt32LE(AT.parentId)
  }

  get major(): number {
    return this.buffer.readUInt32LE(AT.major)
  }

  get minor(): number {
    return this.buffer.readUInt32LE(AT.minor)
  }

  get root(): Bytes {
    return this.text(STATMOUNT_MNT_ROOT, AT.root)
  }

  /** From the root of that namespace. Empty for a mount that is not below it. */
  get mountpoint(): Bytes {
    return this.text(STATMOUNT_MNT_POINT, AT.mountpoint)
  }

  get fstype(): string {
    return this.text(STATMOUNT_FS_TYPE, AT.fstype)
  }

  /** Empty before Linux 6.13, which does not say it. */
  get source(): Bytes {
    return this.text(STATMOUNT_SB_SOURCE, AT.source)
  }

  /** Without its bit a field was not filled: the kernel did not know it, or had nothing to say. */
  private text(bit: number, at: number): Bytes {
    const { buffer } = this
    if ((buffer.readUInt32LE(AT.mask) & bit) === 0) return '' as Bytes
    const start = AT.strings + buffer.readUInt32LE(at)
    return fromBuffer(buffer, start, buffer.indexOf(0, start))
  }
}

/** structs of statmounts() begin at multiples of it. */
const ALIGNED = 8

/**
 * Of what `statmounts` wrote, having been asked for mountpoints: whether any has `text` in its path, or none
 * that has a path.
 */
export const hasPlace = (records: Buffer, text: string): boolean => {
  let at = 0
  for (let size; (size = u32(records, at)) > 0; at += Math.ceil(size / ALIGNED) * ALIGNED)
    if ((u32(records, at + AT.mask) & STATMOUNT_MNT_POINT) === 0) return true
  return records.subarray(0, at).includes(text, 0, 'latin1')
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
