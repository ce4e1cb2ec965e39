// One line a remap, for pipes: verdict, reason or errno, namespace, link, original, bytes, message, separated
// by tabs; "-" for what does not apply. Escaped names have neither tabs nor newlines. A lock of the network has its
// network namespace in the third column, itself in the fourth, and its kind in the fifth; of what else a dump left
// the third column says where that is.
import { escape, escapeText } from '../escape.js'
import type { NetworkRow } from '../network/undo.js'
import { askedRows } from './residue.js'
import { toldRows, type Report, type ReportedRemap } from './report.js'
import { explanation, originalText } from './words.js'

type Line = Pick<NetworkRow, 'what' | 'where' | 'verdict' | 'message'> & {
  readonly kind: string
  readonly reason?: string
}

/** `nowhere` stands in the column of the namespace for a remap without a mount. */
const line = (nowhere: string, { planned: { remap, mount }, outcome }: ReportedRemap): string => {
  const namespace = mount?.nsId ?? nowhere
  const link = remap.link === '' ? '-' : escape(remap.link)
  const original = remap.original.path === '' ? '-' : originalText(remap.original)
  const why = reasonOf(outcome) ?? '-'
  const size = outcome.size ?? '-'
  return `${outcome.verdict}\t${why}\t${namespace}\t${link}\t${original}\t${size}\t${explanation(outcome) ?? '-'}\n`
}

/** A reason is a word of the manual, also where an errno led to it. */
const reasonOf = ({ verdict, errno, reason }: ReportedRemap['outcome']): string | undefined =>
  verdict === 'failed' ? (errno ?? reason) : reason

/** Line by line: all of them may be more than one string can hold. */
export function* plainLines(report: Report): Generator<string> {
  const { checkpoint, remaps } = report
  const nowhere = checkpoint.tree === 'host' ? 'host' : '-'
  for (const remap of remaps) yield line(nowhere, remap)
  for (const row of toldRows(report)) yield networkLine(row)
  for (const row of askedRows(report)) yield networkLine(row)
}

export const networkLine = ({ kind, what, where, verdict, reason, message }: Line): string =>
  `${verdict}\t${reason ?? '-'}\t${where || '-'}\t${what}\t${kind}\t-\t${message === undefined ? '-' : escapeText(message)}\n`

export const plainText = (report: Report): string => [...plainLines(report)].join('')
