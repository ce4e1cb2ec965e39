// The files of /run/criu-gc in which clean-ups note what they did: root's alone, of this boot, and not more
// than is read in a moment.
import fs from 'node:fs'
import { closeQuietly } from './descriptors.js'

export const PLACE = '/run/criu-gc'

/** Bytes of one file, and of all: what is more is as none. */
export const LIMIT = 16 * 1024 * 1024
const LIMIT_OF_ALL = 4 * LIMIT

/** Files: where there are more, those that were written first are removed until half of them are left. */
const MANY = 1000

/** The whole lines of each file. */
export function* readNotes(place: string): Generator<string> {
  let left = LIMIT_OF_ALL
  for (const name of readdir(place)) {
    const lines = readLines(`${place}/${name}`)
    left -= lines.length
    if (left < 0) return
    yield lines
  }
}

const readdir = (place: string): string[] => {
  try {
    return isOurs(fs.lstatSync(place), 'isDirectory') ? fs.readdirSync(place) : []
  } catch {
    return []
  }
}

const isOurs = (stat: fs.Stats, type: 'isFile' | 'isDirectory'): boolean =>
  stat[type]() && stat.uid === 0 && (stat.mode & 0o077) === 0

const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants

/** The whole lines of a file of this boot: of one that was cut the last word may be a part. */
const readLines = (path: string): string => {
  let fd: number | undefined
  try {
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const stat = fs.fstatSync(fd)
    if (!isOurs(stat, 'isFile') || stat.nlink !== 1 || stat.size > LIMIT) return ''
    const text = fs.readFileSync(fd, 'latin1')
    return text.startsWith(head()) ? text.slice(0, text.lastIndexOf('\n')) : ''
  } catch {
    return ''
  } finally {
    closeQuietly(fd)
  }
}

const head = (): string =>
  `boot ${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}\n`

/**
 * Opens the file of a set of images, before privileges are dropped; makes it, and its folder, where they are not there.
 * Undefined where that cannot be, or where what is there is not root's alone.
 */
export const openNotes = (name: string, place = PLACE): number | undefined => {
  let fd: number | undefined
  try {
    try {
      fs.mkdirSync(place, 0o700)
    } catch {
      // It is there, or cannot be made: the look tells.
    }
    if (!isOurs(fs.lstatSync(place), 'isDirectory')) return undefined
    prune(place)
    fd = fs.openSync(
      `${place}/${name}`,
      O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
      0o600,
    )
    const stat = fs.fstatSync(fd)
    if (isOurs(stat, 'isFile') && stat.nlink === 1 && stat.size <= LIMIT) {
      if (readLines(`${place}/${name}`) === '') {
        fs.ftruncateSync(fd)
        fs.writeSync(fd, head())
      }
      return fd
    }
  } catch {
    // As none.
  }
  closeQuietly(fd)
  return undefined
}

/** A change that is forgotten is doubted again: no harm is done. */
const prune = (place: string): void => {
  const names = readdir(place)
  if (names.length < MANY) return
  const paths = names.map((name) => `${place}/${name}`)
  const files = paths.map((path) => ({ path, written: writtenAt(path) }))
  files.sort((a, b) => a.written - b.written)
  for (const { path } of files.slice(0, files.length - MANY / 2)) remove(path)
}

const writtenAt = (path: string): number =>
  fs.lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

const remove = (path: string): void => {
  try {
    fs.unlinkSync(path)
  } catch {
    // Another clean-up was first.
  }
}
