// Where text goes: the report to standard output, everything else to standard error or a log file.
import fs from 'node:fs'
import { errorCode, GcError, type ExitName } from '../errors.js'
import { completeCommand } from '../report/complete.js'
import type { FoundReport } from '../report/found.js'
import { foundToJson } from '../report/found-json.js'
import { foundLines, foundSummary, foundTree, foundWarnings } from '../report/found-text.js'
import type { LinksReport } from '../report/links.js'
import { linksToJson } from '../report/links-json.js'
import { linkLines, linksSummary, linksWarnings, nullTerminated } from '../report/links-text.js'
import { errorToJson, jsonPieces, piecesOf } from '../report/json.js'
import { listToJson } from '../report/list-json.js'
import { selectedOf, type ListReport, type RunDocument } from '../report/list.js'
import { listLines, listSummary, listTable, listWarnings } from '../report/list-text.js'
import { commandLine, escapeText } from '../escape.js'
import {
  networkLines,
  networkScanSummary,
  networkToJson,
  networkTree,
  networkWarnings,
} from '../report/network.js'
import type { NetworkScan } from '../network-scan.js'
import type { Report } from '../report/report.js'
import { plainLines } from '../report/plain.js'
import { derivedText, planText } from '../report/plan-text.js'
import { treeLines, type TreeOptions } from '../report/tree.js'
import { unknownGone, unknownKeys } from '../report/unmatched.js'
import { summary, warnings } from '../report/words.js'
import { sleep } from '../sleep.js'
import type { Sys } from '../sys/sys.js'
import type { Arguments } from './arguments.js'
import { openLog, PREFIX } from './log-file.js'

export const STDOUT = 1
export const STDERR = 2

/** How long a pipe is left alone that has no room and does not block, in ms. */
const RETRY = 10

/** The whole text, also into a pipe that is slow. @throws GcError internal where it cannot go. */
const write = (fd: number, text: string | Buffer): void => {
  const data = Buffer.isBuffer(text) ? text : Buffer.from(text, 'utf8')
  for (let at = 0; at < data.length;)
    try {
      at += fs.writeSync(fd, data, at)
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error
      sleep(RETRY)
    }
}

const toStdout = (text: string | Buffer, what: string, next: string): void => {
  try {
    write(STDOUT, text)
  } catch (cause) {
    const code = errorCode(cause) ?? 'error'
    throw new GcError('internal', `${what} could not be written (${code})`, { next, cause })
  }
}

export const writeReport = (text: string | Buffer): void => {
  const next = 'run the same command again: what was removed is then absent'
  toStdout(text, 'the report', next)
}

/** What --help and --version print: nothing was done, and nothing is lost. */
export const writeInformation = (text: string): void => {
  toStdout(text, 'the text', 'nothing was touched; see where standard output goes')
}

/** Characters that are gathered before they are written. */
const CHUNK = 64 * 1024

/** As writeReport(), for what may be too long for one string. */
export const writeReportPieces = (pieces: Iterable<string>): void => {
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < CHUNK) continue
    writeReport(text)
    text = ''
  }
  writeReport(text)
}

/** A terminal that went away must not end what is being done. */
const tryWrite = (text: string): boolean => {
  try {
    write(STDERR, text)
    return true
  } catch {
    return false
  }
}

const messageLine = (text: string): string => `${PREFIX}${text}\n`

/** Messages: to standard error, and to the log file from when that is open. */
export class Log {
  private fd = STDERR
  private progressing = false

  /** Not before the images are locked. @throws GcError usage where the log file cannot be written. */
  open(sys: Sys, { logFile, workDir }: Pick<Arguments, 'logFile' | 'workDir'>): void {
    if (logFile === undefined || logFile === '-') return
    const fd = openLog(sys, workDir, logFile)
    if (fd === undefined)
      this.line(
        `${escapeText(logFile)} is there, and not by criu-gc: it is left as it is, and messages go here`,
      )
    else this.fd = fd
  }

  line(text: string): void {
    this.endProgress()
    if (this.fd !== STDERR && !this.toFile(text)) this.fd = STDERR
    // A message that cannot be written must not undo what was done.
    if (this.fd === STDERR) tryWrite(messageLine(text))
  }

  /** False where the file takes nothing, such as on a full disk: standard error takes its place. */
  private toFile(text: string): boolean {
    try {
      write(this.fd, messageLine(text))
      return true
    } catch (error) {
      const code = errorCode(error) ?? 'error'
      tryWrite(messageLine(`the log file could not be written (${code})`))
      return false
    }
  }

  text(text: string): void {
    for (const line of text.split('\n')) if (line !== '') this.line(line)
  }

  /** Before anything else is written to the terminal. */
  endProgress(): void {
    if (this.progressing) tryWrite('\n')
    this.progressing = false
  }

  progress(text: string): void {
    this.progressing = tryWrite(`\r${text}`)
  }
}

/** How far a run is: on a terminal, once it takes longer than a moment. */
export const progressOn = (sys: Sys, log: Log): ((text: string) => void) => {
  const started = Date.now()
  const isShown = sys.isatty(STDERR)
  return (text) => {
    if (isShown && Date.now() - started > 1000) log.progress(text)
  }
}

/** A report as it is printed: each part is made when it is. */
interface Printable {
  readonly json: () => Iterable<string>
  /** Messages that go before it. */
  readonly say: () => void
  readonly lines: () => Iterable<string>
  readonly tree: (options: TreeOptions) => readonly string[]
  readonly summary: () => string
}

/** `terminal`: whether standard output is one. */
const print = (
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

/** The same of `scan`. */
export const printFound = (
  report: FoundReport,
  options: Pick<Arguments, 'json' | 'plain'>,
  log: Log,
  terminal: boolean,
): void => {
  print(
    {
      json: () => piecesOf(foundToJson(report)),
      say: () => {
        for (const warning of foundWarnings(report)) log.line(warning)
      },
      lines: () => foundLines(report),
      tree: (how) => foundTree(report, how),
      summary: () => foundSummary(report),
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

/** The same of `scan --network`. */
export const printNetwork = (
  report: NetworkScan,
  options: Pick<Arguments, 'json' | 'plain'>,
  log: Log,
  terminal: boolean,
): void => {
  print(
    {
      json: () => piecesOf(networkToJson(report)),
      say: () => {
        for (const warning of networkWarnings(report)) log.line(warning)
      },
      lines: () => networkLines(report),
      tree: (how) => networkTree(report, how),
      summary: () => networkScanSummary(report),
    },
    options,
    log,
    terminal,
  )
}

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
  { exit, totals, error, remaps = [] }: RunDocument,
  { json }: Pick<Arguments, 'json'>,
  log: Log,
): void => {
  if (json) return
  const said =
    error === undefined
      ? `${totals?.removed ?? 0} removed, ${totals?.['would-remove'] ?? 0} would remove, ${totals?.kept ?? 0} kept, ${totals?.failed ?? 0} failed`
      : error.message
  log.line(
    `${escapeText(commandLine(['criu-gc', ...words]))}: ${escapeText(said)} (exit ${exit.code})`,
  )
  for (const { link, verdict, message } of remaps)
    if (verdict === 'kept' || verdict === 'failed')
      log.line(`  ${escapeText(link)}: ${escapeText(message ?? verdict)}`)
}

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

/** What was deleted by mistake weighs more than a report that was not read. */
export const orAlarm = (exit: ExitName, log: Log, act: () => void): ExitName => {
  try {
    act()
  } catch (error) {
    if (exit !== 'alarm') throw error
    log.line('ALARM: a deletion did not hit the file that was verified; the report is lost')
  }
  return exit
}

const hasColour = (): boolean => (process.env.NO_COLOR ?? '') === ''

/** One line for the fact, one for what to do; the document of --json goes to standard output too. */
export const printError = (
  error: GcError,
  command: string,
  json: boolean,
  log: Log | undefined,
): ExitName => {
  const where = error.where === undefined ? '' : `${escapeText(error.where)}: `
  const lines = [`${where}${escapeText(error.message)}`]
  if (error.next !== undefined) lines.push(escapeText(error.next))
  for (const line of lines)
    // Where it cannot go, the exit code still says what was wrong.
    if (log === undefined) tryWrite(messageLine(line))
    else log.line(line)
  if (json) writeReport(`${JSON.stringify(errorToJson(error, command), undefined, 2)}\n`)
  return error.exit
}
