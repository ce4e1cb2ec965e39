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

/** The first doubt to which the caller has not consented, if there is one. Makes nothing: there may be many links. */
export const judgeLink = (facts: LinkFacts, accepts: (doubt: Doubt) => boolean): LinkVerdict => {
  const { born, changed, directoryChanged } = facts
  const why = judgeKnown(facts)
  if (why !== undefined) return KNOWN[why]
  if (born === 'after' && !accepts('newer')) return BORN
  if (changed === 'before' && !accepts('older')) return OLD_LINK
  if (directoryChanged === 'before' && !accepts('older')) return OLD_DIRECTORY
  if (changed === 'after' && directoryChanged === 'after' && !accepts('newer')) return BOTH
  if (facts.place === 'the-one' && directoryChanged === 'within') return OWN
  if (!facts.isMode && !accepts('mismatch')) return MODE
  if (!facts.isSize && !accepts('mismatch')) return SIZE
  return OWN
}

/** What forbids it, whatever else is so. */
export const judgeKnown = ({
  isType,
  isMountpoint,
  isImmutable,
}: Pick<LinkFacts, 'isType' | 'isMountpoint' | 'isImmutable'>): Known | undefined => {
  if (!isType) return 'type'
  if (isMountpoint) return 'mountpoint'
  return isImmutable ? 'immutable' : undefined
}

const known = (why: Known): LinkVerdict => ({ is: 'known', why })
const doubt = (name: Doubt, why: LinkDoubt): LinkVerdict => ({ is: 'doubt', doubt: name, why })

const OWN: LinkVerdict = { is: 'own' }
const KNOWN: Readonly<Record<Known, LinkVerdict>> = {
  type: known('type'),
  mountpoint: known('mountpoint'),
  immutable: known('immutable'),
}
const BORN = doubt('newer', 'born')
const OLD_LINK = doubt('older', 'link')
const OLD_DIRECTORY = doubt('older', 'directory')
const BOTH = doubt('newer', 'both')
const MODE = doubt('mismatch', 'mode')
const SIZE = doubt('mismatch', 'size')
