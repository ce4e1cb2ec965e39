// An end to what others can make as long as they like. A mount costs some microseconds, but where a
// container has laid 100,000 on each other the kernel goes through all that are below, for each.

/** Enough for two million mounts that lie beside each other. */
const PATIENCE = 10_000

export const TOO_LONG = 'the mount tables of this machine take too long to read'

/** More was to be done than there is time. */
export class OutOfTime extends Error {}

/** To be called now and then. @throws OutOfTime */
export type Check = () => void

/** Rows between two looks at the clock. */
const SELDOM = 64

export const newPatience = (milliseconds = PATIENCE): Check => {
  // Not performance.now(), for which Node loads a module.
  const until = process.hrtime.bigint() + BigInt(milliseconds) * 1_000_000n
  let count = 0
  return () => {
    if (count++ % SELDOM === 0 && process.hrtime.bigint() > until)
      throw new OutOfTime('out of time')
  }
}

/** Whether `act` came to its end. */
export const inTime = (act: () => void): boolean => {
  try {
    act()
    return true
  } catch (error) {
    if (error instanceof OutOfTime) return false
    throw error
  }
}
