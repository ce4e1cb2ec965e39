// The clocks of this machine, read together: an image may have what the kernel's said at the dump.
import fs from 'node:fs'
import type { Time } from '../time.js'

export interface Clocks {
  readonly realtime: Time
  /** Seconds since boot, with and without the time in suspend; in hundredths and nanoseconds. */
  readonly boottime: number
  readonly monotonic: number
}

export const readClocks = (): Clocks => {
  const [boottime] = fs.readFileSync('/proc/uptime', 'latin1').split(' ')
  const now = Date.now()
  return {
    realtime: { sec: Math.floor(now / 1000), nsec: (now % 1000) * 1e6 },
    boottime: Number(boottime),
    monotonic: Number(process.hrtime.bigint()) / 1e9,
  }
}
