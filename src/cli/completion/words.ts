// What shells complete: commands, and for each option what it means in a few words and which values it has.
import { SCOPES } from '../../prepare-left.js'
import { REPAIRS } from '../../residue/repairs.js'
import { DOUBTS } from '../../proof/doubts.js'
import { RUNTIME_NAMES } from '../../runtimes/walk.js'
import { OPTIONS, type Option } from '../options.js'
import { FORMATS } from '../run-log.js'

/** `any`: nobody knows which. `list`: some of them, with commas between. */
export type Values =
  'directories' | 'files' | 'any' | { readonly words: readonly string[]; readonly isList?: true }

interface Meaning {
  /** Letters, digits, blanks and commas: nothing that a shell takes for something else. */
  readonly what: string
  /** Undefined for an option without a value. */
  readonly values?: Values
}

export const COMMANDS: Readonly<Record<string, string>> = {
  show: 'tell what is left, and change nothing',
  clean: 'remove what is left',
  links: 'print where the links are on this host',
  scan: 'look for links below directories, or for locks',
  list: 'list containers and checkpoints of this host',
  completion: 'print the completion script of a shell',
}

const paths = (what: string, values: 'directories' | 'files' = 'directories'): Meaning => ({
  what,
  values,
})
const any = (what: string): Meaning => ({ what, values: 'any' })
const flag = (what: string): Meaning => ({ what })
const oneOf = (what: string, words: readonly string[]): Meaning => ({ what, values: { words } })
const someOf = (what: string, words: readonly string[]): Meaning => ({
  what,
  values: { words, isList: true },
})

/** By its long name, each option that means something here. */
export const MEANINGS: Readonly<Record<string, Meaning>> = {
  'images-dir': paths('directory or archive with the images', 'files'),
  root: paths('root file system of the container'),
  external: any('host directory of an external mount'),
  'ext-mount-map': any('host directory of an external mount, KEY and PATH'),
  'work-dir': paths('work directory of CRIU'),
  'log-file': paths('messages into this file', 'files'),
  log: paths('messages and verdicts into this file too', 'files'),
  'log-format': oneOf('format of that log', FORMATS),
  verbosity: any('how much is said'),
  config: paths('configuration file of CRIU', 'files'),
  'no-default-config': flag('without the default configuration files'),
  help: flag('print a summary'),
  version: flag('print the version'),
  json: flag('one JSON document'),
  plain: flag('one line for each link'),
  mounts: oneOf('which mounts are constructed', ['remaps', 'all']),
  'max-remaps': any('limit of link remaps'),
  'dump-log': paths('log of the dump', 'files'),
  'restore-log': paths('log of a restore that failed', 'files'),
  accept: someOf('consent to doubts', DOUBTS),
  force: flag('consent to all doubts'),
  gone: any('mount that was removed for good'),
  pid: any('process of the living container'),
  bundle: paths('bundle of the container'),
  container: any('container by id or name'),
  runtime: oneOf('runtime of the container', RUNTIME_NAMES),
  'runtime-root': paths('where the runtime keeps its containers'),
  checkpoint: any('which checkpoint of the container'),
  all: flag('all checkpoints that are given up'),
  'older-than': any('checkpoints before this are given up'),
  'keep-last': any('but not the last ones of each container'),
  since: any('the dump began after this'),
  until: any('links made until then'),
  keep: paths('images of a checkpoint that is wanted'),
  only: someOf('look for nothing else', SCOPES),
  repair: someOf('undo what else a killed dump left', REPAIRS),
  netns: paths('network namespace with locks', 'files'),
  network: flag('locks of all network namespaces'),
  'join-ns': any('network namespace, as CRIU has it'),
  remove: flag('remove what scan has found'),
  'keep-last-link': flag('keep the last name of a file'),
  'allow-environment': flag('run in spite of NODE_OPTIONS and such'),
  null: flag('a NUL after each path'),
}

export interface Completed extends Option, Meaning {
  /** As they are typed: the letter first. */
  readonly names: readonly string[]
}

export const COMPLETED: readonly Completed[] = OPTIONS.flatMap((option) => {
  const meaning = MEANINGS[option.long]
  if (option.kind !== 'used' || meaning === undefined) return []
  const { long, short } = option
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${long}`]
  return [{ ...option, ...meaning, names }]
})
