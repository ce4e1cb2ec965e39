// From argv to what a run needs to know.
import fs from 'node:fs'
import path from 'node:path'
import type { Bytes } from '../bytes.js'
import { locating, usage } from '../errors.js'
import { LIMITS } from '../limits.js'
import { parseExternals, parseGone, type ExternalOption, type Externals } from '../plan/external.js'
import { DOUBTS, isDoubt, type Consent, type Doubt } from '../proof/doubts.js'
import { SCOPES, type Scope } from '../prepare-left.js'
import { ACTS, type Act } from '../report/error-schema.js'
import { escapeText } from '../escape.js'
import { SHELLS, type Shell } from './completion/shells.js'
import { readConfiguration } from './config-file.js'
import { typedMounts, withoutMounts } from './living-arguments.js'
import { OPTIONS } from './options.js'
import type { Located } from './located.js'
import { askedContainer, type AskedContainer } from './container.js'
import { listArguments, refuseListOptions, type ListArguments } from './list-arguments.js'
import {
  isNetworkScan,
  refuseScanOptions,
  scanArguments,
  type ScanArguments,
} from './scan-arguments.js'
import { FORMATS, type Format, type RunLogOption } from './run-log.js'
import { sinceOf } from './since.js'
import type { Time } from '../time.js'
import { repairsIfFit } from './repairs.js'
import { getopt, type Parsed } from './getopt.js'
import type { Repairs } from '../residue/repairs.js'

export interface Arguments {
  readonly command: Act | 'completion' | 'help' | 'version'
  /** Of `completion` alone. */
  readonly shell: Shell | undefined
  /** Undefined with --pid alone, and where the container's runtime has to tell it. */
  readonly imagesDir: string | undefined
  readonly workDir: string
  readonly root: string | undefined
  readonly externals: Externals
  readonly mounts: 'remaps' | 'all'
  /** Undefined: the usual limit. */
  readonly maxRemaps: number | undefined
  /** Places in the container, or keys, of mounts that were removed for good. */
  readonly gone: ReadonlySet<Bytes>
  readonly dumpLog: string | undefined
  readonly restoreLog: string | undefined
  readonly accept: Consent
  /** The container that was dumped lives: a process of it. */
  readonly pid: number | undefined
  /** An option that was typed and is of no use to one that lives. */
  readonly typedMounts: string | undefined
  /** The container that --bundle or --container names. */
  readonly asked: AskedContainer | undefined
  readonly since: Time | undefined
  /** Images of checkpoints that are wanted. */
  readonly keep: readonly string[]
  /** What of a dump's leftovers is looked for. */
  readonly only: ReadonlySet<Scope>
  /** What of the residue is to be undone. */
  readonly repairs: Repairs
  /** Network namespaces in which a dump left its locks. */
  readonly netns: readonly string[]
  /** `scan --network` */
  readonly network: { readonly remove: boolean } | undefined
  /** Of `scan` alone. */
  readonly scan: ScanArguments | undefined
  /** Of `list`, and of show and clean with --all. */
  readonly list: ListArguments | undefined
  readonly keepLastLink: boolean
  readonly allowEnvironment: boolean
  readonly json: boolean
  readonly plain: boolean
  /** Of `links` alone. */
  readonly null: boolean
  /** CRIU's levels: 2 by default, 3 adds the plan, 4 says what was ignored. */
  readonly verbosity: number
  readonly logFile: string | undefined
  /** The command line as it was given. */
  readonly words: readonly string[]
  /** Configuration files that were read. */
  readonly configFiles: readonly string[]
  readonly ignored: readonly string[]
  /** Options of those files that are ignored, each with its line and why. */
  readonly passedOver: readonly string[]
}

/**
 * `begin` is called where more than help or the version is asked for, before a file is read.
 * @throws GcError usage.
 */
export const parseArguments = (
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  begin: () => void = () => undefined,
): Arguments => {
  const line = getopt(argv)
  const command = commandOf(line)
  if (command === 'help' || command === 'version') return collectValues(command, [], [], argv)
  if (command === 'completion')
    return { ...collectValues(command, [], [], argv), shell: shellOf(line.words.slice(1)) }
  const directories = command === 'scan' ? line.words.slice(1) : undefined
  const twice = line.options.filter(({ option }) => option.long === 'images-dir')
  if (twice.length > 1 && directories === undefined)
    throw usage(
      `--images-dir is given ${twice.length} times: one run is for the images of one dump`,
      { next: 'nothing was touched; run it once for each directory' },
    )
  begin()
  const explicit = line.options.findLast(({ option }) => option.long === 'config')?.value
  const useDefaults = !line.options.some(({ option }) => option.long === 'no-default-config')
  const { files, lines } = readConfiguration(explicit, useDefaults, env)
  // Line by line: an option without its value must not take the next line for it, as it does in CRIU.
  const config = lines.flatMap(({ args, where }): Located[] =>
    locating(where, () => getopt(args, undefined, IN_FILES)).options.map((given) => ({
      ...given,
      where,
    })),
  )
  const [passedOver, taken] = split(config, ({ option }) => option.lineOnly === true)
  const { options, unused } = withoutMounts(taken, line.options)
  const values = collectValues(command, options, files, argv, directories)
  const say =
    (why: string) =>
    ({ option, where = '' }: Located): string =>
      `${where}: ${option.long} ${why}`
  return {
    ...values,
    typedMounts: typedMounts(line.options),
    passedOver: [
      ...passedOver.map(say('is taken from the command line alone')),
      ...unused.map(say('is of no use with --pid')),
    ],
  }
}

const split = <T>(all: readonly T[], test: (one: T) => boolean): [yes: T[], no: T[]] => [
  all.filter(test),
  all.filter((one) => !test(one)),
]

/** "force" in CRIU's files is short for another option. */
const IN_FILES = OPTIONS.filter(({ neverInFile }) => neverInFile !== true)

/** What a line that has mistakes says nevertheless, for the report of them. */
export const glance = (argv: readonly string[]): { command: Act | 'unknown'; json: boolean } => {
  const { options, words } = getopt(argv, () => undefined)
  const [command] = words
  return {
    command: command !== undefined && isAct(command) ? command : 'unknown',
    json: options.some(({ option }) => option.long === 'json'),
  }
}

/**
 * The log of --log, by a line that may have mistakes: these go there, too. Undefined where none is asked for.
 * @throws GcError usage where the option itself makes no sense.
 */
export const runLogIn = (argv: readonly string[]): RunLogOption | undefined => {
  const { options } = getopt(argv, () => undefined)
  const value = (name: string): string | undefined =>
    options.findLast(({ option }) => option.long === name)?.value
  const [file, format = 'text'] = [value('log'), value('log-format')]
  if (file === undefined) {
    if (value('log-format') !== undefined)
      throw usage('--log-format without --log', { next: 'say into which file, or leave it out' })
    return undefined
  }
  if (!isFormat(format)) throw usage(`--log-format ${escapeText(format)}: either "json" or "text"`)
  if (options.some(({ option }) => option.long === 'help' || option.long === 'version'))
    return undefined
  for (const other of ['dump-log', 'restore-log', 'log-file'])
    if (value(other) === file)
      throw usage(`--log and --${other} name one file`, { next: 'give --log a file of its own' })
  // Of what is not text the name is lost; it is refused where all of the line is read.
  return file.includes('\ufffd') ? undefined : { file: notEmpty(file, 'log'), format }
}

const isFormat = (word: string): word is Format => (FORMATS as readonly string[]).includes(word)

const collectValues = (
  command: Arguments['command'],
  given: readonly Located[],
  configFiles: readonly string[],
  words: readonly string[],
  directories?: readonly string[],
): Arguments => {
  const options = given.map(asLibdir)
  const network = directories !== undefined && isNetworkScan(directories, options)
  const scan =
    directories === undefined || network ? undefined : scanArguments(directories, options, fromHere)
  if (scan === undefined && !network) refuseScanOptions(options)
  const last = (name: string): Located | undefined =>
    options.findLast(({ option }) => option.long === name)
  const has = (name: string): boolean => last(name) !== undefined
  const isListing = directories === undefined && (command === 'list' || has('all'))
  const list = isListing ? listArguments(has('all'), options, fromHere) : undefined
  if (list === undefined) refuseListOptions(options)
  const values = (name: string): string[] =>
    options.flatMap(({ option, value }) =>
      option.long === name && value !== undefined ? [notEmpty(value, name)] : [],
    )
  const directory = (name: string, resolve: (value: string) => string): string | undefined => {
    const { value, where } = last(name) ?? {}
    return value === undefined ? undefined : locating(where, () => resolve(notEmpty(value, name)))
  }
  const pid = locating(last('pid')?.where, () => pidOf(last('pid')?.value))
  const asked =
    scan === undefined && list === undefined ? askedContainer(last, fromHere) : undefined
  const isContainer = pid !== undefined || asked !== undefined
  const only = onlyOf(values('only'))
  // What is left on the host, no images tell.
  const needsNoImages = isContainer || isResidueAlone(only)
  const imagesDir =
    scan === undefined && list === undefined
      ? (directory('images-dir', fromHere) ?? (needsNoImages ? undefined : fromHere('')))
      : undefined
  const hasSince = isContainer || scan !== undefined
  const accept = new Set(values('accept').flatMap(doubtsOf))
  return {
    command,
    shell: undefined,
    imagesDir,
    workDir: directory('work-dir', fromHere) ?? imagesDir ?? fromHere(''),
    root: directory('root', (value) => path.resolve(value)),
    externals: parseExternals(options.flatMap(externalOption)),
    mounts: locating(last('mounts')?.where, () => mountsOf(last('mounts')?.value)),
    maxRemaps: locating(last('max-remaps')?.where, () => maxRemapsOf(last('max-remaps')?.value)),
    gone: parseGone(values('gone'), has('root')),
    dumpLog: directory('dump-log', fromHere),
    restoreLog: directory('restore-log', fromHere),
    accept: has('force') ? new Set(DOUBTS) : accept,
    pid,
    typedMounts: undefined,
    asked,
    since: sinceIfGiven(last('since')?.value, hasSince),
    keep: needsPid('keep', values('keep'), hasSince).map(fromHere),
    only,
    repairs: repairsIfFit(
      values('repair'),
      (command === 'show' || command === 'clean') && list === undefined,
      only,
    ),
    netns: [...values('netns'), ...values('join-ns').flatMap(netnsIn)].map(fromHere),
    scan,
    list,
    network: network ? { remove: has('remove') } : undefined,
    keepLastLink: has('keep-last-link'),
    allowEnvironment: has('allow-environment'),
    json: has('json'),
    plain: has('plain'),
    null: nullIfFits(command, has),
    verbosity: verbosityOf(options),
    logFile: last('log-file')?.value,
    words,
    configFiles,
    passedOver: [],
    ignored: options
      .filter(({ option }) => option.kind === 'ignored')
      .map(({ option }) => option.long),
  }
}

const LIBDIR = OPTIONS.find(({ long }) => long === 'libdir')

/** In CRIU -L is the directory of its plugins: no log is a directory. */
const asLibdir = (given: Located): Located =>
  LIBDIR !== undefined && given.option.long === 'dump-log' && isDirectory(given.value)
    ? { ...given, option: LIBDIR }
    : given

/** What cannot be looked at is told when it is read. */
const isDirectory = (value: string | undefined): boolean => {
  if (value === undefined || value === '') return false
  try {
    return fs.statSync(value).isDirectory()
  } catch {
    return false
  }
}

/** path.resolve() would take an empty one for the current directory. */
const notEmpty = (value: string, option: string): string => {
  if (value === '')
    throw usage(`--${option} is empty`, { next: 'give a value, or leave the option out' })
  return value
}

/** The current directory may have a name that is not UTF-8; no argument has. */
const fromHere = (value: string): string => {
  const absolute = path.resolve(value)
  return absolute.includes('\ufffd') ? `/proc/self/cwd/${value}` : absolute
}

const externalOption = ({ option: { long: option }, value, where }: Located): ExternalOption[] =>
  (option === 'external' || option === 'ext-mount-map') && value !== undefined
    ? [{ option, value, where }]
    : []

/** "newer,older" */
const doubtsOf = (value: string): Doubt[] =>
  value.split(',').map((word) => {
    if (isDoubt(word)) return word
    throw usage(`--accept ${escapeText(word)}: there is no such doubt`, {
      next: `write one or more of ${DOUBTS.join(', ')}, with commas between`,
    })
  })

/** "links,network" */
const onlyOf = (values: readonly string[]): ReadonlySet<Scope> => {
  const words = values.flatMap((value) => value.split(','))
  if (words.length === 0) return new Set(SCOPES)
  for (const word of words)
    if (!isScope(word))
      throw usage(`--only ${escapeText(word)}: there is no such kind`, {
        next: `write one or more of ${SCOPES.join(', ')}, with commas between`,
      })
  return new Set(words.filter(isScope))
}

const isResidueAlone = (only: ReadonlySet<Scope>): boolean => only.size === 1 && only.has('residue')

const isScope = (word: string): word is Scope => (SCOPES as readonly string[]).includes(word)

/** "net:PATH" or "net:PID", as CRIU takes it; other namespaces have no locks. */
const netnsIn = (value: string): string[] => {
  const [, target] = /^net:([^,]+)/.exec(value) ?? []
  if (target === undefined) return []
  return [/^\d+$/.test(target) ? `/proc/${target}/ns/net` : target]
}

const mountsOf = (value = 'remaps'): Arguments['mounts'] => {
  if (value === 'remaps' || value === 'all') return value
  throw usage(`--mounts ${escapeText(value)}: either "remaps" or "all"`)
}

const maxRemapsOf = (value: string | undefined): number | undefined => {
  if (value === undefined) return undefined
  const number = /^\d{1,7}$/.test(value) ? Number(value) : 0
  if (number >= 1 && number <= LIMITS.entries) return number
  throw usage(`--max-remaps ${escapeText(value)}: a number from 1 to ${LIMITS.entries}`)
}

const pidOf = (value: string | undefined): number | undefined => {
  if (value === undefined) return undefined
  const number = /^\d{1,10}$/.test(value) ? Number(value) : 0
  if (number >= 1 && number < 2 ** 31) return number
  throw usage(`--pid ${escapeText(value)}: a process id`, {
    next: 'give that of the container, as its runtime tells it',
  })
}

/** What only means something for a living container, or for a look below directories. */
const needsPid = (
  option: string,
  values: readonly string[],
  isGiven: boolean,
): readonly string[] => {
  if (values.length > 0 && !isGiven)
    throw usage(`--${option} is for a living container`, {
      next: 'say which with --pid, --container or --bundle, or leave it out: images tell all of a container that has ended',
    })
  return values
}

const sinceIfGiven = (value: string | undefined, isGiven: boolean): Time | undefined => {
  const [given] = needsPid('since', value === undefined ? [] : [value], isGiven)
  return given === undefined ? undefined : sinceOf(given)
}

const commandOf = ({ options, words }: Parsed): Arguments['command'] => {
  const has = (name: string): boolean => options.some(({ option }) => option.long === name)
  if (has('help')) return 'help'
  if (has('version')) return 'version'
  const [command, extra] = words
  const next = 'see "criu-gc --help"'
  if (command === undefined)
    throw usage('no command given: say show, clean, links, scan or list', { next })
  if (!isCommand(command))
    throw usage(`command ${escapeText(command)} is not known: show, clean, links, scan or list`, {
      next,
    })
  const takesWords = command === 'scan' || command === 'completion'
  if (!takesWords && extra !== undefined && !has('exec-cmd'))
    throw usage(`${escapeText(extra)} is one word too many`, { next })
  return command
}

/** @throws GcError usage. */
const shellOf = ([word, ...more]: readonly string[]): Shell => {
  const shell = SHELLS.find((one) => one === word)
  if (shell !== undefined && more.length === 0) return shell
  throw usage(`completion is for one shell: ${SHELLS.join(', ')}`, {
    next: 'write "criu-gc completion bash", and see criu-gc(8) for where to put what it prints',
  })
}

/** @throws GcError usage where it says nothing, or something else than --json. */
const nullIfFits = (command: Arguments['command'], has: (name: string) => boolean): boolean => {
  if (!has('null')) return false
  if (command !== 'links')
    throw usage('--null is for links', { next: 'leave it out, or use --json' })
  if (has('json')) throw usage('--null and --json are two forms of one report: give one')
  return true
}

const COMMANDS = [...ACTS, 'completion', 'help', 'version'] as const

const isAct = (word: string): word is Act => (ACTS as readonly string[]).includes(word)

const isCommand = (word: string): word is Arguments['command'] =>
  (COMMANDS as readonly string[]).includes(word)

/** -v adds one, -vvv three, -v4 sets. */
const verbosityOf = (options: readonly Located[]): number =>
  options
    .filter(({ option }) => option.long === 'verbosity')
    .reduce((level, { value, where }) => locating(where, () => raised(level, value)), 2)

const raised = (level: number, value: string | undefined): number => {
  if (value === undefined) return level + 1
  if (/^v+$/.test(value)) return level + value.length + 1
  if (/^\d+$/.test(value)) return Number(value)
  throw usage(`-v${escapeText(value)}: a number, or more "v"s`)
}
