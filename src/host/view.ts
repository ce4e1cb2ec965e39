// Our own mount namespace, and since when this machine runs.
import fs from 'node:fs'
import os from 'node:os'
import { fromBuffer } from '../bytes.js'
import type { Time } from '../time.js'
import { parseMountinfo, type HostMount } from './mountinfo.js'

/** What is mounted in our own mount namespace. */
export interface HostView {
  readonly mounts: readonly HostMount[]
  /** Device numbers in images from before this mean nothing now. */
  readonly bootedAt: Time
}

export const hostView = (): HostView => {
  let bootedAt: Time | undefined
  return {
    mounts: parseMountinfo(fromBuffer(fs.readFileSync('/proc/thread-self/mountinfo'))),
    // Few plans ask for it.
    get bootedAt() {
      return (bootedAt ??= bootTime())
    },
  }
}

/** The kernel counts from boot; a second of doubt goes to "before boot", which trusts less. */
export const bootTime = (): Time => ({
  sec: Math.ceil(Date.now() / 1000 - os.uptime()) + 1,
  nsec: 0,
})
