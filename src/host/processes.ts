// What other processes do: who is CRIU, who has other mounts. A host may have thousands of processes,
// so each costs a few plain system calls on one buffer.
import fs from 'node:fs'
import { fromBuffer } from '../bytes.js'
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
export const foreignNamespaces = (): ForeignNamespace[] => {
  const seen = new Set([fs.readlinkSync('/proc/thread-self/ns/mnt')])
  const found: ForeignNamespace[] = []
  for (const pid of processIds())
    try {
      const namespace = fs.readlinkSync(`/proc/${pid}/ns/mnt`)
      if (seen.has(namespace)) continue
      const mounts = parseMountinfo(fromBuffer(fs.readFileSync(`/proc/${pid}/mountinfo`)))
      seen.add(namespace)
      found.push({ pid, mounts })
    } catch {
      continue
    }
  return found
}

/**
 * A process named criu that has this directory open: CRIU holds its images directory from beginning
 * to end of a dump and a restore, and takes no lock on it.
 */
export const criuAtWork = (directory: number): number | undefined => {
  const buffer = Buffer.allocUnsafe(4096)
  const { dev, ino } = fs.fstatSync(directory, { bigint: true })
  return processIds().find(
    (pid) => pid !== process.pid && isCriu(pid, buffer) && holds(pid, dev, ino),
  )
}

/** "criu dump …", "criu: dump --rpc …", also behind a loader; not criu-gc, which takes a lock. */
const isCriu = (pid: number, buffer: Buffer): boolean => {
  let fd: number
  try {
    fd = fs.openSync(`/proc/${pid}/cmdline`, 'r')
  } catch {
    return false
  }
  try {
    const length = fs.readSync(fd, buffer)
    if (length === 0 || buffer.subarray(0, length).indexOf('criu') < 0) return false
    const args = buffer.toString('latin1', 0, length).split('\0')
    return args.some((arg) => /(^|\/)criu(:|$)/.test(arg))
  } catch {
    return false
  } finally {
    fs.closeSync(fd)
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
