// Images of two dumps: the later one wrote over what the earlier one had listed. Where its container is known, one command
// line finds the earlier links by their time.
import { commandLine } from '../escape.js'
import { earliestOf, isBefore, latestOf, plus, type Time } from '../time.js'
import type { Consent } from '../proof/doubts.js'
import type { Proposal } from './proposal.js'
import type { Report } from './report.js'

/** The directories of a container, and the time between its first image and the beginning of its second dump. */
export const scanCommand = (
  { command, checkpoint, directories = [] }: Pick<Report, 'command' | 'checkpoint' | 'directories'>,
  accept: Consent,
): Proposal | undefined => {
  if (checkpoint.dump !== 'mixed' || directories.length === 0) return undefined
  const first = earliestOf(checkpoint.writings)
  const last = checkpoint.hints.dumpLog?.begun ?? latestOf(checkpoint.writings)
  if (first === undefined || last === undefined || !isBefore(first, last)) return undefined
  const words = ['--since', at(plus(first, -MARGIN)), '--until', at(last)]
  const line = commandLine([
    ...['criu-gc', 'scan', ...directories, ...words],
    ...(accept.has('unseen') ? ['--accept', 'unseen'] : []),
    ...(command === 'clean' ? ['--remove'] : []),
  ])
  return { kind: 'by-time', line }
}

/** In seconds. Times of files have the grain of the kernel's clock tick. */
const MARGIN = 0.01

const at = ({ sec, nsec }: Time): string => `@${sec}.${String(nsec).padStart(9, '0')}`
