// Each report as it is printed: as JSON, as lines in a pipe, or as a tree on a terminal, with its messages before it.
import type { ExitName } from '../errors.js'
import { completeCommand } from '../report/complete.js'
import { proposalText } from '../report/proposal.js'
import { scanCommand } from '../report/scan-command.js'
import { jsonPieces, piecesOf } from '../report/json.js'
import { linksExit, type LinksReport } from '../report/links.js'
import { linksToJson } from '../report/links-json.js'
import { linkLines, linksSummary, linksWarnings, nullTerminated } from '../report/links-text.js'
import { plainLines } from '../report/plain.js'
import { derivedText, planText } from '../report/plan-text.js'
import { exitOf, type Report } from '../report/report.js'
import { levelOfExit, linksTold, toldOf, type Message } from '../report/told.js'
import { treeLines, type TreeOptions } from '../report/tree.js'
import { unknownGone, unknownKeys } from '../report/unmatched.js'
import { summary, warnings } from '../report/words.js'
import type { Arguments } from './arguments.js'
import { writeReport, writeReportPieces, type Log } from './output.js'

/** A report as it is printed: each part is made when it is. */
export interface Printable {
  readonly json: () => Iterable<string>
  /** What goes before it. */
  readonly messages: () => Iterable<Message>
  /** Its verdicts, for a log. */
  readonly told: () => Iterable<Message>
  readonly exit: () => ExitName
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
  if (log.isKept) noteReport(report, log)
  if (json) {
    writeReportPieces(report.json())
    writeReport('\n')
    return
  }
  for (const { text } of report.messages()) log.say(text)
  if (!terminal || plain) {
    writeReportPieces(report.lines())
    log.say(report.summary())
    return
  }
  const lines = report.tree({ colour: hasColour(), now: Date.now() / 1000 })
  writeReportPieces([...lines, report.summary()].map((line) => `${line}\n`))
}

/** All of it, whatever form is printed. */
const noteReport = ({ messages, told, exit, summary }: Printable, log: Log): void => {
  log.note(messages())
  log.note(told())
  log.note([{ level: levelOfExit(exit()), text: summary() }])
}

/** Each of which somebody may have to do something about. */
export const asWarnings = (texts: readonly string[]): Message[] =>
  texts.map((text) => ({ level: 'warning', text }))

export const printReport = (
  report: Report,
  options: Arguments,
  log: Log,
  terminal: boolean,
): void => {
  // Also where the report itself is JSON.
  if (options.verbosity >= 3) {
    log.endProgress()
    log.text(derivedText(report), 'debug')
  }
  print(
    {
      json: () => jsonPieces(report),
      messages: () => messagesOf(report, options),
      told: () => toldOf(report),
      exit: () => exitOf(report),
      lines: () => plainLines(report),
      tree: (how) => treeLines(report, how),
      summary: () => summary(report),
    },
    options,
    log,
    terminal,
  )
}

const messagesOf = (report: Report, options: Arguments): Message[] => {
  const plan = options.verbosity >= 3 ? planText(report).split('\n') : []
  const proposals = [completeCommand(report, options.words), scanCommand(report, options.accept)]
  return [
    ...plan.flatMap((text): Message[] => (text === '' ? [] : [{ level: 'debug', text }])),
    ...asWarnings([
      ...warnings(report),
      ...unknownKeys(report, options.externals),
      ...unknownGone(report, options.gone),
    ]),
    ...proposals.flatMap((one): Message[] =>
      one === undefined ? [] : [{ level: 'info', text: proposalText(one) }],
    ),
  ]
}

/** The same of `links`: nothing but paths, so that another program can take them. */
export const printLinks = (
  links: LinksReport,
  options: Pick<Arguments, 'json' | 'plain' | 'null'>,
  log: Log,
  terminal: boolean,
): void => {
  const printable: Printable = {
    json: () => piecesOf(linksToJson(links)),
    messages: () => asWarnings(linksWarnings(links)),
    told: () => linksTold(links),
    exit: () => linksExit(links),
    lines: () => linkLines(links),
    tree: () => [...linkLines(links)].map((line) => line.slice(0, -1)),
    summary: () => linksSummary(links),
  }
  if (!options.null) {
    print(printable, options, log, terminal)
    return
  }
  log.endProgress()
  if (log.isKept) noteReport(printable, log)
  for (const { text } of printable.messages()) log.say(text)
  writeReport(nullTerminated(links))
}

const hasColour = (): boolean => (process.env.NO_COLOR ?? '') === ''
