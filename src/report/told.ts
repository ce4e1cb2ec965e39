// What a log of --log gets besides messages: a line for each verdict, with its level, whatever form the report has.
import { escape, escapeText } from '../escape.js'
import type { ExitName } from '../errors.js'
import type { Outcome } from '../collect/outcome.js'
import type { NetworkRow } from '../network/undo.js'
import type { ResidueRow } from '../residue/undo.js'
import type { LinksReport } from './links.js'
import { isLeft, isResidueLeft, toldRows, type Report } from './report.js'
import { askedRows } from './residue.js'
import { explanation, verdictWord } from './words.js'

/** Words of runc's log. */
export type Level = 'debug' | 'info' | 'warning' | 'error'

export interface Message {
  readonly level: Level
  /** One line, escaped. */
  readonly text: string
}

/** What became of all of it. */
export const levelOfExit = (exit: ExitName): Level => {
  if (exit === 'clean') return 'info'
  return exit === 'alarm' || exit === 'internal' ? 'error' : 'warning'
}

const levelOf = ({ verdict, alarm }: Outcome): Level => {
  if (verdict === 'failed' || alarm === true) return 'error'
  return verdict === 'kept' ? 'warning' : 'info'
}

const sentence = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join('; ')

export const told = (link: string, outcome: Outcome): Message => ({
  level: levelOf(outcome),
  text: sentence(
    `${link}: ${verdictWord(outcome)}`,
    outcome.verdict === 'failed' ? (outcome.errno ?? outcome.reason) : outcome.reason,
    explanation(outcome),
  ),
})

export const rowTold = (row: NetworkRow): Message => ({
  level: row.verdict === 'failed' ? 'error' : isLeft(row) ? 'warning' : 'info',
  text: sentence(
    `${row.kind} ${row.what}${row.where === '' ? '' : ` in ${row.where}`}: ${row.verdict.replace('-', ' ')}`,
    row.reason,
    row.message === undefined ? undefined : escapeText(row.message),
  ),
})

/** What is only named is among the messages. */
const residueTold = (row: ResidueRow): Message => ({
  level: row.verdict === 'failed' ? 'error' : isResidueLeft(row) ? 'warning' : 'info',
  text: sentence(
    `${row.where}: ${row.what}: ${row.verdict.replace('-', ' ')}`,
    row.reason,
    row.message === undefined ? undefined : escapeText(row.message),
  ),
})

export function* toldOf(report: Report): Generator<Message> {
  for (const { planned, outcome } of report.remaps) yield told(escape(planned.remap.link), outcome)
  for (const row of toldRows(report)) yield rowTold(row)
  for (const row of askedRows(report)) yield residueTold(row)
}

/** Those that are missing are messages already. */
export function* linksTold({ links }: LinksReport): Generator<Message> {
  for (const { path } of links) yield { level: 'info', text: `${escape(path)}: there` }
}
