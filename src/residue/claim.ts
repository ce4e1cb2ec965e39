// What of a living tree a dump claims as its work, by its images and its log: it has to have been killed, and to have begun
// when the tree was there. A log may be forged: it decides only about things of this very tree that have CRIU's shape.
import type { Checkpoint } from '../checkpoint/model.js'
import type { Living } from '../host/living/living.js'
import { isAfter, plus } from '../time.js'
import type { Claim } from './facts.js'

export const NO_CLAIM: Claim = { froze: undefined, hasCome: () => false }

/** In seconds: the start of a process is known to a clock tick, and the time of a file to about as much. */
const APART = 0.05

export const claimOf = (
  { hints: { dumpLog }, dump, times }: Pick<Checkpoint, 'hints' | 'dump' | 'times'>,
  { started }: Pick<Living, 'started'>,
): Claim => {
  if (dumpLog !== undefined) {
    const isOfTree = dumpLog.ended === 'unknown' && !isAfter(started, plus(dumpLog.begun, APART))
    if (!isOfTree) return NO_CLAIM
    const { froze, dumping } = dumpLog
    // A log that says little leaves it to the images.
    if (dumping !== undefined) return { froze, hasCome: (pid) => dumping.includes(pid) }
  }
  const { written } = times
  const isOfTree =
    (dump === 'killed' || dump === 'mixed') &&
    written !== undefined &&
    !isAfter(started, plus(written, APART))
  return { froze: dumpLog?.froze, hasCome: () => isOfTree }
}
