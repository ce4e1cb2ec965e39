// CRIU's configuration files: one option a line, without the dashes.
import fs from 'node:fs'
import path from 'node:path'
import { errorCode, usage } from '../errors.js'

/** Arguments as they would stand on a command line. @throws GcError usage. */
export const parseConfig = (text: string, where: string): string[] => {
  const args: string[] = []
  text.split('\n').forEach((line, index) => {
    const match = /^\s*(?:([\w-]+)(?:\s+(?:"((?:[^"\\]|\\.)*)"|([^\s"#]+)))?\s*)?(?:#.*)?$/.exec(
      line,
    )
    if (match === null)
      throw usage(`line ${index + 1} is not "option" or "option value"`, {
        where,
        next: 'put a value with blanks or # in double quotes',
      })
    const [, name, quoted, bare] = match
    if (name === undefined) return
    const value = quoted?.replaceAll('\\"', '"') ?? bare
    args.push(value === undefined ? `--${name}` : `--${name}=${value}`)
  })
  return args
}

/** Files that CRIU reads, later ones first to be overridden by the command line. */
export const configArguments = (
  explicit: string | undefined,
  useDefaults: boolean,
  env: NodeJS.ProcessEnv,
): string[] => {
  const files: { file: string; mayBeMissing: boolean }[] = []
  if (useDefaults && explicit === undefined) {
    files.push({ file: '/etc/criu/default.conf', mayBeMissing: true })
    const home = env.HOME
    // An empty one would make the path relative, and the current directory's file root's options.
    if (home?.startsWith('/') === true)
      files.push({ file: path.join(home, '.criu/default.conf'), mayBeMissing: true })
  }
  const named = env.CRIU_CONFIG_FILE
  if (named !== undefined && named !== '') files.push({ file: named, mayBeMissing: true })
  if (explicit !== undefined) files.push({ file: explicit, mayBeMissing: false })
  return files.flatMap(({ file, mayBeMissing }) => {
    try {
      return parseConfig(fs.readFileSync(file, 'utf8'), file)
    } catch (error) {
      const code = errorCode(error)
      if (code === undefined || (mayBeMissing && (code === 'ENOENT' || code === 'ENOTDIR'))) {
        if (code === undefined) throw error
        return []
      }
      throw usage(`the configuration file cannot be read (${code})`, { where: file, cause: error })
    }
  })
}
