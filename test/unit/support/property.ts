// Properties. Apart from the other forms, because fast-check takes longer to load than most tests to run.
import fc from 'fast-check'
import type { Test } from './check.js'

/** A property; what falsified it, shrunk, with its seed, is in the diagnostics. */
export const holds = <T>(
  t: Test,
  what: string,
  property: fc.IRawProperty<T, false>,
  numRuns = 200,
): void => {
  const result = fc.check(property, { numRuns })
  if (result.failed) t.fail(what, { report: fc.defaultReportMessage(result) })
  else t.pass(what)
}
