// The host's own /proc: our mounts, when it booted, and the mount namespaces of other processes.
import fs from 'node:fs'
import os from 'node:os'
import { fromBuffer } from '../bytes.js'
import type { HostView } from '../plan/model.js'
import { parseMountinfo, type HostMount } from './mountinfo.js'

/** Our own mount namespace. */
export const hostView = (): HostView => ({
  mounts: parseMountinfo(fromBuffer(fs.readFileSync('/proc/thread-self/mountinfo'))),
  // The kernel counts from boot; a second of doubt goes to "before boot", which trusts less.
  bootedAt: { sec: Math.ceil(Date.now() / 1000 - os.uptime()) + 1, nsec: 0 },
})

/** Process ids, in no order. */
export const processIds = (): number[] =>
  fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

export interface ForeignNamespace {
  /** A process that is in it. */
  readonly pid: number
  readonly mounts: readonly HostMount[]
}

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
 * to end of a dump and a restore (and takes no lock on it).
 */
export const criuAtWork = (directory: number): number | undefined => {
  const { dev, ino } = fs.fstatSync(directory, { bigint: true })
  for (const pid of processIds())
    if (pid !== process.pid && isCriu(pid) && holds(pid, dev, ino)) return pid
  return undefined
}

/** "criu dump …", "criu: dump --rpc …", also behind a loader; not criu-gc, which takes a lock. */
const isCriu = (pid: number): boolean => {
  try {
    const args = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
    return args.some((arg) => /(^|\/)criu(:|$)/.test(arg))
  } catch {
    return false
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
