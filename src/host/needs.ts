// What no run can do without, asked for before anything else: a link that cannot be looked at for want of a system
// call is not a link that is in the way.
import type { Bytes } from '../bytes.js'
import { GcError } from '../errors.js'
import { AT_FDCWD, O_DIRECTORY, O_PATH, RESOLVE_NO_SYMLINKS } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Sys } from '../sys/sys.js'

const TOP = '/' as Bytes

/** @throws GcError unsupported. */
export const checkNeeds = (sys: Sys): void => {
  const fd = sys.tryOpenat2(AT_FDCWD, TOP, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS)
  if (fd < 0) throw lacks('openat2', fd)
  sys.close(fd)
  const looked = sys.tryStat(AT_FDCWD, TOP, 0)
  if (looked < 0) throw lacks('statx', looked)
  if (sys.tryStat(AT_FDCWD, '/proc/thread-self/fd' as Bytes, 0) < 0)
    throw new GcError('unsupported', '/proc is not mounted here', {
      next: 'nothing was touched; mount it: "mount -t proc proc /proc"',
    })
  if (sys.tryStat(AT_FDCWD, '/proc/uptime' as Bytes, 0) < 0)
    throw new GcError('unsupported', '/proc shows nothing but processes (subset=pid)', {
      next: 'nothing was touched; run it where all of /proc is to be seen',
    })
}

const lacks = (syscall: string, result: number): GcError =>
  new GcError(
    'unsupported',
    `this kernel lacks ${syscall}, or something forbids it (${errnoName(-result)})`,
    {
      next: 'nothing was touched; Linux 5.12 or newer is needed, and in a container a seccomp profile that knows its calls',
    },
  )
