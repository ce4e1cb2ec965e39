// Reads the array into which the addon's statx writes.
import type { Time } from '../time.js'
import { STATX_BTIME, STATX_MNT_ID_UNIQUE } from './constants.js'

/** Everything of one file that the program looks at, copied out of the shared array. */
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
  readonly mntIdIsUnique: boolean
  readonly attributes: number
  readonly mtime: Time
  readonly ctime: Time
  /** Undefined where the file system does not record it. */
  readonly btime: Time | undefined
}

export const readStat = (a: Float64Array): Stat => {
  const at = (index: number): number => a[index] as number
  return {
    mode: at(1),
    nlink: at(2),
    size: at(5),
    inoHigh: at(6),
    inoLow: at(7),
    major: at(8),
    minor: at(9),
    mntId: at(10),
    mntIdIsUnique: (at(0) & STATX_MNT_ID_UNIQUE) !== 0,
    attributes: at(11),
    mtime: { sec: at(12), nsec: at(13) },
    ctime: { sec: at(14), nsec: at(15) },
    btime: (at(0) & STATX_BTIME) === 0 ? undefined : { sec: at(16), nsec: at(17) },
  }
}

/** One value for device and inode. */
export const inodeKey = (stat: Stat): string =>
  `${stat.major}:${stat.minor}:${stat.inoHigh}:${stat.inoLow}`

export const isSameInode = (a: Stat, b: Stat): boolean =>
  a.inoLow === b.inoLow && a.inoHigh === b.inoHigh && a.major === b.major && a.minor === b.minor
