// What else a dump left, in the report: rows of what was asked for, and messages about what is only named, with the command
// line that undoes it.
import { groupBy } from '../group.js'
import type { ResidueRow } from '../residue/undo.js'
import type { Json } from './json.js'
import { lineWith } from './proposal.js'
import type { Report } from './report.js'

type Named = Pick<Report, 'command' | 'residue' | 'words'>

/** What has a row of its own on standard output. */
export const askedRows = ({ residue }: Pick<Report, 'residue'>): readonly ResidueRow[] =>
  (residue?.rows ?? []).filter((row) => !isNamed(row))

const isNamed = ({ verdict, reason }: ResidueRow): boolean =>
  verdict === 'kept' && (reason === 'named' || reason === 'unasked' || reason === 'foreign')

/** The same command line for `clean`, with what undoes it. */
const undoLine = (report: Named, repairs: readonly string[]): string => {
  const { command, words = [] } = report
  const at = words[0] === command ? 0 : words.lastIndexOf(command)
  const options = words.filter((_, index) => index !== at)
  // A cgroup may have a comma in its name: it takes the rest of its word.
  return lineWith(['clean', ...options], ['--repair', repairs.join(',')])
}

export const residueJson =
  (report: Named) =>
  ({ repair, undo, ...row }: ResidueRow): Json => {
    const isOpen = row.verdict !== 'removed' && repair !== undefined
    const line = undo ?? (isOpen ? undoLine(report, [repair]) : undefined)
    return { ...row, ...(line === undefined ? {} : { undo: line }) }
  }

/** The facts, and the lines that undo them. */
export const residueMessages = (report: Named): string[] => {
  const rows = report.residue?.rows ?? []
  const named = rows.filter(isNamed)
  const lines = alike(named).flatMap(
    ([{ where, what, message, undo, repair, reason }, ...more]) => [
      `also left: ${where}${moreText(more)}: ${what}${message === undefined ? '' : `; ${message}`}`,
      ...(undo === undefined ? [] : [`to undo that: ${undo}`]),
      ...(reason === 'foreign' && repair !== undefined
        ? [`to undo that: ${undoLine(report, [repair])}`]
        : []),
    ],
  )
  const repairs = new Set(
    named.flatMap(({ reason, repair = '' }) => (reason === 'unasked' ? repair : [])),
  )
  if (repairs.size > 0)
    lines.push(`to undo ${[...repairs].join(', ')}: ${undoLine(report, [...repairs])}`)
  return [...lines, ...(report.residue?.unread ?? []).map((what) => `not looked at: ${what}`)]
}

/** Of more than so many that are alike one is named. */
const FEW = 3

type Group = readonly [ResidueRow, ...ResidueRow[]]

/** A host on which restores were killed may have hundreds of the same. What is undone by a line of its own is like no other. */
const alike = (rows: readonly ResidueRow[]): Group[] => {
  const groups = groupBy(rows, (row) =>
    row.reason === 'unasked' && row.undo === undefined
      ? JSON.stringify([row.what, row.message, row.repair])
      : row,
  )
  return [...groups.values()].flatMap(([first, ...more]): Group[] => {
    if (first === undefined) return []
    return more.length < FEW ? [[first], ...more.map((one): Group => [one])] : [[first, ...more]]
  })
}

const moreText = ({ length }: readonly ResidueRow[]): string =>
  length === 0 ? '' : ` and ${length} more (--json names them)`
