// The same for a link that was found below a directory.
import { escapeText } from '../escape.js'
import type { FoundVerdict } from '../proof/found.js'
import type { Span } from '../proof/window.js'
import type { Stat } from '../sys/stat.js'
import { isBefore, toIso } from '../time.js'
import { explainKnown, typeName } from './explain.js'
import { doubted, kept, type Outcome } from './outcome.js'

export interface FoundDetails {
  readonly stat: Stat
  /** When they were changed, but for what clean-ups did. */
  readonly changed: Stat['ctime']
  readonly directoryChanged: Stat['ctime']
  readonly window: Span
  readonly heldBy: readonly string[]
  /** Images that are to be kept. */
  readonly wantedBy: string | undefined
  /** What could not be looked at. */
  readonly unseen: string | undefined
}

export const explainFound = (
  verdict: Exclude<FoundVerdict, { is: 'leftover' }>,
  details: FoundDetails,
): Outcome => {
  const { stat, changed, directoryChanged, window, heldBy, wantedBy, unseen } = details
  if (verdict.is === 'doubt')
    return doubted(
      verdict.doubt,
      verdict.doubt,
      `whether a process holds its file is not known: ${escapeText(unseen ?? 'not all were seen')}`,
      'has every container that could hold it ended? then --accept unseen removes it; if not, run this where all processes of the machine are seen',
    )
  switch (verdict.why) {
    case 'type':
      return kept('type', `it is a ${typeName(stat.mode)}, of which CRIU makes no links`)
    case 'name':
      return kept(
        'name',
        'no release of CRIU gives a link this name',
        'see who made it; if nobody needs it, remove it by hand',
      )
    case 'inode':
      return kept(
        'inode',
        'another file has its name by now',
        'run the same command again to see which',
      )
    case 'wanted':
      return kept(
        'wanted',
        `the images in ${escapeText(wantedBy ?? '')} list it, and are to be kept`,
      )
    case 'held':
      return kept(
        'held',
        `its file is in use: ${heldBy.map(escapeText).join(', ')}`,
        'if that is the container of the dump, "criu-gc clean --pid PID" finds out what is its',
      )
    case 'older':
      return kept(
        'older',
        isBefore(changed, window.from)
          ? `it was changed (${toIso(changed)}) before --since (${toIso(window.from)})`
          : `its directory was changed last (${toIso(directoryChanged)}) before --since (${toIso(window.from)}): the link was made before`,
        'see which dump was then; if it was given up, give an earlier time',
      )
    case 'newer':
      return kept(
        'newer',
        `it was changed (${toIso(changed)}) after --until (${toIso(window.to)}), or after this run began`,
        'see which dump was then; if it was given up, give a later time',
      )
    default:
      return explainKnown(verdict.why, stat)
  }
}
