// The log of --log: a line for each message, in the shape that callers of runc parse. It is opened before anything is
// done, and only ever appended to.
import fs from 'node:fs'
import path from 'node:path'
import { fromText } from '../bytes.js'
import { usage } from '../errors.js'
import type { Level, Message } from '../report/told.js'
import {
  AT_FDCWD,
  ELOOP,
  O_DIRECTORY,
  O_PATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Sys } from '../sys/sys.js'
import { openBeneath, type Opened } from './log-file.js'

export const FORMATS = ['text', 'json'] as const

export type Format = (typeof FORMATS)[number]

export interface RunLogOption {
  readonly file: string
  readonly format: Format
}

/** One line of it. `time` in milliseconds since 1970. */
export const formatLine = (format: Format, { level, text }: Message, time: number): string => {
  const at = new Date(time).toISOString()
  return format === 'json'
    ? `${JSON.stringify({ level, msg: text, time: at } satisfies Line)}\n`
    : `time="${at}" level=${level} msg=${JSON.stringify(text)}\n`
}

interface Line {
  readonly level: Level
  readonly msg: string
  readonly time: string
}

/** Of ours, of runc, or of another program that writes what runc's callers read. */
const isLine = (format: Format, line: string): boolean => {
  if (format === 'text') return /^time="[^"]*" level=[a-z]+ msg=/.test(line)
  try {
    const { level, msg, time } = JSON.parse(line) as Record<keyof Line, unknown>
    return [level, msg, time].every((value) => typeof value === 'string')
  } catch {
    return false
  }
}

/** In bytes. A longer line is nobody's message. */
const LONGEST = 64 * 1024

/** Whether a file consists of such lines, by its first and its last. */
const fits =
  (format: Format) =>
  (fd: number, size: number): boolean => {
    const at = (position: number): string => {
      const data = Buffer.alloc(Math.min(LONGEST, size))
      return data.toString('utf8', 0, fs.readSync(fd, data, 0, data.length, position))
    }
    const [first = '', ...rest] = at(0).split('\n')
    const end = at(Math.max(0, size - LONGEST))
    if (rest.length === 0 || !end.endsWith('\n')) return false
    return isLine(format, first) && isLine(format, end.trimEnd().split('\n').at(-1) ?? '')
  }

/** CRIU's own, which say of themselves when a dump was. */
const OF_CRIU = ['dump.log', 'restore.log', 'stats-dump', 'stats-restore']

const NEXT = 'nothing was touched; give another file with --log'

/** @throws GcError usage where it cannot be opened. */
export const openRunLog = (sys: Sys, { file, format }: RunLogOption): Opened => {
  const bad = (what: string, next = NEXT): Error =>
    usage(`the file of --log ${what}`, { where: file, next })
  const { dir, base } = path.parse(file)
  if (base === '' || base === '.' || base === '..') throw bad('has no name')
  if (OF_CRIU.includes(base) || base.endsWith('.img')) throw bad('has the name of a file of CRIU')
  const flags = O_PATH | O_DIRECTORY
  const resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
  const folder = sys.tryOpenat2(AT_FDCWD, fromText(dir || '.'), flags, resolve)
  if (folder === ELOOP)
    throw bad('lies behind a symbolic link', 'nothing was touched; give its path without one')
  if (folder < 0) throw bad(`cannot be opened: its directory (${errnoName(-folder)})`)
  try {
    return openBeneath(sys, folder, base, bad, fits(format))
  } finally {
    sys.close(folder)
  }
}
