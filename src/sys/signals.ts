// The signals that ask a process to end. While links are removed they are only noted: the link in hand is finished,
// the report says what was done, and then the process ends by that very signal.
import type { Sys } from './sys.js'

export const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const
export type SignalName = (typeof SIGNALS)[number]

/** The same on every architecture; node:os, which has them, takes half a millisecond of each start to load. */
const NUMBERS: Readonly<Record<SignalName, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

export const signalNumber = (name: SignalName): number => NUMBERS[name]

/** What a shell calls the exit status of a process that a signal ended, for one that ends itself instead. */
export const SIGNALLED = 128

/**
 * From now on, until the process ends. Which of them our parent had ignored cannot be known: Node has made that
 * undone at its start.
 */
export const noteSignals = (sys: Sys): void => {
  for (const name of SIGNALS) sys.noteSignal(signalNumber(name))
}

/** The first one that came. */
export const notedSignal = (sys: Sys): SignalName | undefined => {
  const number = sys.notedSignal()
  return number === 0 ? undefined : SIGNALS.find((name) => signalNumber(name) === number)
}

/** Does not return: the first process of a pid namespace has no signal that ends it. */
export const endBySignal = (sys: Sys, name: SignalName): void => {
  sys.endBySignal(process.pid, signalNumber(name))
  sys.exitGroup(SIGNALLED + signalNumber(name))
}
