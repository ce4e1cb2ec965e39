// What people read of a ghost file that a restore may have left, and whether it goes. Pure.
import type { Bytes } from '../bytes.js'
import { escape } from '../escape.js'
import type { Consent } from '../proof/doubts.js'
import type { Repairs } from './repairs.js'
import type { ResidueRow } from './undo.js'

export interface GhostFound {
  /** Its path in the container. */
  readonly path: Bytes
  /** In what it is another one than a restore of these images would make. */
  readonly differs: string | undefined
  readonly heldBy: readonly string[]
  /** Why somebody may hold it who was not seen. */
  readonly unseen: string | undefined
}

/** `go`: it may be removed. */
export interface GhostPlan {
  readonly go: boolean
  readonly row: Omit<ResidueRow, 'verdict'>
}

export const planGhost = (
  { path, differs, heldBy, unseen }: GhostFound,
  isRestoring: boolean,
  { kinds }: Repairs,
  accept: Consent,
): GhostPlan => {
  const isAsked = kinds.has('ghosts')
  const found = { kind: 'ghosts', where: escape(path) } as const
  const kept = (reason: NonNullable<ResidueRow['reason']>, message: string): GhostPlan => ({
    go: false,
    row: { ...found, what: OF_THIS, reason, message, repair: 'ghosts' },
  })
  if (differs !== undefined)
    return {
      go: false,
      row: {
        ...{ ...found, reason: 'foreign' },
        what: "it has the name of a ghost file of these images, and nothing shows that it is a restore's",
        message: `${differs}: if a restore was killed and nobody needs it, remove it by hand`,
      },
    }
  if (heldBy.length > 0) return kept(isAsked ? 'held' : 'unasked', `held by ${heldBy.join(', ')}`)
  if (!isAsked) return { go: false, row: { ...found, what: OF_THIS, ...UNASKED } }
  if (isRestoring)
    return kept('busy', 'a CRIU runs that may restore it now: try again when it has ended')
  if (unseen !== undefined && !accept.has('unseen'))
    return kept(
      'unseen',
      `somebody may hold it, not seen were ${unseen}: if nobody does, --accept unseen removes it`,
    )
  return { go: true, row: { ...found, what: OF_THIS, repair: 'ghosts' } }
}

const OF_THIS = 'a ghost file of a restore of these images that failed or was killed'
const UNASKED = { reason: 'unasked', repair: 'ghosts' } as const
