// Arithmetic on absolute paths made of bytes. Nothing here looks at a file system.
import { concat, slice, type Bytes } from './bytes.js'

export const ROOT = '/' as Bytes

/** The kernel's limits: a name is at most 255 bytes, a path with its NUL at most 4096. */
const NAME_MAX = 255
const PATH_MAX = 4096

/** What is wrong with a path that no system call takes for its length alone. */
export const TOO_LONG = `is longer than ${PATH_MAX - 1} bytes`

export const isTooLong = (path: Bytes): boolean => path.length >= PATH_MAX

/** Components that are neither empty nor "." nor "..": nearly every path there is, without a split. */
const FINE = /^(?:\/(?!\.{0,2}(?:\/|$))[^\0/]+)+$/

/**
 * Why `path` is not one that d_path() (the source of every path in an image) could have written
 * and a system call could take; undefined where it is fine.
 */
export const pathProblem = (path: Bytes): string | undefined => {
  if (path === ROOT || (path.length <= NAME_MAX && FINE.test(path))) return undefined
  if (!path.startsWith('/')) return 'is not absolute'
  // Before anything that looks at each byte: entries without end may share a path of a MiB.
  if (isTooLong(path)) return TOO_LONG
  if (path.includes('\0')) return 'contains a NUL byte'
  for (const component of path.slice(1).split('/')) {
    if (component === '') return 'has an empty component'
    if (component === '.' || component === '..') return `has a component "${component}"`
    if (component.length > NAME_MAX) return `has a component longer than ${NAME_MAX} bytes`
  }
  return undefined
}

/** Directory and last component; "/" has the component "". */
export const splitLast = (path: Bytes): { dir: Bytes; base: Bytes } => {
  const at = path.lastIndexOf('/')
  return { dir: at === 0 ? ROOT : slice(path, 0, at), base: slice(path, at + 1) }
}

/**
 * The same for path after path: those of one directory that follow each other share one string for it, which is
 * found in a map by its address. Very many may do so.
 */
export const splitter = (): ((path: Bytes) => { dir: Bytes; base: Bytes }) => {
  let dir = ROOT
  return (path) => {
    const at = path.lastIndexOf('/')
    if (at !== dir.length || !path.startsWith(dir)) ({ dir } = splitLast(path))
    return { dir, base: slice(path, at + 1) }
  }
}

/** Where its slashes are: each ends a directory above it. */
export const slashesOf = (path: Bytes): number[] => {
  const places: number[] = []
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) places.push(at)
  return places
}

/** How many slashes it has. */
export const depthOf = (path: Bytes): number => {
  let count = 0
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) count += 1
  return count
}

/** Whether `path` is `ancestor` or lies below it. */
export const isWithin = (path: Bytes, ancestor: Bytes): boolean =>
  ancestor === ROOT ||
  (path.startsWith(ancestor) &&
    (path.length === ancestor.length || path.charCodeAt(ancestor.length) === 0x2f))

/** What is left of `path` below `ancestor`, itself absolute; "/" for the same path. */
export const below = (path: Bytes, ancestor: Bytes): Bytes => {
  if (ancestor === ROOT) return path
  return path.length === ancestor.length ? ROOT : slice(path, ancestor.length)
}

/** `path` seen from a directory: without its leading slash, "." for the directory itself. */
export const relative = (path: Bytes): Bytes => (path === ROOT ? ('.' as Bytes) : slice(path, 1))

/** Of a name in a directory. */
export const inDirectory = (directory: Bytes, name: Bytes): Bytes =>
  directory === ROOT ? concat(ROOT, name) : concat(directory, ROOT, name)

export const join = (dir: Bytes, rest: Bytes): Bytes => {
  if (rest === ROOT) return dir
  return dir === ROOT ? rest : concat(dir, rest)
}
