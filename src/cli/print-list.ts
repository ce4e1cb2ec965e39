// What list, and show and clean with --all, print.
import { commandLine, escapeText } from '../escape.js'
import { piecesOf } from '../report/json.js'
import { listToJson } from '../report/list-json.js'
import { listExit, selectedOf, type ListReport, type RunDocument } from '../report/list.js'
import { listLines, listSummary, listTable, listWarnings } from '../report/list-text.js'
import type { Totals } from '../report/report.js'
import { levelOfExit, type Message } from '../report/told.js'
import { listTold } from '../report/told-found.js'
import type { Arguments } from './arguments.js'
import { writeReport, writeReportPieces, type Log } from './output.js'
import { asWarnings, print, type Printable } from './print.js'

/** The rows of `list`; after show or clean with --all their sum. */
export const printList = (
  report: ListReport,
  options: Pick<Arguments, 'json' | 'plain'>,
  log: Log,
  terminal: boolean,
): void => {
  if (options.json || report.command === 'list')
    print(printableList(report), options, log, terminal)
  else log.line(listSummary(report), levelOfExit(listExit(report)))
}

/** What show or clean with --all will be run for. */
export const printListed = (
  report: ListReport,
  options: Pick<Arguments, 'json' | 'plain'>,
  log: Log,
  terminal: boolean,
): void => {
  const selected = { ...report, containers: selectedOf(report) }
  const { messages, lines, tree } = printableList(selected)
  log.note(listTold(selected))
  if (options.json) return
  for (const { text, level } of messages()) log.line(text, level)
  if (terminal && !options.plain)
    writeReport(
      tree()
        .map((line) => `${line}\n`)
        .join(''),
    )
  else writeReportPieces(lines())
}

/** What one of them came to. */
export const printRun = (
  words: readonly string[],
  run: RunDocument,
  { json }: Pick<Arguments, 'json'>,
  log: Log,
): void => {
  const messages = runTold(words, run)
  if (json) log.note(messages)
  else for (const { text, level } of messages) log.line(text, level)
}

const runTold = (words: readonly string[], run: RunDocument): Message[] => {
  const said = 'error' in run ? run.error.message : countsOf(run.totals)
  const command = escapeText(commandLine(['criu-gc', ...words]))
  const text = `${command}: ${escapeText(said)} (exit ${run.exit.code})`
  const left = 'error' in run ? [] : run.remaps
  return [
    { level: 'error' in run ? 'error' : levelOfExit(run.exit.name), text },
    ...left.flatMap(({ link, verdict, message }): Message[] =>
      verdict === 'kept' || verdict === 'failed'
        ? [
            {
              level: verdict === 'failed' ? 'error' : 'warning',
              text: `  ${escapeText(link)}: ${escapeText(message ?? verdict)}`,
            },
          ]
        : [],
    ),
  ]
}

const countsOf = (totals: Totals): string =>
  `${totals.removed} removed, ${totals['would-remove']} would remove, ${totals.kept} kept, ${totals.failed} failed`

const printableList = (report: ListReport): Printable & { readonly tree: () => string[] } => ({
  json: () => piecesOf(listToJson(report)),
  messages: () => asWarnings(listWarnings(report)),
  // After show or clean each had a line of its own.
  told: () => (report.command === 'list' ? listTold(report) : []),
  exit: () => listExit(report),
  lines: () => listLines(report),
  tree: () => listTable(report, Date.now() / 1000),
  summary: () => listSummary(report),
})
