// Is what is missing gone? The link, its directory, or all that was mounted.
//
// | who removed it | the directory is | and | it is |
// |---|---|---|---|
// | any | not the one | | elsewhere |
// | a clean-up | any | there | gone, proven |
// | CRIU, by its log | any | there and reached, changed since the dump began, not made after it | gone, proven |
// | | any | otherwise | gone as far as can be seen |
// | not known | any | nothing of its mount was reached | out of reach |
// | | any | unchanged since before the dump, or made after it | out of reach: not the one that the dump saw |
// | | the one | there, and was changed since the dump began | gone, proven |
// | | possible | there, and was changed since the dump began | gone as far as can be seen |
// | | any | gone itself; what is left of its path was changed since the dump began | gone as far as can be seen |
//
// Making a link changes its directory, and so does removing it.
import type { Place } from './place.js'
import type { When } from './window.js'

export interface AbsenceFacts {
  readonly place: Place['is']
  /** Something of the mount was found: an unmounted rootfs is an empty directory. */
  readonly isReached: boolean
  /** The directory of the link is there. */
  readonly isDirectoryThere: boolean
  /** Of the directory, or of the deepest one on its path that is left. */
  readonly changed: When
  readonly born: When | undefined
  /** A clean-up has removed it from this very directory. */
  readonly isOurAct: boolean
  /** CRIU has, by its log. */
  readonly isRolledBack: boolean
}

export type Absence = 'proven' | 'unproven' | 'elsewhere' | 'unreached' | 'unchanged' | 'made-later'

export const judgeAbsence = ({
  place,
  isReached,
  isDirectoryThere,
  changed,
  born,
  isOurAct,
  isRolledBack,
}: AbsenceFacts): Absence => {
  if (place === 'elsewhere') return 'elsewhere'
  if (isOurAct && isDirectoryThere) return 'proven'
  const isPossible = isReached && changed !== 'before' && born !== 'after'
  if (isRolledBack) return isPossible && isDirectoryThere ? 'proven' : 'unproven'
  if (!isReached) return 'unreached'
  if (changed === 'before') return 'unchanged'
  if (born === 'after') return 'made-later'
  return place === 'the-one' && isDirectoryThere ? 'proven' : 'unproven'
}
