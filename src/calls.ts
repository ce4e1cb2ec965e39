// Callers without the compiler may hand over anything: what is of a wrong type is a mistake in the
// call, and not a fault of the library.
import { usage } from './errors.js'
import { DOUBTS, isDoubt } from './proof/doubts.js'

interface Check {
  readonly what: string
  readonly fits: (value: unknown) => boolean
}

/** What an argument of a command can be. */
const isText = (value: unknown): boolean => typeof value === 'string' && !value.includes('\0')

const PATH: Check = { what: 'a path', fits: (value) => isText(value) && value !== '' }
const PATHS: Check = {
  what: 'an array of paths, such as ["/"]',
  fits: (value) => Array.isArray(value) && value.every(PATH.fits),
}
const NAME: Check = { what: 'a name', fits: PATH.fits }
const FLAG: Check = { what: 'true or false', fits: (value) => typeof value === 'boolean' }

const OPTIONS: Readonly<Record<string, Check>> = {
  imagesDir: PATH,
  root: PATH,
  external: {
    what: 'an array of strings, such as ["mnt[/data]:/srv/data"]',
    fits: (value) => Array.isArray(value) && value.every(isText),
  },
  mounts: { what: '"remaps" or "all"', fits: (value) => value === 'remaps' || value === 'all' },
  gone: PATHS,
  accept: {
    what: `an array of ${DOUBTS.join(', ')}`,
    fits: (value) =>
      Array.isArray(value) && value.every((one) => typeof one === 'string' && isDoubt(one)),
  },
  repair: {
    what: 'an array of strings, such as ["signals"]',
    fits: (value) => Array.isArray(value) && value.every(isText),
  },
  dumpLog: PATH,
  restoreLog: PATH,
  pid: {
    what: 'a process id',
    fits: (value) => Number.isSafeInteger(value) && Number(value) > 0 && Number(value) < 2 ** 31,
  },
  bundle: PATH,
  container: NAME,
  runtime: NAME,
  runtimeRoot: PATH,
  checkpoint: NAME,
  olderThan: { what: 'a time, such as "7d"', fits: isText },
  keepLast: {
    what: 'a number of checkpoints',
    fits: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  },
  since: { what: 'a time, such as "2026-11-26T04:30:00Z" or "10m"', fits: isText },
  keep: PATHS,
  directories: PATHS,
  imagesDirs: PATHS,
  until: { what: 'a time, such as "2026-11-26T04:30:00Z" or "10m"', fits: isText },
  remove: FLAG,
  network: FLAG,
  netns: PATHS,
  force: FLAG,
  keepLastLink: FLAG,
  maxRemaps: {
    what: 'a positive integer',
    fits: (value) => Number.isSafeInteger(value) && Number(value) > 0,
  },
}

const must = (name: string, value: unknown, { what, fits }: Check): void => {
  if (!fits(value)) throw usage(`${name} must be ${what}`)
}

const OBJECT: Check = {
  what: 'an object',
  fits: (value) => typeof value === 'object' && value !== null,
}

/** @throws GcError usage where one has a value that its type does not have. */
export const checkOptions = (options: object): void => {
  must('options', options, OBJECT)
  for (const [name, value] of Object.entries(options)) {
    const check = OPTIONS[name]
    if (check !== undefined && value !== undefined) must(name, value, check)
  }
}

/** @throws GcError usage. */
export const checkImagesDir = (imagesDir: string | undefined): void => {
  must('imagesDir', imagesDir, PATH)
}

/** @throws GcError usage. */
export const checkDirectories = (directories: unknown): void => {
  must('directories', directories, PATHS)
}

/** @throws GcError usage. */
export const checkCheckpoint = (checkpoint: object): void => {
  must('checkpoint', checkpoint, { ...OBJECT, what: 'what readCheckpoint() answers with' })
}
