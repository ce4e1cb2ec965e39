// From argv to what a run needs to know.
import path from 'node:path'
import { usage } from '../errors.js'
import { parseExternals, type ExternalOption } from '../plan/external.js'
import type { Command } from '../report/model.js'
import { escapeText } from '../report/escape.js'
import { configArguments } from './config-file.js'
import { getopt, type Parsed } from './getopt.js'

export interface Arguments {
  readonly command: Command | 'help' | 'version'
  readonly imagesDir: string
  readonly workDir: string
  readonly root: string | undefined
  readonly externals: readonly ExternalOption[]
  readonly mounts: 'remaps' | 'all'
  readonly force: boolean
  readonly keepLastLink: boolean
  readonly allowEnvironment: boolean
  readonly json: boolean
  readonly plain: boolean
  /** CRIU's levels: 2 by default, 3 adds the plan, 4 says what was ignored. */
  readonly verbosity: number
  readonly logFile: string | undefined
  readonly ignored: readonly string[]
}

/** @throws GcError usage. */
export const parseArguments = (argv: readonly string[], env: NodeJS.ProcessEnv): Arguments => {
  const line = getopt(argv)
  const has = (name: string): boolean => line.options.some(({ option }) => option.long === name)
  if (has('help')) return collectValues({ options: [], words: ['help'] })
  if (has('version')) return collectValues({ options: [], words: ['version'] })
  const explicit = line.options.findLast(({ option }) => option.long === 'config')?.value
  // Line by line: an option without its value must not take the next line for it.
  const config = configArguments(explicit, !has('no-default-config'), env)
    .map((arg) => getopt([arg]))
    .flatMap(({ options }) => options)
  return collectValues({ options: [...config, ...line.options], words: line.words })
}

const collectValues = ({ options, words }: Parsed): Arguments => {
  const last = (name: string): string | undefined =>
    options.findLast(({ option }) => option.long === name)?.value
  const has = (name: string): boolean => options.some(({ option }) => option.long === name)
  const externals = options.flatMap(({ option, value }): ExternalOption[] =>
    (option.long === 'external' || option.long === 'ext-mount-map') && value !== undefined
      ? [{ option: option.long, value }]
      : [],
  )
  parseExternals(externals)
  const imagesDir = directory(last('images-dir') ?? '.', 'images-dir')
  const mounts = last('mounts') ?? 'remaps'
  if (mounts !== 'remaps' && mounts !== 'all')
    throw usage(`--mounts ${escapeText(mounts)}: either "remaps" or "all"`)
  const root = last('root')
  return {
    command: commandOf(words, has('exec-cmd')),
    imagesDir,
    workDir: directory(last('work-dir') ?? imagesDir, 'work-dir'),
    root: root === undefined ? undefined : directory(root, 'root'),
    externals,
    mounts,
    force: has('force'),
    keepLastLink: has('keep-last-link'),
    allowEnvironment: has('allow-environment'),
    json: has('json'),
    plain: has('plain'),
    verbosity: verbosityOf(options),
    logFile: last('log-file'),
    ignored: options
      .filter(({ option }) => option.kind === 'ignored')
      .map(({ option }) => option.long),
  }
}

/** path.resolve() would take an empty one for the current directory. */
const directory = (value: string, option: string): string => {
  if (value === '') throw usage(`--${option} is empty`, { next: 'give a directory' })
  return path.resolve(value)
}

const commandOf = (words: readonly string[], execCmd: boolean): Arguments['command'] => {
  const [command, extra] = words
  const next = 'see "criu-gc --help"'
  if (command === undefined) throw usage('no command given: say show or clean', { next })
  if (command !== 'show' && command !== 'clean' && command !== 'help' && command !== 'version')
    throw usage(`command ${escapeText(command)} is not known: show or clean`, { next })
  if (extra !== undefined && !execCmd)
    throw usage(`${escapeText(extra)} is one word too many`, { next })
  return command
}

/** -v adds one, -vvv three, -v4 sets. */
const verbosityOf = (options: Parsed['options']): number => {
  let level = 2
  for (const { option, value } of options) {
    if (option.long !== 'verbosity') continue
    if (value === undefined) level += 1
    else if (/^v+$/.test(value)) level += value.length + 1
    else if (/^\d+$/.test(value)) level = Number(value)
    else throw usage(`-v${escapeText(value)}: a number, or more "v"s`)
  }
  return level
}
