// Each report as it is printed: as JSON, as lines in a pipe, or as a tree on a terminal, with its messages before it.
import { completeCommand } from '../report/complete.js'
import { jsonPieces, piecesOf } from '../report/json.js'
import type { LinksReport } from '../report/links.js'
import { linksToJson } from '../report/links-json.js'
import { linkLines, linksSummary, linksWarnings, nullTerminated } from '../report/links-text.js'
import { plainLines } from '../report/plain.js'
import { derivedText, planText } from '../report/plan-text.js'
import type { Report } from '../report/report.js'
import { treeLines, type TreeOptions } from '../report/tree.js'
import { unknownGone, unknownKeys } from '../report/unmatched.js'
import { summary, warnings } from '../report/words.js'
import type { Arguments } from './arguments.js'
import { writeReport, writeReportPieces, type Log } from './output.js'

/** A report as it is printed: each part is made when it is. */
export interface Printable {
  readonly json: () => Iterable<string>
  /** Messages that go before it. */
  readonly say: () => void
  readonly lines: () => Iterable<string>
  readonly tree: (options: TreeOptions) => readonly string[]
  readonly summary: () => string
}

/** `terminal`: whether standard output is one. */
export const print = (
  report: Printable,
  { json, plain }: Pick<Arguments, 'json' | 'plain'>,
  log: Log,
  terminal: boolean,
): void => {
  log.endProgress()
  if (json) {
    writeReportPieces(report.json())
    writeReport('\n')
    return
  }
  report.say()
  if (!terminal || plain) {
    writeReportPieces(report.lines())
    log.line(report.summary())
    return
  }
  const lines = report.tree({ colour: hasColour(), now: Date.now() / 1000 })
  writeReportPieces([...lines, report.summary()].map((line) => `${line}\n`))
}

export const printReport = (
  report: Report,
  options: Arguments,
  log: Log,
  terminal: boolean,
): void => {
  // Also where the report itself is JSON.
  if (options.verbosity >= 3) {
    log.endProgress()
    log.text(derivedText(report))
  }
  const say = (): void => {
    if (options.verbosity >= 3) log.text(planText(report))
    for (const warning of warnings(report)) log.line(warning)
    for (const warning of unknownKeys(report, options.externals)) log.line(warning)
    for (const warning of unknownGone(report, options.gone)) log.line(warning)
    const complete = completeCommand(report, options.words)
    if (complete !== undefined)
      log.line(
        complete.endsWith(' --gone /')
          ? `if the root file system was removed for good, this is complete: ${complete}`
          : `if all is where it was at the dump, this is complete: ${complete}`,
      )
  }
  print(
    {
      json: () => jsonPieces(report),
      say,
      lines: () => plainLines(report),
      tree: (how) => treeLines(report, how),
      summary: () => summary(report),
    },
    options,
    log,
    terminal,
  )
}

/** The same of `links`: nothing but paths, so that another program can take them. */
export const printLinks = (
  links: LinksReport,
  options: Pick<Arguments, 'json' | 'plain' | 'null'>,
  log: Log,
  terminal: boolean,
): void => {
  const say = (): void => {
    for (const warning of linksWarnings(links)) log.line(warning)
  }
  if (options.null) {
    log.endProgress()
    say()
    writeReport(nullTerminated(links))
    return
  }
  print(
    {
      json: () => piecesOf(linksToJson(links)),
      say,
      lines: () => linkLines(links),
      tree: () => [...linkLines(links)].map((line) => line.slice(0, -1)),
      summary: () => linksSummary(links),
    },
    options,
    log,
    terminal,
  )
}

const hasColour = (): boolean => (process.env.NO_COLOR ?? '') === ''
