// The report of `scan` as text: a tree for a terminal, one line a link for pipes, and what is said besides.
import { escape, escapeText } from '../escape.js'
import { groupBy } from '../group.js'
import { pathOf } from '../prepare-found.js'
import type { Stat } from '../sys/stat.js'
import { toIso } from '../time.js'
import {
  foundTotals,
  FOUND_VERDICTS,
  verdictOf,
  type FoundReport,
  type ReportedName,
} from './found.js'
import { draw, type Node, paint, type TreeOptions } from './tree.js'
import { ageText, explanation, sizeText, unreadOf } from './words.js'

/**
 * Verdict, reason or errno, device and inode, link, links, bytes, time of the last change, who holds it, which images
 * list it, message; "-" for what does not apply.
 */
const line = (reported: ReportedName): string => {
  const { found, about, outcome } = reported
  const { stat } = found
  const why = outcome?.verdict === 'failed' ? (outcome.errno ?? outcome.reason) : outcome?.reason
  return [
    verdictOf(reported),
    why ?? '-',
    stat === undefined ? '-' : inodeText(stat),
    escape(pathOf(found)),
    String(stat?.nlink ?? '-'),
    String(stat?.size ?? '-'),
    stat === undefined ? '-' : toIso(stat.ctime),
    about.heldBy.map(escapeText).join(', ') || '-',
    about.listedBy.map(escapeText).join(', ') || '-',
    (outcome === undefined ? undefined : explanation(outcome)) ?? '-',
  ].join('\t')
}

const inodeText = ({ major, minor, inoHigh, inoLow }: Stat): string =>
  `${major}:${minor}/${(BigInt(inoHigh) << 32n) + BigInt(inoLow)}`

/** Line by line: all of them may be more than one string can hold. */
export function* foundLines({ names }: FoundReport): Generator<string> {
  for (const reported of names) yield `${line(reported)}\n`
}

/** Without newlines. */
export const foundTree = (report: FoundReport, options: TreeOptions): string[] => {
  const byTop = groupBy(report.names, ({ found }) => found.directory.top)
  return report.tops.flatMap((top) =>
    draw(
      {
        text: escape(top.path),
        children: (byTop.get(top) ?? []).map((reported) => leaf(reported, options)),
      },
      '',
    ),
  )
}

const leaf = (reported: ReportedName, { colour, now }: TreeOptions): Node => {
  const { found, about, outcome } = reported
  const { stat } = found
  const verdict = verdictOf(reported)
  const word = outcome?.alarm
    ? 'ALARM'
    : verdict === 'failed'
      ? 'FAILED'
      : verdict.replace('-', ' ')
  const facts =
    stat === undefined
      ? []
      : [
          `inode ${inodeText(stat)}`,
          sizeText(stat.size),
          ageText(stat.ctime.sec, now),
          stat.nlink === 1 ? 'last name of its file' : `${stat.nlink} names`,
        ]
  const said = outcome === undefined ? undefined : explanation(outcome)
  const details = [
    ...about.heldBy.map((holder) => `held by ${escapeText(holder)}`),
    ...about.listedBy.map((images) => `listed by ${escapeText(images)}`),
    ...(said === undefined ? [] : [said]),
  ]
  return {
    text: [
      paint(word.padEnd(12), { verdict: outcome?.verdict ?? 'kept' }, colour),
      escape(pathOf(found)),
      ...facts,
    ].join('  '),
    children: details.map((text) => ({ text, children: [] })),
  }
}

/** "3 removed, 1 kept." and what the reader may want to do now. */
export const foundSummary = (report: FoundReport): string => {
  const totals = foundTotals(report)
  const where = `${report.directories} director${report.directories === 1 ? 'y' : 'ies'}`
  if (totals.links === 0) return `no names of this form in ${where}`
  const parts = FOUND_VERDICTS.filter((verdict) => totals[verdict] > 0).map(
    (verdict) => `${totals[verdict]} ${verdict.replace('-', ' ')}`,
  )
  const text = `${totals.links} name${totals.links === 1 ? '' : 's'} of this form in ${where}: ${parts.join(', ')}`
  if (totals.found > 0)
    return `${text}; --since TIME says which are of a dump that was given up then, and --remove with it removes them`
  return totals['would-remove'] === 0
    ? text
    : `${text}; the same with --remove removes the ${totals['would-remove']}`
}

/** What the exit code rests on besides the links. */
export const foundWarnings = (report: FoundReport): string[] => {
  const { interrupted, otherMounts, names, unread, unseen } = report
  const left = names.filter(({ outcome }) => outcome?.reason === 'interrupted').length
  return [
    ...(interrupted === undefined
      ? []
      : [
          left === 0
            ? `${interrupted} came when all links had been looked at`
            : `${interrupted} ended the run: ${left} links were not looked at; run the same command again`,
        ]),
    ...unreadOf(unread),
    ...unreadOf(unseen, 'who holds these files is not wholly known'),
    ...(otherMounts === 0
      ? []
      : [
          `${otherMounts} director${otherMounts === 1 ? 'y' : 'ies'} with another mount on ${otherMounts === 1 ? 'it was' : 'them were'} not looked into: give each by itself`,
        ]),
  ]
}
