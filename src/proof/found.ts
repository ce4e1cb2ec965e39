// Is a link that was found below a directory, and not by images or by who holds it, a leftover of the time that the
// caller names? Nothing of the link itself says whose it is: the caller does, by that time.
//
// | what it is | a wanted checkpoint lists it | somebody holds it | it was changed | its directory was changed | it is |
// |---|---|---|---|---|---|
// | another type, a mount point, immutable, another file by now | any | any | any | any | known to be wrong |
// | a name that CRIU writes in no release | any | any | any | any | name, known |
// | a link | yes | any | any | any | wanted, known |
// | | no | yes | any | any | held, known: --pid tells whose it is |
// | | no | no | before the time begins | any | older, known |
// | | no | no | after it ends | any | newer, known |
// | | no | no | within | before the time begins | older, known: nobody made a link in that directory since |
// | | no | not all processes were seen | within | within or later | unseen, doubt |
// | | no | no | within | within or later | a leftover |
//
// What clean-ups changed themselves counts as if they had not.
import { isAfter, isBefore, latestMeaning, type Time } from '../time.js'
import type { Doubt } from './doubts.js'
import { judgeKnown, type Known } from './link.js'
import type { Span } from './window.js'

export interface FoundFacts {
  /** One that a release of CRIU gives. */
  readonly isName: boolean
  /** CRIU makes links of this type. */
  readonly isType: boolean
  readonly isMountpoint: boolean
  readonly isImmutable: boolean
  /** What has the name is what was found. */
  readonly isSameInode: boolean
  readonly isWanted: boolean
  /** `unknown`: nobody was seen, and not all were. */
  readonly held: 'no' | 'yes' | 'unknown'
  readonly changed: Moment
  readonly directoryChanged: Moment
}

export type Moment = 'before' | 'within' | 'after'

export type FoundKnown = Known | 'name' | 'inode' | 'wanted' | 'held' | 'older' | 'newer'

export type FoundVerdict =
  | { readonly is: 'leftover' }
  | { readonly is: 'known'; readonly why: FoundKnown }
  | { readonly is: 'doubt'; readonly doubt: Extract<Doubt, 'unseen'> }

export const judgeFound = (facts: FoundFacts, accepts: (doubt: Doubt) => boolean): FoundVerdict => {
  const why = knownOf(facts)
  if (why !== undefined) return { is: 'known', why }
  return facts.held === 'unknown' && !accepts('unseen')
    ? { is: 'doubt', doubt: 'unseen' }
    : { is: 'leftover' }
}

const knownOf = (facts: FoundFacts): FoundKnown | undefined => {
  const wrong = judgeKnown(facts)
  if (wrong !== undefined) return wrong
  if (!facts.isSameInode) return 'inode'
  if (!facts.isName) return 'name'
  if (facts.isWanted) return 'wanted'
  if (facts.held === 'yes') return 'held'
  if (facts.changed === 'before' || facts.directoryChanged === 'before') return 'older'
  return facts.changed === 'after' ? 'newer' : undefined
}

/** A time that may mean more than one moment is within where all of them are. */
export const momentOf = (time: Time, { from, to }: Span): Moment => {
  if (isBefore(time, from)) return 'before'
  return isAfter(latestMeaning(time), to) ? 'after' : 'within'
}
