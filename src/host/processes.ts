// What other processes do: who is CRIU, who has other mounts. A host may have thousands of them, so
// that each costs a few plain system calls on one buffer, and one that just ended costs no exception.
import fs from 'node:fs'
import { concat, fromBuffer, type Bytes } from '../bytes.js'
import { errorCode } from '../errors.js'
import { ROOT } from '../paths.js'
import { escape } from '../report/escape.js'
import { AT_FDCWD, EACCES, EPERM, O_RDONLY } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import { isSameInode } from '../sys/stat.js'
import { SyscallError } from '../sys/syscall-error.js'
import type { Sys } from '../sys/sys.js'
import { parseMountinfo, type HostMount } from './mountinfo.js'

export interface ForeignNamespace {
  /** A process that is in it. */
  readonly pid: number
  readonly mounts: readonly HostMount[]
}

/** Process ids, in no order. */
const processIds = (): number[] =>
  fs
    .readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)

/** A process that ended meanwhile, is a zombie or may not be looked at; any other error is ours. */
const NOT_SEEN = new Set(['ENOENT', 'ESRCH', 'EINVAL', 'EACCES', 'EPERM'])

/** Undefined for a process that is not seen. @throws the error otherwise. */
const ifSeen = <T>(look: () => T): T | undefined => {
  try {
    return look()
  } catch (error) {
    if (NOT_SEEN.has(errorCode(error) ?? '')) return undefined
    throw error
  }
}

/** A descriptor or a length. Costs no exception for a process that is not seen. */
const seen = (syscall: string, result: number, path: Bytes): number | undefined => {
  if (result >= 0) return result
  if (NOT_SEEN.has(errnoName(-result))) return undefined
  throw new SyscallError(syscall, result, path)
}

export interface ForeignNamespaces {
  readonly tables: readonly ForeignNamespace[]
  /** Why there may be mounts that none of them shows; undefined where there are none for all we see. */
  readonly whyUnseen: () => string | undefined
}

/**
 * The mount namespaces of all processes but those that share ours. `host` is the table of ours.
 * @throws SyscallError or Error where the look at a process fails for a reason of ours.
 */
export const foreignNamespaces = (sys: Sys, host: readonly HostMount[]): ForeignNamespaces => {
  const buffer = Buffer.allocUnsafe(64)
  let unseen: string | undefined
  const namespaceOf = (task: number | string): Bytes | undefined => {
    const path = concat(`/proc/${task}/ns/mnt`)
    const result = sys.tryReadlinkat(AT_FDCWD, path, buffer)
    // Init is in no container, and may be better protected than we are privileged.
    if ((result === EACCES || result === EPERM) && task !== 1)
      unseen ??= `process ${task} may not be looked at`
    const length = seen('readlinkat', result, path)
    return length === undefined ? undefined : fromBuffer(buffer, 0, length)
  }
  const known = new Set([namespaceOf('thread-self')])
  const tables: ForeignNamespace[] = []
  /** Of processes that see a part of theirs, as after a chroot(2). */
  const parts = new Map<Bytes, ForeignNamespace>()
  for (const pid of processIds()) {
    // A process whose first thread has ended lives on in the others.
    const first = namespaceOf(pid)
    const [task, namespace] =
      first === undefined && pid !== 1 ? firstSeen(threadsOf(pid), namespaceOf) : [pid, first]
    if (namespace === undefined || known.has(namespace)) continue
    const text = ifSeen(() => fs.readFileSync(`/proc/${task}/mountinfo`))
    if (text === undefined) continue
    const mounts = parseMountinfo(fromBuffer(text))
    if (mounts.some(({ mountpoint }) => mountpoint === ROOT)) {
      known.add(namespace)
      parts.delete(namespace)
      tables.push({ pid, mounts })
    } else if (!parts.has(namespace)) parts.set(namespace, { pid, mounts })
  }
  return {
    tables: [...tables, ...parts.values()],
    whyUnseen: () => {
      const [part] = parts.values()
      if (part !== undefined) return `process ${part.pid} sees a part of its mount namespace only`
      const isUnknown = (name: Bytes): boolean => name.startsWith('mnt:[') && !known.has(name)
      for (const { mounts } of [{ mounts: host }, ...tables])
        for (const { fstype, root, mountpoint } of mounts)
          if (fstype === 'nsfs' && isUnknown(root))
            return `a mount namespace without a process is kept on ${escape(mountpoint)}`
      const holder = processIds().find((pid) => namesOfFds(sys, pid, buffer).some(isUnknown))
      return holder === undefined
        ? unseen
        : `process ${holder} holds a mount namespace in which no process is`
    },
  }
}

/** The first of the tasks of which it can be seen, with its namespace. */
const firstSeen = (
  tasks: readonly (number | string)[],
  namespaceOf: (task: number | string) => Bytes | undefined,
): [task: number | string | undefined, namespace: Bytes | undefined] => {
  for (const task of tasks) {
    const namespace = namespaceOf(task)
    if (namespace !== undefined) return [task, namespace]
  }
  return [undefined, undefined]
}

const threadsOf = (pid: number): string[] =>
  (ifSeen(() => fs.readdirSync(`/proc/${pid}/task`)) ?? []).map((tid) => `${pid}/task/${tid}`)

/** What the descriptors of a process are called by the kernel, which asks no file system for that. */
const namesOfFds = (sys: Sys, pid: number, buffer: Buffer<ArrayBuffer>): Bytes[] =>
  (ifSeen(() => fs.readdirSync(`/proc/${pid}/fd`)) ?? [])
    .map((fd) => sys.readlinkat(AT_FDCWD, concat(`/proc/${pid}/fd/${fd}`), buffer))
    .filter((name) => name !== undefined)

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

/** Asks no server, as whoever calls itself criu may hold a file on a silent one. */
const holds = (sys: Sys, pid: number, directory: number): boolean => {
  const held = sys.fstat(directory)
  let names: readonly string[]
  try {
    names = fs.readdirSync(`/proc/${pid}/fd`)
  } catch (error) {
    // Who may not look cannot say that it is at work elsewhere.
    if (['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) return true
    if (NOT_SEEN.has(errorCode(error) ?? '')) return false
    throw error
  }
  return names.some((fd) => {
    // Ours is held, and there: whatever cannot be looked at is another.
    const found = sys.tryStatCached(AT_FDCWD, concat(`/proc/${pid}/fd/${fd}`))
    return found !== undefined && isSameInode(found, held)
  })
}
