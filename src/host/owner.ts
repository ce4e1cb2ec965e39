// What else the kernel says of a file that is held: of most that are looked at nobody asks for it.
import fs from 'node:fs'
import { ofNanoseconds, type Time } from '../time.js'

export interface Owned {
  readonly uid: number
  readonly gid: number
  /** st_rdev */
  readonly rdev: number
  /** Of the last change of its contents. */
  readonly changed: Time
}

/** By a descriptor of any kind, through which nothing is opened. */
export const ownedOf = (fd: number): Owned => {
  const { uid, gid, rdev, mtimeNs } = fs.fstatSync(fd, { bigint: true })
  return { uid: Number(uid), gid: Number(gid), rdev: Number(rdev), changed: ofNanoseconds(mtimeNs) }
}
