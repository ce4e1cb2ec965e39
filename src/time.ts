// Times as the kernel gives them; a double holds nanoseconds since 1970 only to the quarter second.

export interface Time {
  readonly sec: number
  readonly nsec: number
}

export const isAfter = (time: Time, other: Time): boolean =>
  time.sec > other.sec || (time.sec === other.sec && time.nsec > other.nsec)

export const isBefore = (time: Time, other: Time): boolean => isAfter(other, time)

export const isSameTime = (time: Time, other: Time): boolean =>
  time.sec === other.sec && time.nsec === other.nsec

/** `seconds` later, or earlier where negative. */
export const plus = (time: Time, seconds: number): Time => {
  if (seconds === 0) return time
  const { sec, nsec } = time
  const whole = Math.floor(seconds)
  const total = nsec + Math.round((seconds - whole) * 1e9)
  const carry = total >= 1e9 ? 1 : 0
  return { sec: sec + whole + carry, nsec: total - carry * 1e9 }
}

/** From `start` to `end` in seconds, negative where that is earlier. */
export const secondsBetween = (start: Time, end: Time): number =>
  end.sec - start.sec + (end.nsec - start.nsec) / 1e9

/** The first and the last of some times; undefined where there is none. */
export const earliestOf = (times: Iterable<Time>): Time | undefined => {
  let first: Time | undefined
  for (const time of times) if (first === undefined || isAfter(first, time)) first = time
  return first
}

export const latestOf = (times: Iterable<Time>): Time | undefined => {
  let last: Time | undefined
  for (const time of times) if (last === undefined || isAfter(time, last)) last = time
  return last
}

/** A file system holds times that a Date does not: those are told in seconds since 1970. */
export const toIso = ({ sec, nsec }: Time): string => {
  const date = new Date(sec * 1000)
  const fraction = String(nsec).padStart(9, '0')
  if (Number.isNaN(date.getTime())) return `${sec}.${fraction} s`
  return `${date.toISOString().replace(/\.\d+Z$/, '')}.${fraction}Z`
}

/**
 * The last moment that a recorded time may mean: a time without nanoseconds comes from a file system
 * or an archive that keeps whole seconds, and says no more than which second it was.
 */
export const latestMeaning = (time: Time): Time =>
  time.nsec === 0 ? { sec: time.sec, nsec: 999_999_999 } : time

/** Of nanoseconds since 1970, as Node tells times of files; before that `nsec` still counts forward. */
export const ofNanoseconds = (nanoseconds: bigint): Time => {
  const nsec = ((nanoseconds % BILLION) + BILLION) % BILLION
  return { sec: Number((nanoseconds - nsec) / BILLION), nsec: Number(nsec) }
}
const BILLION = 1_000_000_000n
