// From here on container paths are looked at: keep what deleting needs and give up the rest for good.
//
// Credentials belong to a thread, and Node has some more: those of V8 and libuv, which never touch a
// file of ours but hold every capability. The C library's setresuid(2) makes all of them change to
// an ordinary user at once, at which the kernel takes their capabilities. The calling thread keeps its
// own over that change (PR_SET_KEEPCAPS), returns to uid 0 alone, because a network file system
// may ask the server, and then gives up all but two. So no child process has to do the deleting.
import type { Bytes } from '../bytes.js'
import { GcError } from '../errors.js'
import { lacking, parseCapabilities, threadStatus, TO_DROP } from '../host/capabilities.js'
import { EINVAL } from '../sys/constants.js'
import { SyscallError } from '../sys/syscall-error.js'
import type { Sys } from '../sys/sys.js'
import { filterProgram } from './filter.js'

/** Numbers of linux/capability.h. */
const CAP = { DAC_OVERRIDE: 1, FOWNER: 3, SETUID: 7, SETPCAP: 8 } as const
const bit = (capability: number): number => 2 ** capability

/**
 * CAP_DAC_OVERRIDE: directories that root may not enter by their mode. CAP_FOWNER: sticky ones.
 */
const KEPT = bit(CAP.DAC_OVERRIDE) + bit(CAP.FOWNER)
const NEEDED_TO_DROP = KEPT + bit(CAP.SETUID) + bit(CAP.SETPCAP)

const PR_SET_DUMPABLE = 4
const PR_SET_KEEPCAPS = 8
const PR_CAPBSET_DROP = 24
const PR_SET_NO_NEW_PRIVS = 38
const PR_CAP_AMBIENT = 47
const PR_CAP_AMBIENT_CLEAR_ALL = 4
/** More than any kernel has; the first that it does not know ends the loop. */
const CAPABILITIES = 64

const SECCOMP_FILTER_FLAG_TSYNC = 1

/** "nobody": any user without privilege does. */
const NOBODY = 65534

/** Irreversible, for the whole process. @throws GcError unsupported where a step is refused. */
export const dropPrivileges = (sys: Sys): void => {
  try {
    drop(sys)
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error
    // Those in effect may be fewer by now; what this thread could have is as it was at the start.
    const missing = lacking(parseCapabilities(threadStatus(), 'CapPrm'), TO_DROP).join(' and ')
    const why = missing === '' ? '' : `: ${missing} is missing`
    throw new GcError('unsupported', `privileges cannot be dropped: ${error.message}${why}`, {
      next: `nothing was deleted; ${missing === '' ? 'a kernel with seccomp is needed for that, and nothing that forbids it' : `run it with ${missing}`}`,
      cause: error,
    })
  }
}

const drop = (sys: Sys): void => {
  sys.chdir('/' as Bytes)
  sys.prctl(PR_SET_KEEPCAPS, 1)
  sys.dropGroups()
  sys.setresuid(NOBODY)
  sys.capset(NEEDED_TO_DROP, NEEDED_TO_DROP)
  sys.threadSetresuid(0)
  sys.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
  for (let capability = 0; capability < CAPABILITIES; capability++)
    if (
      capability !== CAP.DAC_OVERRIDE &&
      capability !== CAP.FOWNER &&
      !dropFromBoundingSet(sys, capability)
    )
      break
  sys.capset(KEPT, KEPT)
  sys.prctl(PR_SET_NO_NEW_PRIVS, 1)
  sys.prctl(PR_SET_DUMPABLE, 0)
  forbidFiles(sys)
  const program = filterProgram(sys.addon.numbers, process.arch, process.pid)
  if (program !== undefined) sys.seccomp(SECCOMP_FILTER_FLAG_TSYNC, program)
}

/** LANDLOCK_ACCESS_FS_*: to execute, to write, to remove a directory, to make anything. */
const RIGHTS = 0b1_1111_1101_0011
const TRUNCATE = 0b100_0000_0000_0000
/** The version of Landlock that knows TRUNCATE. */
const WITH_TRUNCATE = 3

/**
 * A seccomp filter does not see the flags of openat2(2); Landlock forbids what they would do. A kernel
 * without it has the other bounds.
 */
const forbidFiles = (sys: Sys): void => {
  const version = sys.landlockVersion()
  if (version !== undefined) sys.landlock(version < WITH_TRUNCATE ? RIGHTS : RIGHTS | TRUNCATE)
}

/** False past the last capability of this kernel. */
const dropFromBoundingSet = (sys: Sys, capability: number): boolean => {
  const result = sys.tryPrctl(PR_CAPBSET_DROP, capability)
  if (result < 0 && result !== EINVAL) throw new SyscallError('prctl', result)
  return result >= 0
}
