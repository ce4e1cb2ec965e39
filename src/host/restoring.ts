// Whether a CRIU runs that may be restoring something. What one that was killed has left running is none.
import { isOrphan } from './orphans.js'
import { argumentsOf, criuIn, processIds } from './processes.js'

/** What makes no file in a container; a service may do anything. */
const OTHERS = new Set(['dump', 'pre-dump', 'check'])

/** By the words of its command line: "criu restore …", "criu swrk 3". */
export const mayRestore = (words: readonly string[]): boolean => {
  const at = criuIn(words)
  return at >= 0 && !OTHERS.has(words[at + 1] ?? '')
}

export const isRestoreThere = (): boolean =>
  processIds().some((pid) => mayRestore(argumentsOf(pid)) && !isOrphan(pid))
