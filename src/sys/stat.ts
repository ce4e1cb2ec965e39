// What statx(2) answered, copied out of the array into which the addon writes.
import type { Time } from '../time.js'
import {
  S_IFCHR,
  S_IFMT,
  STATX_ATTR_APPEND,
  STATX_ATTR_IMMUTABLE,
  STATX_BTIME,
} from './constants.js'

/** Places in that array of words; native/statx.h fills it in this order. */
const AT = {
  mask: 0,
  mode: 1,
  nlink: 2,
  attributes: 3,
  major: 4,
  minor: 5,
  ino: 6,
  size: 8,
  mntId: 10,
  ctime: 12,
  btime: 15,
  rdev: 18,
} as const

const TWO_32 = 2 ** 32

const word = (a: Uint32Array, index: number): number => a[index] as number

/** Signed. Exact up to 2^53; nearly every high word is 0, and then no double has to be made. */
const wide = (a: Uint32Array, index: number): number => {
  const high = word(a, index)
  const low = word(a, index + 1)
  return high === 0 ? low : (high | 0) * TWO_32 + low
}

const timeAt = (a: Uint32Array, index: number): Time => ({
  sec: wide(a, index),
  nsec: word(a, index + 2),
})

/** Everything of one file that the program looks at. */
export interface Stat {
  /** st_mode: type and permissions. */
  readonly mode: number
  readonly nlink: number
  /** In bytes. */
  readonly size: number
  /** Halves of the inode number, which may use all 64 bits. */
  readonly inoHigh: number
  readonly inoLow: number
  readonly major: number
  readonly minor: number
  /** Unique for this boot from kernel 6.8 on; before, unique among the mounts that are there. */
  readonly mntId: number
  readonly attributes: number
  readonly ctime: Time
  /** Undefined where the file system does not record it. */
  readonly btime: Time | undefined
  /** Of a device. */
  readonly rdevMajor: number
  readonly rdevMinor: number
}

export const readStat = (a: Uint32Array): Stat => ({
  mode: word(a, AT.mode),
  nlink: word(a, AT.nlink),
  size: wide(a, AT.size),
  inoHigh: word(a, AT.ino),
  inoLow: word(a, AT.ino + 1),
  major: word(a, AT.major),
  minor: word(a, AT.minor),
  mntId: wide(a, AT.mntId),
  attributes: word(a, AT.attributes),
  ctime: timeAt(a, AT.ctime),
  btime: (word(a, AT.mask) & STATX_BTIME) === 0 ? undefined : timeAt(a, AT.btime),
  rdevMajor: word(a, AT.rdev),
  rdevMinor: word(a, AT.rdev + 1),
})

export const readCtime = (a: Uint32Array): Time => timeAt(a, AT.ctime)

export const readNlink = (a: Uint32Array): number => word(a, AT.nlink)

/** Of one file system or not: what tells an inode from all others that are there. */
export type InodeId = Pick<Stat, 'inoHigh' | 'inoLow' | 'major' | 'minor'>

/** The same as a key. */
export const inodeKey = ({ major, minor, inoHigh, inoLow }: InodeId): string =>
  `${major}:${minor} ${inoHigh}:${inoLow}`

export const isSameInode = (a: InodeId, b: InodeId): boolean =>
  a.inoLow === b.inoLow && a.inoHigh === b.inoHigh && a.major === b.major && a.minor === b.minor

/**
 * In a layer of an overlay: what has this name was removed. A device 0:0 is no other file's, as none can be opened.
 */
export const isWhiteout = ({
  mode,
  rdevMajor,
  rdevMinor,
}: Pick<Stat, 'mode' | 'rdevMajor' | 'rdevMinor'>): boolean =>
  (mode & S_IFMT) === S_IFCHR && rdevMajor === 0 && rdevMinor === 0

/** Nobody takes the name of such a file away, root neither. */
export const isImmutable = ({ attributes }: Pick<Stat, 'attributes'>): boolean =>
  (attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) !== 0
