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
  /**
   * Files without a name that the dump had done with before the log ends: links were made for those that have one left,
   * for each time that one is named.
   */
  readonly done: readonly Bytes[]
  /** Files without a name that the dump came to: it made links for no others. Undefined where the log does not name each. */
  readonly unlinked: readonly Bytes[] | undefined
  /** The cgroup that it froze, and that was not frozen before. */
  readonly froze: Bytes | undefined
  /** Processes that it came to. Undefined where the log does not name each. */
  readonly dumping: readonly number[] | undefined
  /** The tasks went on, so that CRIU had removed its links. */
  readonly resumed: boolean
  /** Lines that say more than errors and warnings: the end of one that ended well is among them. */
  readonly verbose: boolean
  /** Its lines begin with CRIU's time stamps. */
  readonly stamped: boolean
}

/** A line with the words in it is one of CRIU's own where this fits: a log has names of all sorts in it. */
interface Line {
  readonly words: string
  readonly is: RegExp
}

const STAMPED = String.raw`^\(\d+\.\d{6}\) `
const line = (words: string, is: string): Line => {
  // Most runs meet no log.
  let made: RegExp | undefined
  return {
    words,
    get is() {
      return (made ??= new RegExp(STAMPED + is))
    },
  }
}

/** `criu restore` and `criu dump` say their ends in other words. */
const ENDS = {
  dump: {
    finished: line('Dumping finished successfully', 'Dumping finished successfully$'),
    failed: line('Dumping FAILED.', String.raw`(?:Error \([^()]*\): )?Dumping FAILED\.$`),
  },
  restore: {
    finished: line('Restore finished successfully.', String.raw`Restore finished successfully\.`),
    failed: line('Restoring FAILED.', String.raw`(?:Error \([^()]*\): )?Restoring FAILED\.$`),
  },
} as const

const STAMP = /\((\d{1,10}\.\d{6})\)/y
const INFORMATION = /^\(\d+\.\d{6}\) (?!(?:Error|Warn) )/m
const RUN_ID = line('CRIU run id = ', String.raw`CRIU run id = ([\w-]{1,64})$`)
const DUMP_RUN_ID = line('Dump CRIU run id = ', String.raw`Dump CRIU run id = ([\w-]{1,64})$`)
const FILE_EXISTS = line(
  ': File exists',
  String.raw`Error \([^()]*\): Can't link remap to (.+): File exists$`,
)
/** At the fourth level of verbosity, right before CRIU makes the link. */
const UNLINKED = line(
  "Strip ' (deleted)' tag from '",
  String.raw`Strip ' \(deleted\)' tag from '\.(\/.+) \(deleted\)'$`,
)
const NEXT_FILE = line('Dumping path for ', String.raw`Dumping path for -?\d+ fd via self \d+ \[`)
/** --freeze-cgroup, at the fourth level; the next line says how it was before. */
const FREEZING = line(
  'freezing cgroup ',
  String.raw`freezing cgroup (\/.+): \d+ x \d+ms attempts, timeout: \d+s$`,
)
const WAS_THAWED = /^\n\(\d+\.\d{6}\) (?:freezer\.state=THAWED|cgroup\.freeze=0)\n/
/** At the third. */
const DUMPING = line('Dumping task (pid: ', String.raw`Dumping task \(pid: (\d{1,10}) comm: `)
/** TASK_ALIVE: after a failure, a post-dump script that said no, or with --leave-running. */
const RESUMED = line('Unfreezing tasks into 1', 'Unfreezing tasks into 1$')

export const readLog = (file: SideFile, kind: 'dump' | 'restore'): Log => {
  const text = fromBuffer(file.data)
  const head = text.slice(0, HINT_LIMITS.logHead)
  const stamp = lastStamp(text)
  const { finished, failed } = ENDS[kind]
  const runIds = named(head, RUN_ID)
  const each = kind === 'dump' ? eachNamed(text, UNLINKED, HINT_LIMITS.unlinked) : []
  const unlinked = [...new Set(each)]
  const dumping =
    kind === 'dump' ? [...new Set(eachNamed(text, DUMPING, HINT_LIMITS.unlinked))].map(Number) : []
  return {
    path: file.path,
    place: file.place,
    ended: has(text, failed) ? 'failed' : has(text, finished) ? 'finished' : 'unknown',
    begun: plus(file.mtime, -(stamp ?? 0)),
    written: file.mtime,
    btime: file.btime,
    runIds,
    dumpRunIds: named(head, DUMP_RUN_ID),
    fileExists: named(text, FILE_EXISTS).filter((name) => !isTooLong(name)),
    done: doneIn(text, each),
    // At the fourth level it names the run, and each of these files.
    unlinked: isWhole(file) && (runIds.length > 0 || unlinked.length > 0) ? unlinked : undefined,
    froze: kind === 'dump' ? frozenIn(text) : undefined,
    dumping:
      kind === 'dump' && isWhole(file) && (runIds.length > 0 || dumping.length > 0)
        ? dumping
        : undefined,
    resumed: has(text, RESUMED),
    verbose: INFORMATION.test(text),
    stamped: stamp !== undefined,
  }
}

/** Of a longer one something was left out. */
const isWhole = ({ data }: SideFile): boolean =>
  data.length <= HINT_LIMITS.logHead + HINT_LIMITS.logTail

/** Each match of a line that is one of those. A search for its words is much cheaper than one for its form. */
function* matches(text: string, { words, is }: Line): Generator<RegExpExecArray> {
  for (let at = text.indexOf(words); at >= 0;) {
    const start = text.lastIndexOf('\n', at) + 1
    const found = text.indexOf('\n', at)
    const end = found < 0 ? text.length : found
    const match = is.exec(text.slice(start, end))
    if (match !== null) yield match
    at = text.indexOf(words, end)
  }
}

/** All but the last, unless another file comes after it. */
const doneIn = (text: string, names: readonly Bytes[]): readonly Bytes[] => {
  const last = text.lastIndexOf(UNLINKED.words)
  const isNext = last >= 0 && has(text.slice(last), NEXT_FILE)
  return isNext ? names : names.slice(0, -1)
}

/** Of several lines the last: a log is of one dump. */
const frozenIn = (text: string): Bytes | undefined => {
  const match = [...matches(text, FREEZING)].at(-1)
  if (match === undefined) return undefined
  const end = text.lastIndexOf(match[0]) + match[0].length
  return WAS_THAWED.test(text.slice(end, end + 100)) ? (match[1] as Bytes) : undefined
}

const has = (text: string, wanted: Line): boolean => matches(text, wanted).next().done !== true

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

/** What the group of the lines matched, each once. */
const named = (text: string, wanted: Line): Bytes[] => {
  const names = new Set<Bytes>()
  for (const match of matches(text, wanted)) {
    if (names.size === HINT_LIMITS.names) break
    names.add(match[1] as Bytes)
  }
  return [...names]
}

/** The same as often as they did. */
const eachNamed = (text: string, wanted: Line, most: number): Bytes[] => {
  const names: Bytes[] = []
  for (const match of matches(text, wanted)) {
    if (names.length === most) break
    names.push(match[1] as Bytes)
  }
  return names
}
