// The report of `scan`: everything that a caller may want to know, before any formatting.
import type { Outcome } from '../collect/outcome.js'
import type { ExitName } from '../errors.js'
import type { Top } from '../host/below/top.js'
import type { FoundName } from '../host/below/walk.js'
import type { Known, ReadImages } from '../prepare-found.js'
import type { Span } from '../proof/window.js'
import type { SignalName } from '../sys/signals.js'

export interface ReportedName {
  readonly found: FoundName
  readonly about: Known
  /** Undefined where no time was given: it is there, and nobody has asked whose it is. */
  readonly outcome: Outcome | undefined
}

export interface FoundReport {
  readonly tops: readonly Top[]
  readonly images: readonly ReadImages[]
  readonly window: Span | undefined
  readonly names: readonly ReportedName[]
  readonly directories: number
  readonly otherMounts: number
  /** What could not be looked at below them, and of processes and mounts, a phrase each. */
  readonly unread: readonly string[]
  readonly unseen: readonly string[]
  readonly interrupted: SignalName | undefined
}

export const FOUND_VERDICTS = [
  'found',
  'removed',
  'would-remove',
  'absent',
  'kept',
  'failed',
] as const

export type FoundVerdict = (typeof FOUND_VERDICTS)[number]

export const verdictOf = ({ outcome }: Pick<ReportedName, 'outcome'>): FoundVerdict => {
  const verdict = outcome?.verdict ?? 'found'
  // Of a file system that died nothing can be found.
  return verdict === 'vanished' ? 'absent' : verdict
}

export type FoundTotals = Readonly<Record<FoundVerdict, number>> & { readonly links: number }

export const foundTotals = ({ names }: Pick<FoundReport, 'names'>): FoundTotals => {
  const totals = { links: names.length } as Record<FoundVerdict | 'links', number>
  for (const verdict of FOUND_VERDICTS) totals[verdict] = 0
  for (const name of names) totals[verdictOf(name)] += 1
  return totals
}

/** Precedence: alarm, interrupted, leftovers, incomplete, clean. */
export const foundExit = (report: FoundReport): ExitName => {
  const totals = foundTotals(report)
  if (report.names.some(({ outcome }) => outcome?.alarm)) return 'alarm'
  const { interrupted } = report
  if (interrupted !== undefined) return 'interrupted'
  if (totals.removed + totals.absent < totals.links) return 'leftovers'
  return report.unread.length + report.unseen.length > 0 ? 'incomplete' : 'clean'
}
