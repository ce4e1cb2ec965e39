// What list, and show and clean with --all, print.
import { commandLine, escapeText } from '../escape.js'
import { piecesOf } from '../report/json.js'
import { listToJson } from '../report/list-json.js'
import { selectedOf, type ListReport, type RunDocument } from '../report/list.js'
import { listLines, listSummary, listTable, listWarnings } from '../report/list-text.js'
import type { Totals } from '../report/report.js'
import type { Arguments } from './arguments.js'
import { writeReport, writeReportPieces, type Log } from './output.js'
import { print, type Printable } from './print.js'

/** The rows of `list`; after show or clean with --all their sum. */
export const printList = (
  report: ListReport,
  options: Pick<Arguments, 'json' | 'plain'>,
  log: Log,
  terminal: boolean,
): void => {
  if (options.json || report.command === 'list')
    print(printableList(report, log), options, log, terminal)
  else log.line(listSummary(report))
}

/** What show or clean with --all will be run for. */
export const printListed = (
  report: ListReport,
  options: Pick<Arguments, 'json' | 'plain'>,
  log: Log,
  terminal: boolean,
): void => {
  if (options.json) return
  const selected = { ...report, containers: selectedOf(report) }
  const { say, lines, tree } = printableList(selected, log)
  say()
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
  if (json) return
  const said = 'error' in run ? run.error.message : countsOf(run.totals)
  log.line(
    `${escapeText(commandLine(['criu-gc', ...words]))}: ${escapeText(said)} (exit ${run.exit.code})`,
  )
  for (const { link, verdict, message } of 'error' in run ? [] : run.remaps)
    if (verdict === 'kept' || verdict === 'failed')
      log.line(`  ${escapeText(link)}: ${escapeText(message ?? verdict)}`)
}

const countsOf = (totals: Totals): string =>
  `${totals.removed} removed, ${totals['would-remove']} would remove, ${totals.kept} kept, ${totals.failed} failed`

const printableList = (
  report: ListReport,
  log: Log,
): Printable & { readonly tree: () => string[] } => ({
  json: () => piecesOf(listToJson(report)),
  say: () => {
    for (const warning of listWarnings(report)) log.line(warning)
  },
  lines: () => listLines(report),
  tree: () => listTable(report, Date.now() / 1000),
  summary: () => listSummary(report),
})
