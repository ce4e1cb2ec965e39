// What statx(2) answered, copied out of the array into which the addon writes.
import type { Time } from '../time.js'
import { STATX_BTIME } from './constants.js'

/** Places in that array; native/addon.cc fills it in this order. */
const AT = {
  mask: 0,
  mode: 1,
  nlink: 2,
  size: 5,
  inoHigh: 6,
  inoLow: 7,
  major: 8,
  minor: 9,
  mntId: 10,
  attributes: 11,
  ctime: 14,
  btime: 16,
} as const

const timeAt = (a: Float64Array, index: number): Time => ({
  sec: a[index] as number,
  nsec: a[index + 1] as number,
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
}

export const readStat = (a: Float64Array): Stat => ({
  mode: a[AT.mode] as number,
  nlink: a[AT.nlink] as number,
  size: a[AT.size] as number,
  inoHigh: a[AT.inoHigh] as number,
  inoLow: a[AT.inoLow] as number,
  major: a[AT.major] as number,
  minor: a[AT.minor] as number,
  mntId: a[AT.mntId] as number,
  attributes: a[AT.attributes] as number,
  ctime: timeAt(a, AT.ctime),
  btime: ((a[AT.mask] as number) & STATX_BTIME) === 0 ? undefined : timeAt(a, AT.btime),
})

export const readNlink = (a: Float64Array): number => a[AT.nlink] as number

export const isSameInode = (a: Stat, b: Stat): boolean =>
  a.inoLow === b.inoLow && a.inoHigh === b.inoHigh && a.major === b.major && a.minor === b.minor
