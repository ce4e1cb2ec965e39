// The few forms that the unit tests have.
import tap, { type Test } from 'tap'
import { GcError, type ExitName } from '../../../src/errors.js'

export type { Test }

/** A test without promises, as the program is. */
export const test = (name: string, body: (t: Test) => void): void => {
  void tap.test(name, (t) => {
    body(t)
    t.end()
  })
}

/** What is only believed of root, or done by it. */
export const asRoot: typeof test =
  process.getuid?.() === 0
    ? test
    : (name) => {
        tap.pass(name, { skip: 'needs root' })
      }

/** The call ends with a GcError of that exit and a message that matches; the error is returned. */
export const refuses = (
  t: Test,
  act: () => unknown,
  exit: ExitName,
  message: RegExp,
  what = `${exit}: ${String(message)}`,
): GcError | undefined => {
  try {
    act()
  } catch (error) {
    if (!(error instanceof GcError)) throw error
    t.match({ exit: error.exit, message: error.message }, { exit, message }, what)
    return error
  }
  t.fail(`${what}: was not refused`)
  return undefined
}
