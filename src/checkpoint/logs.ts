// What a log of CRIU tells: how it ended, when it was begun, whose it is. Nothing here is obeyed: a log
// explains what is found, and every line of it may be wrong.
import { fromBuffer, type Bytes } from '../bytes.js'
import type { SideFile } from '../images/side-files.js'
import { HINT_LIMITS } from '../limits.js'
import { isTooLong } from '../paths.js'
import { plus, type Time } from '../time.js'

export interface Log {
  readonly path: string
  readonly place: SideFile['place']
  readonly ended: 'finished' | 'failed' | 'unknown'
  /** When CRIU opened it: the last line says how long ago that was. */
  readonly begun: Time
  /** When its last line was written. */
  readonly written: Time
  readonly btime: Time | undefined
  /** Of this run of CRIU: under a runtime there are two, the process and its child. */
  readonly runIds: readonly Bytes[]
  /** Of the dump that a restore reads. */
  readonly dumpRunIds: readonly Bytes[]
  /** Originals that CRIU could make no link for, because another had its name. */
  readonly fileExists: readonly Bytes[]
  /** The tasks went on, so that CRIU had removed its links. */
  readonly resumed: boolean
  /** Lines that say more than errors and warnings: the end of one that ended well is among them. */
  readonly verbose: boolean
  /** Its lines begin with CRIU's time stamps. */
  readonly stamped: boolean
}

/** `criu restore` and `criu dump` say their ends in other words. */
const ENDS = {
  dump: {
    finished: /^\(\d+\.\d{6}\) Dumping finished successfully$/m,
    failed: /^\(\d+\.\d{6}\) (?:Error \([^()\n]*\): )?Dumping FAILED\.$/m,
  },
  restore: {
    finished: /^\(\d+\.\d{6}\) Restore finished successfully\./m,
    failed: /^\(\d+\.\d{6}\) (?:Error \([^()\n]*\): )?Restoring FAILED\.$/m,
  },
} as const

const STAMP = /\((\d{1,10}\.\d{6})\)/y
const INFORMATION = /^\(\d+\.\d{6}\) (?!(?:Error|Warn) )/m
const RUN_ID = /^\(\d+\.\d{6}\) CRIU run id = ([\w-]{1,64})$/gm
const DUMP_RUN_ID = /^\(\d+\.\d{6}\) Dump CRIU run id = ([\w-]{1,64})$/gm
const FILE_EXISTS = /^\(\d+\.\d{6}\) Error \([^()\n]*\): Can't link remap to (.+): File exists$/gm
/** TASK_ALIVE: after a failure, a post-dump script that said no, or with --leave-running. */
const RESUMED = /^\(\d+\.\d{6}\) Unfreezing tasks into 1$/m

export const readLog = (file: SideFile, kind: 'dump' | 'restore'): Log => {
  const text = fromBuffer(file.data)
  const stamp = lastStamp(text)
  const { finished, failed } = ENDS[kind]
  return {
    path: file.path,
    place: file.place,
    ended: failed.test(text) ? 'failed' : finished.test(text) ? 'finished' : 'unknown',
    begun: plus(file.mtime, -(stamp ?? 0)),
    written: file.mtime,
    btime: file.btime,
    runIds: named(text, RUN_ID),
    dumpRunIds: named(text, DUMP_RUN_ID),
    fileExists: named(text, FILE_EXISTS).filter((name) => !isTooLong(name)),
    resumed: RESUMED.test(text),
    verbose: INFORMATION.test(text),
    stamped: stamp !== undefined,
  }
}

/** In seconds; of the last line that has one: those of the parasite have none. */
const lastStamp = (text: string): number | undefined => {
  for (let end = text.length; end >= 0;) {
    // lastIndexOf() takes a negative place for the first.
    const start = end === 0 ? 0 : text.lastIndexOf('\n', end - 1) + 1
    STAMP.lastIndex = start
    const stamp = STAMP.exec(text)?.[1]
    if (stamp !== undefined) return Number(stamp)
    end = start - 1
  }
  return undefined
}

/** What the expression's group matched, each once. */
const named = (text: string, expression: RegExp): Bytes[] => {
  const names = new Set<Bytes>()
  for (const match of text.matchAll(expression)) {
    if (names.size === HINT_LIMITS.names) break
    names.add(match[1] as Bytes)
  }
  return [...names]
}
