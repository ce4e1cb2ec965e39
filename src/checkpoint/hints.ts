// Which logs are about these images, and what they explain. The name of a run, where both sides have it,
// is certain; otherwise times decide: a dump's images are written while its log is.
import type { Bytes } from '../bytes.js'
import type { ImageSource } from '../images/source.js'
import { namedFile, sideFiles } from '../images/side-files.js'
import { isAfter, latestOf, plus, type Time } from '../time.js'
import type { LogFacts } from './kind.js'
import { readLog, type Log } from './logs.js'
import type { Hints } from './model.js'
import type { Moments } from './times.js'

/** Where logs are looked for besides the images; absolute paths. */
export interface LogOptions {
  readonly workDir?: string | undefined
  readonly dumpLog?: string | undefined
  readonly restoreLog?: string | undefined
}

export const NO_HINTS: Hints = {
  dumpLog: undefined,
  runIds: [],
  rolledBack: false,
  fileExists: [],
  done: [],
  failedRestores: [],
  restored: undefined,
}

/** What is known of the dump from its images. */
export interface DumpFacts {
  /** In the inventory, since CRIU 4.1. */
  readonly runId: Bytes | undefined
  /** All images are whole that a finished dump has. */
  readonly whole: boolean
  readonly moments: Moments
}

export interface OwnLog {
  readonly log: Log
  readonly of: LogFacts['of']
}

/** The log of the dump that wrote here last. @throws GcError usage where a named one cannot be read. */
export const dumpLogOf = (
  images: ImageSource,
  options: LogOptions,
  facts: DumpFacts,
): OwnLog | undefined => {
  const files =
    options.dumpLog === undefined
      ? sideFiles(images, 'dump.log', options.workDir)
      : [namedFile(options.dumpLog, '--dump-log')]
  const logs = files.flatMap((file) => {
    const log = readLog(file, 'dump')
    const of = whose(log, facts)
    return of === undefined ? [] : [{ log, of }]
  })
  return (['later', 'this', 'another'] as const).flatMap((wanted) =>
    logs.filter(({ of }) => of === wanted),
  )[0]
}

/** Undefined for a log of an earlier dump, and for one that may be of any. */
export const whose = (
  log: Log,
  { runId, whole, moments }: DumpFacts,
): LogFacts['of'] | undefined => {
  const { inventory, last, ordered, doubt } = moments
  const namesRuns = runId !== undefined && log.runIds.length > 0
  if (namesRuns && log.runIds.includes(runId)) return 'this'
  const another = log.ended === 'failed' ? 'another' : undefined
  const reference = inventory ?? last
  // A dump that died before its first image; a work directory may be that of dumps into others.
  if (reference === undefined || last === undefined)
    return log.stamped && log.place !== 'work' ? 'this' : undefined
  if (!ordered) return namesRuns || (whole && log.ended === 'failed') ? another : 'this'
  const begun = plus(log.begun, -doubt)
  if (isAfter(begun, reference)) {
    if (!isAfter(begun, last)) return 'later'
    // One that went well has left images of its own, and so was not into this directory; a work directory
    // may be that of dumps into others, which leave no trace in this one however they end.
    return log.place !== 'work' && log.ended === 'failed' ? 'later' : undefined
  }
  if (isAfter(reference, plus(log.written, doubt))) return undefined
  return namesRuns ? another : 'this'
}

/** Logs of restores of these images. @throws GcError usage where a named one cannot be read. */
export const restoreLogsOf = (
  images: ImageSource,
  options: LogOptions,
  facts: DumpFacts,
  written: Time | undefined,
): Log[] => {
  const files =
    options.restoreLog === undefined
      ? sideFiles(images, 'restore.log', options.workDir)
      : [namedFile(options.restoreLog, '--restore-log')]
  return files
    .map((file) => readLog(file, 'restore'))
    .filter((log) => isOfThese(log, facts, written))
}

/** `written` is when the last of the images was. */
export const hintsOf = (
  dump: OwnLog | undefined,
  restores: readonly Log[],
  written: Time | undefined,
): Hints => ({
  dumpLog: dump && {
    path: dump.log.path,
    ended: dump.log.ended,
    begun: dump.log.begun,
    written: dump.log.written,
    unlinked: dump.log.unlinked,
    froze: dump.of === 'another' ? undefined : dump.log.froze,
    dumping: dump.of === 'another' ? undefined : dump.log.dumping,
  },
  runIds: dump === undefined || dump.of === 'another' ? [] : dump.log.runIds,
  rolledBack: dump?.of === 'this' && removedItsLinks(dump.log),
  fileExists: dump?.log.fileExists ?? [],
  // One that ended by itself has removed its links, or lists them.
  done: dump?.log.ended === 'unknown' && dump.of !== 'another' ? dump.log.done : [],
  failedRestores: restores
    .filter(failed)
    .map((log) => ({ path: log.path, from: begunAt(log, written), to: log.written })),
  restored: latestOf(
    restores.filter(({ ended }) => ended === 'finished').map((log) => log.written),
  ),
})

/** Of a log alone, without any images. @throws GcError usage where it cannot be read. */
export const hintsOfLog = (path: string): Hints => {
  const log = readLog(namedFile(path, '--dump-log'), 'dump')
  return hintsOf({ log, of: 'this' }, [], undefined)
}

/** CRIU does that where tasks go on: after a failure, and after a dump that left them running. */
const removedItsLinks = ({ ended, resumed }: Log): boolean =>
  ended === 'failed' || (ended === 'finished' && resumed)

/** Times of copies are close to each other whatever happened when: as good as equal is not enough then. */
const COPY_DOUBT = 0.1

/** Whether it is the log of a restore of these images, and not of others before. */
const isOfThese = (log: Log, { runId, moments }: DumpFacts, written: Time | undefined): boolean => {
  if (runId !== undefined && log.dumpRunIds.length > 0) return log.dumpRunIds.includes(runId)
  if (written === undefined || !log.stamped) return false
  const doubt = moments.ordered ? moments.doubt : COPY_DOUBT
  return !isAfter(plus(written, -doubt), log.begun)
}

/** A success is told at CRIU's third level of verbosity, a failure at every one. */
const failed = ({ ended, verbose }: Log): boolean =>
  ended === 'failed' || (ended === 'unknown' && verbose)

/** Its file may be that of an earlier restore of these images, which failed as well; not of others. */
const begunAt = ({ begun, btime, written: end }: Log, written: Time | undefined): Time => {
  const copied = written === undefined || isAfter(written, end)
  const first =
    btime !== undefined && isAfter(begun, btime) && (copied || !isAfter(written, btime))
      ? btime
      : begun
  return copied || !isAfter(written, first) ? first : written
}
