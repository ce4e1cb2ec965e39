// Reads what a runtime wrote for itself. It decides in which directories links are removed: a file that somebody else than
// root could have written is refused.
import fs from 'node:fs'
import path from 'node:path'
import { errorCode, GcError } from '../errors.js'
import { READING } from '../images/side-file.js'
import { isMissing } from '../images/missing.js'
import { RUNTIME_LIMITS } from '../limits.js'

interface Owned {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

const STICKY = 0o1000
const SEARCHED_BY_OTHERS = 0o011

/** Who else than root may change it, in words; `above` is what it lies in, from the top on. */
export const whoElse = (
  file: Owned,
  above: readonly Owned[],
  own: number | undefined,
): string | undefined => {
  const isOurs = ({ uid }: Owned): boolean => uid === 0 || uid === own
  for (const folder of above) {
    const who = writer(folder, isOurs)
    // What lies in a sticky folder is removed and renamed by its owner alone.
    if (who !== undefined && !(isOurs(folder) && (folder.mode & STICKY) !== 0))
      return `a directory above it: ${who}`
    // Nobody else gets further down, whomever that belongs to.
    if ((folder.mode & SEARCHED_BY_OTHERS) === 0) return undefined
  }
  return writer(file, isOurs)
}

const writer = (one: Owned, isOurs: (one: Owned) => boolean): string | undefined => {
  if (!isOurs(one)) return `it belongs to user ${one.uid}`
  if ((one.mode & 0o002) !== 0) return 'everybody may write it'
  if ((one.mode & 0o020) !== 0 && one.gid !== 0) return `group ${one.gid} may write it`
  return undefined
}

const NEXT =
  'nothing was touched; see who wrote it, or leave out --bundle and --container and give --root and --external'

const refuse = (where: string, message: string, cause?: unknown): GcError =>
  new GcError('refused', message, { where, next: NEXT, cause })

/**
 * `isInForeign`: its own folder may be another's, such as the first user of a container. A file of root's with one name
 * is in there only if root wrote it.
 * Undefined where it is not there. @throws GcError refused where it is not to be believed, or too large.
 */
export const readTrusted = (file: string, isInForeign = false): string | undefined =>
  withTrusted(file, isInForeign, (fd, size) => {
    if (size > RUNTIME_LIMITS.fileBytes)
      throw refuse(file, `it has ${size} bytes, more than any that a runtime writes`)
    return fs.readFileSync(fd, 'utf8')
  })

/** The same for what is not read as a whole. */
export const withTrusted = <T>(
  file: string,
  isInForeign: boolean,
  use: (fd: number, size: number) => T,
): T | undefined => {
  if (isMissing(file)) return undefined
  let real: string
  let fd: number
  try {
    // The folder's own links are those of whoever named it.
    real = path.join(fs.realpathSync(path.dirname(file)), path.basename(file))
    fd = fs.openSync(real, READING)
  } catch (cause) {
    const code = errorCode(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw refuse(file, `what the runtime wrote cannot be read (${code})`, cause)
  }
  try {
    const stat = fs.fstatSync(fd)
    if (!stat.isFile()) throw refuse(file, 'what the runtime wrote is not a regular file')
    const folders = above(real)
    const own = process.geteuid?.()
    const who =
      isInForeign && stat.nlink === 1
        ? (whoElse(stat, [], own) ?? whoElse(stat, folders.slice(0, -1), own))
        : whoElse(stat, folders, own)
    if (who !== undefined) throw refuse(file, `others than root could have written it: ${who}`)
    return use(fd, stat.size)
  } finally {
    fs.closeSync(fd)
  }
}

/** The folders of a path, from "/" on. */
const above = (real: string): Owned[] => {
  const found: Owned[] = []
  for (let at = path.dirname(real); ; at = path.dirname(at)) {
    found.unshift(fs.statSync(at))
    if (at === '/') return found
  }
}

/** The names in a folder; none where it is not there. */
export const namesIn = (folder: string): string[] => {
  if (isMissing(folder)) return []
  try {
    return fs.readdirSync(folder).sort()
  } catch {
    return []
  }
}

export const isRegular = (file: string): boolean =>
  fs.lstatSync(file, { throwIfNoEntry: false })?.isFile() === true

/** Nobody else than root could have written this file, which is there. */
export const isOfRoot = (file: string): boolean => {
  try {
    const real = fs.realpathSync(file)
    return whoElse(fs.statSync(real), above(real), process.geteuid?.()) === undefined
  } catch {
    return false
  }
}

export const isDirectory = (place: string): boolean =>
  fs.statSync(place, { throwIfNoEntry: false })?.isDirectory() === true

/** Without links; as it is where it is not there. */
export const realPath = (place: string): string => {
  try {
    return fs.realpathSync(place)
  } catch {
    return path.resolve(place)
  }
}
