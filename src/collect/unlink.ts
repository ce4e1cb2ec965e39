// The last step: the check and unlinkat act on one held directory, and afterwards the file that was
// verified has to have one name less.
import { concat, type Bytes } from '../bytes.js'
import type { Acts } from '../host/acts.js'
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, ENOENT } from '../sys/constants.js'
import { errnoName, errnoText } from '../sys/errno.js'
import { isSameInode, readCtime, readStat, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { SyscallError } from '../sys/syscall-error.js'
import { kept, type Outcome } from './outcome.js'

export const failed = (syscall: string, result: number): Outcome => ({
  verdict: 'failed',
  errno: errnoName(-result),
  syscall,
  message: `${syscall}: ${errnoText(-result) ?? errnoName(-result)}`,
  next: 'see what stands in the way, then run the same command again',
})

/** ELOOP is somebody's symbolic link in the way: no path that CRIU recorded had one. */
export const pathFailed = (result: number): Outcome => {
  const outcome = failed('openat2', result)
  const { errno, syscall } = outcome
  if (errno !== 'ELOOP' && errno !== 'EXDEV') return outcome
  return {
    ...kept(
      'unsafe-path',
      `a symbolic link or a mount is in the way (${errno})`,
      'see who changed the path since the dump; remove the link by hand',
    ),
    errno,
    ...(syscall === undefined ? {} : { syscall }),
  }
}

/** -errno of a look-up that a child made, and nobody answered. */
export const silent = (result: number): Outcome => ({
  ...failed('openat2', result),
  message: 'its file system does not answer',
  next: 'see to its server, then run the same command again',
})

/** A system call that fails for one link must not stop the others. @throws any other error. */
export const failedBy = (error: unknown): Outcome => {
  if (error instanceof SyscallError) return failed(error.syscall, error.errno)
  throw error
}

export const isGone = (sys: Sys, directory: number, name: Bytes): boolean =>
  sys.tryStat(directory, name, AT_SYMLINK_NOFOLLOW) === ENOENT

/** Of a name that was there a moment ago. Whoever removed it has changed its file, too: what was seen says nothing then. */
export const wentMeanwhile = (sys: Sys, directory: number, name: Bytes): boolean =>
  // Asked twice: an ENOENT for a name that is there would pass for "already gone".
  isGone(sys, directory, name) && isGone(sys, directory, name)

/** The call succeeded, the name is there with the same file: nothing was removed. */
const STILL_THERE: Outcome = {
  verdict: 'failed',
  message: 'unlinkat reported success, but the link is still there',
  next: 'the file system does not do what it says: check it, then run the same command again',
}

/** `file` holds the inode that `before` describes; `directory` the directory with `name`. */
export const unlinkVerified = (
  sys: Sys,
  directory: number,
  name: Bytes,
  file: number,
  before: Stat,
  acts: Acts,
): Outcome => {
  const result = sys.tryUnlinkat(directory, name)
  // Somebody else may have been faster; an ENOENT for a name that is still there is a lie.
  if (result === ENOENT && isGone(sys, directory, name)) return { verdict: 'absent' }
  if (result < 0) return failed('unlinkat', result)
  const nlink = sys.tryNlink(file)
  if (nlink < 0)
    return {
      ...failed('statx', nlink),
      message: 'unlinkat succeeded, but what it removed could not be verified',
    }
  if (nlink < before.nlink) {
    if (nlink > 0) acts.changed('file', before, readCtime(sys.addon.stat))
    return { verdict: 'removed' }
  }
  const now = lookUp(sys, directory, name)
  if (now !== undefined && isSameInode(now, before)) return STILL_THERE
  // An overlay keeps the count of a lower file, which the whiteout only hides.
  if (isUnlinked(sys, file)) return { verdict: 'removed' }
  return {
    verdict: 'failed',
    alarm: true,
    message: `what was removed is not the file that had been verified: its link count is still ${nlink}`,
    next: 'something changes this directory at the same time: stop it, and look at what is missing',
  }
}

const lookUp = (sys: Sys, directory: number, name: Bytes): Stat | undefined =>
  sys.tryStat(directory, name, AT_SYMLINK_NOFOLLOW) < 0 ? undefined : readStat(sys.addon.stat)

/** The kernel's word on the very name through which `file` was opened. */
const isUnlinked = (sys: Sys, file: number): boolean =>
  sys.readlinkat(AT_FDCWD, concat(`/proc/thread-self/fd/${file}`))?.endsWith(' (deleted)') ?? false
