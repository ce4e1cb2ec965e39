// The clocks of this machine, read together: an image may have what the kernel's said at the dump.
import type { Time } from '../time.js'
import { kernelText } from './kernel-text.js'

export interface Clocks {
  readonly realtime: Time
  /** Seconds since boot, with and without the time in suspend. */
  readonly boottime: number
  readonly monotonic: number
}

/** In seconds: what lies between two readings where nothing else ran meanwhile. */
const AT_ONCE = 0.005
const TRIES = 10

export const readClocks = (): Clocks => {
  let monotonic = readMonotonic()
  let now = Date.now()
  // On a busy machine a reading may be far from the next one.
  for (let tries = 0; tries < TRIES && readMonotonic() - monotonic > AT_ONCE; tries++) {
    monotonic = readMonotonic()
    now = Date.now()
  }
  return {
    realtime: { sec: Math.floor(now / 1000), nsec: (now % 1000) * 1e6 },
    boottime: monotonic + readSuspended(monotonic),
    monotonic,
  }
}

/** As checkpoints take it: seconds since 1970, and since boot. */
export const toNow = ({ realtime, boottime }: Clocks): { now: number; uptime: number } => ({
  now: realtime.sec + realtime.nsec / 1e9,
  uptime: boottime,
})

const readMonotonic = (): number => Number(process.hrtime.bigint()) / 1e9

/** proc_uptime(5) counts in hundredths, and with the time in suspend. */
const readSuspended = (monotonic: number): number => {
  const [uptime] = kernelText('/proc/uptime').split(' ')
  const suspended = Number(uptime) - monotonic
  return suspended > 1 ? suspended : 0
}
