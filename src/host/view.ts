// Our own mount namespace, and since when this machine runs.
import fs from 'node:fs'
import type { Time } from '../time.js'
import { readClocks, type Clocks } from './clock.js'
import { mountsIn, type HostMount } from './mountinfo.js'

/** What is mounted in our own mount namespace. */
export interface HostView {
  readonly mounts: readonly HostMount[]
  /** Device numbers in images from before this mean nothing now. */
  readonly bootedAt: Time
}

export const hostView = (clocks = readClocks()): HostView => ({
  mounts: readMounts(),
  bootedAt: bootTime(clocks),
})

const readMounts = (): HostMount[] => {
  const fd = fs.openSync('/proc/thread-self/mountinfo', fs.constants.O_RDONLY)
  try {
    return mountsIn(fd)
  } finally {
    fs.closeSync(fd)
  }
}

/** The kernel counts from boot; a second of doubt goes to "before boot", which trusts less. */
export const bootTime = ({ realtime, boottime }: Clocks): Time => ({
  sec: Math.ceil(realtime.sec - boottime) + 2,
  nsec: 0,
})
