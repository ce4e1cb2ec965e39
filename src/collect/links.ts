// One link in its held directory: hold what has its name, verify it, unlink it, look again.
import type { Address } from '../host/address.js'
import type { MountpointTest } from '../host/evidence.js'
import { AT_SYMLINK_NOFOLLOW, ENOENT, O_NOFOLLOW, O_PATH } from '../sys/constants.js'
import { isSameInode, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import type { Reach } from './directories.js'
import type { Outcome } from './outcome.js'
import { failed, failedBy, unlinkVerified } from './unlink.js'
import { verify, type DirectoryFacts, type VerifyOptions } from './verify.js'
import { notTheOne } from './whole.js'

export interface LinkOptions extends VerifyOptions {
  readonly remove: boolean
  readonly isMountpoint: MountpointTest
  readonly onProgress: (done: number) => void
}

/** A directory that is held, and what is known of it. */
export interface Place extends DirectoryFacts, Pick<Stat, 'btime'> {
  readonly fd: number
  readonly isHostTree: boolean
  readonly address: () => Address | undefined
}

const ABSENT: Outcome = { verdict: 'absent' }

export class Links {
  private readonly sys: Sys
  private readonly options: LinkOptions
  /** Inodes of which this run removed a link, which changed their times; by low half of the number. */
  private readonly touched = new Map<number, Stat>()
  private done = 0

  constructor(sys: Sys, options: LinkOptions) {
    this.sys = sys
    this.options = options
  }

  collect(place: Place, { remap: { original }, base }: Reach): Outcome {
    if (++this.done % 256 === 0) this.options.onProgress(this.done)
    const { sys, options } = this
    const file = sys.tryOpenat(place.fd, base, O_PATH | O_NOFOLLOW)
    // Asked twice: an ENOENT for a name that is there would pass for "already gone".
    if (file === ENOENT && sys.tryStat(place.fd, base, AT_SYMLINK_NOFOLLOW) === ENOENT)
      return (options.force ? undefined : notTheOne(place, options, place.isHostTree)) ?? ABSENT
    if (file < 0) return failed('openat', file)
    try {
      const stat = sys.fstat(file)
      const earlier = this.touched.get(stat.inoLow)
      const known = earlier !== undefined && isSameInode(earlier, stat) ? earlier : stat
      const isMountpoint = options.isMountpoint(base, place.address)
      const objection = verify(stat, { original, ctime: known.ctime, isMountpoint }, place, options)
      if (objection !== undefined) return found(stat, objection)
      if (!options.remove) return found(stat, this.predict(place.fd))
      if (stat.nlink > 1) this.touched.set(stat.inoLow, known)
      return found(stat, unlinkVerified(sys, place.fd, base, file, stat))
    } catch (error) {
      return failedBy(error)
    } finally {
      sys.close(file)
    }
  }

  /** `show` finds out what it can without trying: whether the directory can be written. */
  private predict(directory: number): Outcome {
    const result = this.sys.tryWritable(directory)
    return result < 0 ? failed('unlinkat', result) : { verdict: 'would-remove' }
  }
}

/** The outcome with what the link was. */
const found = ({ size, mode, nlink, ctime }: Stat, outcome: Outcome): Outcome => {
  const { verdict, message } = outcome
  // Nearly all have nothing else to say, and a spread costs as much as two system calls.
  return message === undefined
    ? { verdict, size, mode, nlink, ctime: ctime.sec }
    : { ...outcome, size, mode, nlink, ctime: ctime.sec }
}
