// When the dump was, by this host's clock.
import fs from 'node:fs'
import type { Checkpoint } from '../checkpoint/model.js'
import { isAfter, type Time } from '../time.js'

/** Between these each link was made, and its directory changed by that. */
export interface DumpTimes {
  readonly begunAt: Time
  readonly writtenAt: Time
}

/** Of images that are all missing. */
const NEVER: Time = { sec: 0, nsec: 0 }

/** How far the moment may be off, and how long before it a dump may have begun; in seconds. */
const DOUBT = 0.125
const DUMP = 600

/**
 * The times of the images; where they are later than the moment of which the dump itself tells, that
 * moment: they are copies, or were written by a clock that was ahead. `now` is since 1970, `uptime` since
 * boot, in seconds.
 */
export const dumpTimes = (
  { writtenAt = NEVER, begunAt = NEVER, bootClock }: Partial<Checkpoint>,
  now: number,
  uptime: number,
): DumpTimes => {
  const times = { begunAt, writtenAt }
  if (bootClock === undefined) return times
  const moment = now - (uptime - bootClock.sec - bootClock.nsec / 1e9)
  const last = toTime(moment + DOUBT)
  // Of another boot: the moment would be later than the images, or in the future.
  if (bootClock.sec > uptime || !isAfter(writtenAt, last)) return times
  return {
    begunAt: isAfter(begunAt, last) ? toTime(moment - DUMP) : begunAt,
    writtenAt: last,
  }
}

const toTime = (seconds: number): Time => ({
  sec: Math.floor(seconds),
  nsec: Math.floor((seconds % 1) * 1e9),
})

/** Seconds since boot, in hundredths; proc_uptime(5). */
export const uptime = (): number => Number(fs.readFileSync('/proc/uptime', 'latin1').split(' ')[0])
