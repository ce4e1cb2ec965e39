// Is what has the name of the link the link that this dump made? Told by what was seen through one held
// fd, and by its directory.
//
// Known, whatever the caller consents to: another type, a directory, a mount point, immutable.
//
// | inode born | directory changed | link changed | and then | it is |
// |---|---|---|---|---|
// | after the dump | any | any | | newer: a copy of the tree |
// | before its end | any | before | | older |
// | | before | any | | older: nobody made a link in that directory since |
// | | within, the one | within, restored, after | | its own: only a link's making or going changes its directory |
// | | within, restored, after | within, restored | size and mode fit | its own |
// | | within, restored | after | size and mode fit | its own: changed in place |
// | | after | after | | newer |
// | | otherwise | otherwise | they do not fit | mismatch |
//
// "restored": by a failed restore of these images, or by a clean-up that told us.
import type { Doubt } from './doubts.js'
import type { Place } from './place.js'
import type { When } from './window.js'

export interface LinkFacts {
  /** Of the inode; undefined where the file system does not say. */
  readonly born: When | undefined
  readonly changed: When
  readonly directoryChanged: When
  /** `possible` also where the caller has consented to take it for the one. */
  readonly place: Exclude<Place['is'], 'elsewhere'>
  /** The type is that of the dumped file, and no directory. */
  readonly isType: boolean
  readonly isMountpoint: boolean
  readonly isImmutable: boolean
  readonly isMode: boolean
  readonly isSize: boolean
}

export type Known = 'type' | 'mountpoint' | 'immutable'

export type LinkVerdict =
  | { readonly is: 'own' }
  | { readonly is: 'known'; readonly why: Known }
  | { readonly is: 'doubt'; readonly doubt: Doubt; readonly why: LinkDoubt }

/** What it is that speaks against it. */
export type LinkDoubt = 'born' | 'link' | 'directory' | 'both' | 'mode' | 'size'

const OWN: LinkVerdict = { is: 'own' }
const known = (why: Known): LinkVerdict => ({ is: 'known', why })
const doubt = (name: Doubt, why: LinkDoubt): LinkVerdict => ({ is: 'doubt', doubt: name, why })

/** The first doubt to which the caller has not consented, if there is one. */
export const judgeLink = (facts: LinkFacts, accepts: (doubt: Doubt) => boolean): LinkVerdict => {
  if (!facts.isType) return known('type')
  if (facts.isMountpoint) return known('mountpoint')
  if (facts.isImmutable) return known('immutable')
  for (const verdict of doubtsOf(facts)) if (!accepts(verdict.doubt)) return verdict
  return OWN
}

type Doubtful = Extract<LinkVerdict, { is: 'doubt' }>

const doubtsOf = (facts: LinkFacts): Doubtful[] => {
  const { born, changed, directoryChanged, place } = facts
  const found = [
    born === 'after' && doubt('newer', 'born'),
    changed === 'before' && doubt('older', 'link'),
    directoryChanged === 'before' && doubt('older', 'directory'),
    changed === 'after' && directoryChanged === 'after' && doubt('newer', 'both'),
    !(place === 'the-one' && directoryChanged === 'within') && misfit(facts),
  ]
  return found.filter((one) => one !== false) as Doubtful[]
}

const misfit = ({ isMode, isSize }: LinkFacts): LinkVerdict | false =>
  !isMode ? doubt('mismatch', 'mode') : !isSize && doubt('mismatch', 'size')
