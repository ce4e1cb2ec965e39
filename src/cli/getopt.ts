// getopt_long(3), which CRIU's command line is: options and words in any order, -DDIR, -v4, -vv,
// --name=VALUE, unambiguous beginnings of a name, "--" ends the options. util.parseArgs has no
// optional arguments and no -v4.
import { usage } from '../errors.js'
import { escapeText } from '../report/escape.js'
import { OPTIONS, type Option } from './options.js'

export interface Parsed {
  /** In the order given; `value` is undefined where the option has none. */
  readonly options: readonly { readonly option: Option; readonly value: string | undefined }[]
  readonly words: readonly string[]
}

const HELP = 'see "criu-gc --help"'

/** @throws GcError usage for what neither CRIU nor this program knows. */
export const getopt = (args: readonly string[]): Parsed => {
  const options: { option: Option; value: string | undefined }[] = []
  const words: string[] = []
  const rest = [...args]
  // What is not UTF-8 was already replaced before it came here, and would name something else.
  const lossy = args.find((arg) => arg.includes('\ufffd'))
  if (lossy !== undefined) throw usage(`argument ${escapeText(lossy)} is not UTF-8`, { next: HELP })
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') return { options, words: [...words, ...rest] }
    if (arg.startsWith('--')) options.push(long(arg, rest))
    else if (arg.startsWith('-') && arg !== '-') options.push(...short(arg, rest))
    else words.push(arg)
  }
  return { options, words }
}

const long = (arg: string, rest: string[]): Parsed['options'][number] => {
  const equals = arg.indexOf('=')
  const name = arg.slice(2, equals < 0 ? undefined : equals)
  const value = equals < 0 ? undefined : arg.slice(equals + 1)
  const option = byName(name)
  if (option.argument === 'none' && value !== undefined)
    throw usage(`--${option.long} takes no value`, { next: HELP })
  if (option.argument !== 'required' || value !== undefined) return { option, value }
  return { option, value: nextValue(`--${option.long}`, rest) }
}

const byName = (name: string): Option => {
  const positive = name.startsWith('no-') ? name.slice(3) : undefined
  const exact = OPTIONS.find(
    (option) => option.long === name || (option.negatable === true && option.long === positive),
  )
  if (exact !== undefined) return exact
  const found = OPTIONS.filter((option) => option.long.startsWith(name))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw usage(`option --${escapeText(name)} is ${found.length > 1 ? 'ambiguous' : 'not known'}`, {
    next: HELP,
  })
}

const short = (arg: string, rest: string[]): Parsed['options'][number][] => {
  const out: Parsed['options'][number][] = []
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
