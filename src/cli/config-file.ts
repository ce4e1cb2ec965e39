// CRIU's configuration files: one option a line, without the dashes. Read as CRIU 4.2 reads them, which was tried with
// each of the forms in the tests.
import fs from 'node:fs'
import path from 'node:path'
import { errorCode, usage } from '../errors.js'
import { isMissing } from '../images/missing.js'

/** A line as it would stand on a command line, and which line of which file it is. */
export interface ConfigLine {
  /** An option, and at most one word behind it, which is its value if it takes one there. */
  readonly args: readonly string[]
  readonly where: string
}

/** @throws GcError usage. */
export const parseConfig = (text: string, file: string): ConfigLine[] =>
  text.split('\n').flatMap((line, index) => {
    const where = `${file}: line ${index + 1}`
    const [, name, rest = ''] = /^\s*(?:([^\s#][^ \t\r]*)(.*))?/s.exec(line) ?? []
    if (name === undefined) return []
    const value = valueOf(rest.trim(), where)
    return [{ args: value === undefined ? [`--${name}`] : [`--${name}`, value], where }]
  })

/** Undefined: there is none. What stands behind a closing quote is passed over, but for another quote. */
const valueOf = (rest: string, where: string): string | undefined => {
  if (rest === '' || rest.startsWith('#')) return undefined
  // A comment begins at the first #, also within quotes; they need not be closed then.
  const [, quoted] = /^"((?:[^"\\#]|\\.)*)(?:"[^"]*$|#)/s.exec(rest) ?? []
  if (quoted !== undefined) return quoted.replaceAll('\\"', '"')
  const [, bare] = /^([^\s"#][^\s#]*)\s*(?:#.*)?$/s.exec(rest) ?? []
  if (bare !== undefined) return bare
  throw usage('neither "option" nor "option value"', {
    where,
    next: 'put a value with blanks in double quotes',
  })
}

export interface Configuration {
  /** Those that are there. */
  readonly files: readonly string[]
  readonly lines: readonly ConfigLine[]
}

/** Files that CRIU reads, later ones first to be overridden by the command line. */
export const readConfiguration = (
  explicit: string | undefined,
  useDefaults: boolean,
  env: NodeJS.ProcessEnv,
): Configuration => {
  const files: { file: string; mayBeMissing: boolean }[] = []
  if (useDefaults && explicit === undefined) {
    files.push({ file: '/etc/criu/default.conf', mayBeMissing: true })
    const home = env.HOME
    // An empty one would make the path relative, and the current directory's file root's options.
    if (home?.startsWith('/') === true)
      files.push({ file: path.resolve(home, '.criu/default.conf'), mayBeMissing: true })
  }
  const named = env.CRIU_CONFIG_FILE
  if (named !== undefined && named !== '') files.push({ file: named, mayBeMissing: true })
  if (explicit !== undefined) files.push({ file: explicit, mayBeMissing: false })
  const found = files.flatMap(({ file, mayBeMissing }) => {
    const text = readText(file, mayBeMissing)
    return text === undefined ? [] : [{ file, lines: parseConfig(text, file) }]
  })
  return {
    files: found.map(({ file }) => file),
    lines: found.flatMap(({ lines }) => lines),
  }
}

/** Undefined where it is not there and need not be. */
const readText = (file: string, mayBeMissing: boolean): string | undefined => {
  if (mayBeMissing && isMissing(file)) return undefined
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (cause) {
    const code = errorCode(cause)
    if (mayBeMissing && (code === 'ENOENT' || code === 'ENOTDIR')) return undefined
    throw usage(`the configuration file cannot be read (${code})`, {
      where: file,
      next: 'nothing was touched; see what is wrong with that file',
      cause,
    })
  }
}
