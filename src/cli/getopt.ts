// getopt_long(3), which CRIU's command line is: options and words in any order, -DDIR, -v4, -vv,
// --name=VALUE, unambiguous beginnings of a name, "--" ends the options. util.parseArgs has no
// optional arguments and no -v4.
import { GcError, usage } from '../errors.js'
import { escapeText } from '../escape.js'
import { OPTIONS, type Option } from './options.js'

/** `value` is undefined where the option has none. */
export interface Given {
  readonly option: Option
  readonly value: string | undefined
}

export interface Parsed {
  /** In the order given. */
  readonly options: readonly Given[]
  readonly words: readonly string[]
}

const HELP = 'see "criu-gc --help"'
const NOT_TEXT =
  'go to the images with cd and leave out -D, or bind-mount the directory on a place whose name is UTF-8'

const refuse = (mistake: GcError): void => {
  throw mistake
}

/**
 * What neither CRIU nor this program knows is a mistake; where `onMistake` returns, it is passed over.
 * @throws GcError usage unless told otherwise.
 */
export const getopt = (
  args: readonly string[],
  onMistake = refuse,
  known: readonly Option[] = OPTIONS,
): Parsed => {
  const options: Given[] = []
  const words: string[] = []
  const rest = [...args]
  // What is not UTF-8 was already replaced before it came here, and would name something else.
  const lossy = args.find((arg) => arg.includes('\ufffd'))
  if (lossy !== undefined)
    onMistake(usage(`argument ${escapeText(lossy)} is not UTF-8`, { next: NOT_TEXT }))
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') return { options, words: [...words, ...rest] }
    try {
      if (arg.startsWith('--')) options.push(long(arg, rest, known))
      else if (arg.startsWith('-') && arg !== '-') options.push(...short(arg, rest))
      else words.push(arg)
    } catch (error) {
      if (!(error instanceof GcError)) throw error
      onMistake(error)
    }
  }
  return { options, words }
}

const long = (arg: string, rest: string[], known: readonly Option[]): Given => {
  const equals = arg.indexOf('=')
  const name = arg.slice(2, equals < 0 ? undefined : equals)
  const value = equals < 0 ? undefined : arg.slice(equals + 1)
  const option = byName(name, known)
  if (option.argument === 'none' && value !== undefined)
    throw usage(`--${option.long} takes no value`, { next: HELP })
  if (option.argument !== 'required' || value !== undefined) return { option, value }
  return { option, value: nextValue(`--${option.long}`, rest) }
}

const byName = (name: string, known: readonly Option[]): Option => {
  const positive = name.startsWith('no-') ? name.slice(3) : undefined
  const exact = known.find(
    (option) => option.long === name || (option.negatable === true && option.long === positive),
  )
  if (exact !== undefined) return exact
  const found = known.filter((option) => option.long.startsWith(name))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw usage(`option --${escapeText(name)} is ${found.length > 1 ? 'ambiguous' : 'not known'}`, {
    next: HELP,
  })
}

const short = (arg: string, rest: string[]): Given[] => {
  const out: Given[] = []
  for (let at = 1; at < arg.length; at++) {
    const option = OPTIONS.find((one) => one.short === arg[at])
    if (option === undefined)
      throw usage(`option -${escapeText(arg[at] as string)} is not known`, { next: HELP })
    if (option.argument === 'none') {
      out.push({ option, value: undefined })
      continue
    }
    const glued = arg.slice(at + 1)
    if (glued !== '') out.push({ option, value: glued })
    else if (option.argument === 'optional') out.push({ option, value: undefined })
    else out.push({ option, value: nextValue(`-${arg[at]}`, rest) })
    return out
  }
  return out
}

const nextValue = (name: string, rest: string[]): string => {
  const value = rest.shift()
  if (value === undefined) throw usage(`option ${name} needs a value`, { next: HELP })
  return value
}
