// The report: everything that a caller may want to know, before any formatting.
import type { Checkpoint } from '../checkpoint/model.js'
import type { OtherLinks } from '../collect/others.js'
import type { Outcome, Verdict } from '../collect/outcome.js'
import type { ExitName } from '../errors.js'
import type { Living } from '../host/living/living.js'
import type { ConstructedMount } from '../namespaces/construct.js'
import type { PlannedRemap } from '../plan/planned.js'
import type { NetworkRow } from '../network/undo.js'
import type { ResidueRow } from '../residue/undo.js'
import type { Scope } from '../prepare-left.js'
import type { Derived } from '../runtimes/derive.js'
import type { SignalName } from '../sys/signals.js'

export type Command = 'show' | 'clean'

export interface ReportedRemap {
  readonly planned: PlannedRemap
  readonly outcome: Outcome
}

export interface ReportedResidue {
  readonly rows: readonly ResidueRow[]
  /** What could not be looked at, a phrase each. */
  readonly unread: readonly string[]
  /** The caller wants some of it undone. */
  readonly isAsked: boolean
}

export interface Report {
  readonly command: Command
  readonly checkpoint: Checkpoint
  /** The container of --pid. */
  readonly living?: Pick<Living, 'pid' | 'started' | 'pids' | 'namespaces' | 'unread'> | undefined
  /** What the dump closed, and what could not be looked at for that. Undefined where it was not looked for. */
  readonly network?:
    { readonly rows: readonly NetworkRow[]; readonly unread: readonly string[] } | undefined
  /** Undefined: all. */
  readonly only?: ReadonlySet<Scope>
  /** What else a dump left, and what became of it. */
  readonly residue?: ReportedResidue
  /** The command line without the program. */
  readonly words?: readonly string[]
  /** Options that a container's runtime told. */
  readonly derived?: readonly Derived[]
  /** Of the container whose images were written over: links of the earlier dump may be there. */
  readonly directories?: readonly string[]
  readonly mounts: readonly ConstructedMount[]
  readonly remaps: readonly ReportedRemap[]
  /** Links that these images do not list, in directories that were looked into. */
  readonly others: readonly OtherLinks[]
  /** The signal that ended the run early. */
  readonly interrupted: SignalName | undefined
}

export const VERDICTS: readonly Verdict[] = [
  'removed',
  'would-remove',
  'absent',
  'vanished',
  'kept',
  'failed',
]

export type Totals = Readonly<Record<Verdict, number>> & { readonly remaps: number }

export const totalsOf = ({ remaps }: Report): Totals => {
  const totals = { remaps: remaps.length } as Record<Verdict | 'remaps', number>
  for (const verdict of VERDICTS) totals[verdict] = 0
  for (const { outcome } of remaps) totals[outcome.verdict] += 1
  return totals
}

/** Whether what is not there is known to be gone. */
export const isProven = ({ remaps }: Report): boolean =>
  remaps.every(({ outcome }) => outcome.proven !== false)

/** A whole dump whose links are all there, as far as they are not in its own images: a restore can still find them. */
export const isRestorable = ({ checkpoint, remaps }: Report): boolean =>
  checkpoint.complete &&
  !checkpoint.preDump &&
  remaps.every(({ outcome: { verdict, reason } }) => STILL.has(verdict) || reason === 'duplicate')

const STILL: ReadonlySet<Verdict> = new Set(['would-remove', 'kept', 'vanished'])

/** Precedence: alarm, interrupted, leftovers, incomplete, clean. */
export const exitOf = (report: Report): ExitName => {
  const totals = totalsOf(report)
  const residue = report.residue?.rows ?? []
  if (report.remaps.some(({ outcome }) => outcome.alarm)) return 'alarm'
  if (residue.some(({ alarm }) => alarm)) return 'alarm'
  if (report.interrupted !== undefined) return 'interrupted'
  const rows = report.network?.rows ?? []
  const isAnyLeft = rows.some(isLeft) || residue.some(isResidueLeft)
  if (totals.kept + totals.failed + totals['would-remove'] > 0 || isAnyLeft) return 'leftovers'
  // What was not looked for leaves no question.
  const isWhole =
    report.only?.has('links') === false ||
    (report.checkpoint.complete && (report.living?.unread ?? []).length === 0)
  const unread = report.residue?.isAsked === true ? report.residue.unread : []
  const isSeen = (report.network?.unread ?? []).length + unread.length === 0
  return isWhole && isSeen && isProven(report) ? 'clean' : 'incomplete'
}

/** A network namespace that ended is worth a line only to those who ask for more. */
export const toldRows = ({ network }: Pick<Report, 'network'>): readonly NetworkRow[] =>
  (network?.rows ?? []).filter(({ verdict }) => verdict !== 'vanished')

/** What is somebody else's is no leftover. */
export const isLeft = ({ verdict, reason }: NetworkRow): boolean =>
  (verdict === 'kept' && reason !== 'other-run' && reason !== 'foreign') ||
  verdict === 'failed' ||
  verdict === 'would-remove'

/** What nobody wants undone is only named, and so is somebody else's. */
export const isResidueLeft = ({ verdict, reason }: ResidueRow): boolean =>
  (verdict === 'kept' && reason !== undefined && LEFT.has(reason)) ||
  verdict === 'failed' ||
  verdict === 'would-remove'

const LEFT: ReadonlySet<ResidueRow['reason']> = new Set([
  ...(['busy', 'locked', 'held', 'unseen', 'interrupted'] as const),
])
