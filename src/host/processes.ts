// Which processes there are, and which of them is CRIU at work. A host may have thousands of them, so that
// each costs a few plain system calls on one buffer, and one that just ended costs no exception.
import fs from 'node:fs'
import { concat, fromBuffer, type Bytes } from '../bytes.js'
import { errorCode } from '../errors.js'
import { AT_FDCWD, EACCES, EPERM, O_RDONLY } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import { isSameInode } from '../sys/stat.js'
import { SyscallError } from '../sys/syscall-error.js'
import type { Sys } from '../sys/sys.js'

/** Process ids, in no order. */
export const processIds = (): number[] =>
  fs
    .readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)

/** A process that ended meanwhile, is a zombie or may not be looked at; any other error is ours. */
const NOT_SEEN = new Set(['ENOENT', 'ESRCH', 'EINVAL', 'EACCES', 'EPERM'])

/** Undefined for a process that is not seen. @throws the error otherwise. */
export const ifSeen = <T>(look: () => T): T | undefined => {
  try {
    return look()
  } catch (error) {
    if (NOT_SEEN.has(errorCode(error) ?? '')) return undefined
    throw error
  }
}

/** A descriptor or a length. Costs no exception for a process that is not seen. */
export const seen = (syscall: string, result: number, path: Bytes): number | undefined => {
  if (result >= 0) return result
  if (NOT_SEEN.has(errnoName(-result))) return undefined
  throw new SyscallError(syscall, result, path)
}

/**
 * A process named criu that has this directory open, or may have: CRIU holds its images directory from
 * beginning to end of a dump and a restore, and takes no lock on it.
 * @throws SyscallError or Error where the look at a process fails for a reason of ours.
 */
export const criuAtWork = (sys: Sys, directory: number): number | undefined => {
  const buffer = Buffer.allocUnsafe(4096)
  return processIds().find(
    (pid) => pid !== process.pid && isCriu(sys, pid, buffer) && holds(sys, pid, directory),
  )
}

/** "criu dump …", "criu: dump --rpc …", also behind a loader; not criu-gc, which takes a lock. */
const isCriu = (sys: Sys, pid: number, buffer: Buffer): boolean => {
  const path = concat(`/proc/${pid}/cmdline`)
  const fd = seen('openat', sys.tryOpenat(AT_FDCWD, path, O_RDONLY), path)
  if (fd === undefined) return false
  try {
    const length = ifSeen(() => fs.readSync(fd, buffer)) ?? 0
    if (length === 0 || buffer.subarray(0, length).indexOf('criu') < 0) return false
    const args = fromBuffer(buffer, 0, length).split('\0')
    return args.some((arg) => /(^|\/)criu(:|$)/.test(arg))
  } finally {
    sys.close(fd)
  }
}

/**
 * Also where it cannot be seen, without CAP_SYS_PTRACE. Asks no server, as whoever calls itself criu may
 * hold a file on a silent one.
 */
const holds = (sys: Sys, pid: number, directory: number): boolean => {
  const held = sys.fstat(directory)
  const names = ifSeen(() => fs.readdirSync(`/proc/${pid}/fd`)) ?? []
  const buffer = Buffer.allocUnsafe(1)
  return names.some((fd) => {
    const path = concat(`/proc/${pid}/fd/${fd}`)
    const link = sys.tryReadlinkat(AT_FDCWD, path, buffer)
    if (link === EACCES || link === EPERM) return true
    // Ours is held, and there: whatever else cannot be looked at is another.
    const found = sys.tryStatCached(AT_FDCWD, path)
    return found !== undefined && isSameInode(found, held)
  })
}
