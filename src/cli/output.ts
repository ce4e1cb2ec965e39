// Where text goes: the report to standard output, everything else to standard error or a log file.
import fs from 'node:fs'
import { errorCode, GcError, type ExitName } from '../errors.js'
import type { Act } from '../report/error-schema.js'
import { errorToJson } from '../report/json.js'
import { escapeText } from '../escape.js'
import { sleep } from '../sleep.js'
import type { Sys } from '../sys/sys.js'
import type { Arguments } from './arguments.js'
import type { Level, Message } from '../report/told.js'
import { openLog, PREFIX } from './log-file.js'
import { formatLine, openRunLog, type Format, type RunLogOption } from './run-log.js'

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

/** Messages: to standard error, or to the file of -o from when that is open; and all of them to that of --log. */
export class Log {
  private fd = STDERR
  private progressing = false
  private run: { readonly fd: number; readonly format: Format } | undefined

  /** Before anything is done. @throws GcError usage where the file cannot be opened. */
  openRun(sys: Sys, option: RunLogOption): void {
    const fd = openRunLog(sys, option)
    if (fd !== undefined) this.run = { fd, format: option.format }
    else
      this.line(
        `${escapeText(option.file)} is there, and no log of the format ${option.format}: it is left as it is`,
        'warning',
      )
  }

  /** Whether there is a file of --log. */
  get isKept(): boolean {
    return this.run !== undefined
  }

  /** To the file of --log alone. */
  note(messages: Iterable<Message>): void {
    let text = ''
    for (const message of messages) {
      if (this.run === undefined) return
      text += formatLine(this.run.format, message, Date.now())
      if (text.length < CHUNK) continue
      this.toRun(text)
      text = ''
    }
    if (text !== '') this.toRun(text)
  }

  /** What it does not take, such as on a full disk, stands in the report. */
  private toRun(text: string): void {
    if (this.run === undefined) return
    try {
      write(this.run.fd, text)
    } catch (error) {
      const code = errorCode(error) ?? 'error'
      this.run = undefined
      this.line(`the file of --log could not be written (${code})`, 'warning')
    }
  }

  /** Not before the images are locked. @throws GcError usage where the log file cannot be written. */
  open(sys: Sys, { logFile, workDir }: Pick<Arguments, 'logFile' | 'workDir'>): void {
    if (logFile === undefined || logFile === '-') return
    const fd = openLog(sys, workDir, logFile)
    if (fd === undefined)
      this.line(
        `${escapeText(logFile)} is there, and not by criu-gc: it is left as it is, and messages go here`,
        'warning',
      )
    else this.fd = fd
  }

  line(text: string, level: Level = 'info'): void {
    this.note([{ level, text }])
    this.say(text)
  }

  /** Not to the file of --log. */
  say(text: string): void {
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

  text(text: string, level: Level = 'info'): void {
    for (const line of text.split('\n')) if (line !== '') this.line(line, level)
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

/** What was deleted by mistake weighs more than a report that was not read. */
export const orAlarm = (exit: ExitName, log: Log, act: () => void): ExitName => {
  try {
    act()
  } catch (error) {
    if (exit !== 'alarm') throw error
    log.line(
      'ALARM: a deletion did not hit the file that was verified; the report is lost',
      'error',
    )
  }
  return exit
}

/** One line for the fact, one for what to do; the document of --json goes to standard output too. */
export const printError = (
  error: GcError,
  command: Act | 'unknown',
  json: boolean,
  log: Log | undefined,
): ExitName => {
  const where = error.where === undefined ? '' : `${escapeText(error.where)}: `
  const lines = [`${where}${escapeText(error.message)}`]
  if (error.next !== undefined) lines.push(escapeText(error.next))
  // Callers of runc show the last message of this level: it has to be the whole.
  log?.note([{ level: 'error', text: lines.join('; ') }])
  for (const line of lines)
    // Where it cannot go, the exit code still says what was wrong.
    if (log === undefined) tryWrite(messageLine(line))
    else log.say(line)
  if (json) writeReport(`${JSON.stringify(errorToJson(error, command), undefined, 2)}\n`)
  return error.exit
}
