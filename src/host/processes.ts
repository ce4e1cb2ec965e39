// What other processes do: who is CRIU, who has other mounts. A host may have thousands of them, so
// that each costs a few plain system calls on one buffer, and one that just ended costs no exception.
import fs from 'node:fs'
import { concat, fromBuffer, type Bytes } from '../bytes.js'
import { AT_FDCWD, O_RDONLY } from '../sys/constants.js'
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

/** The mount namespaces of all processes but those that share ours; one that just ended is skipped. */
export const foreignNamespaces = (sys: Sys): ForeignNamespace[] => {
  const buffer = Buffer.allocUnsafe(64)
  const namespaceOf = (process: number | string): Bytes | undefined =>
    sys.readlinkat(AT_FDCWD, concat(`/proc/${process}/ns/mnt`), buffer)
  const seen = new Set([undefined, namespaceOf('thread-self')])
  const found: ForeignNamespace[] = []
  for (const pid of processIds()) {
    const namespace = namespaceOf(pid)
    if (seen.has(namespace)) continue
    try {
      const mounts = parseMountinfo(fromBuffer(fs.readFileSync(`/proc/${pid}/mountinfo`)))
      seen.add(namespace)
      found.push({ pid, mounts })
    } catch {
      continue
    }
  }
  return found
}

/**
 * A process named criu that has this directory open: CRIU holds its images directory from beginning
 * to end of a dump and a restore, and takes no lock on it.
 */
export const criuAtWork = (sys: Sys, directory: number): number | undefined => {
  const buffer = Buffer.allocUnsafe(4096)
  const { dev, ino } = fs.fstatSync(directory, { bigint: true })
  return processIds().find(
    (pid) => pid !== process.pid && isCriu(sys, pid, buffer) && holds(pid, dev, ino),
  )
}

/** "criu dump …", "criu: dump --rpc …", also behind a loader; not criu-gc, which takes a lock. */
const isCriu = (sys: Sys, pid: number, buffer: Buffer): boolean => {
  const fd = sys.tryOpenat(AT_FDCWD, concat(`/proc/${pid}/cmdline`), O_RDONLY)
  if (fd < 0) return false
  try {
    const length = fs.readSync(fd, buffer)
    if (length === 0 || buffer.subarray(0, length).indexOf('criu') < 0) return false
    const args = fromBuffer(buffer, 0, length).split('\0')
    return args.some((arg) => /(^|\/)criu(:|$)/.test(arg))
  } catch {
    return false
  } finally {
    sys.close(fd)
  }
}

const holds = (pid: number, dev: bigint, ino: bigint): boolean => {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const stat = fs.statSync(`/proc/${pid}/fd/${fd}`, { bigint: true, throwIfNoEntry: false })
      return stat?.dev === dev && stat.ino === ino
    })
  } catch {
    return false
  }
}
