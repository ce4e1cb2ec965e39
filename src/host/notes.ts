// The files of /run/criu-gc in which clean-ups note what they did: root's alone, of this boot, and not more
// than is read in a moment.
import fs from 'node:fs'
import { closeQuietly } from './descriptors.js'
import { kernelText } from './kernel-text.js'

export const PLACE = '/run/criu-gc'

/** Bytes of one file, and of all: what is more is as none. */
export const LIMIT = 16 * 1024 * 1024
const LIMIT_OF_ALL = 4 * LIMIT

/** Files: where there are more, those that were written first are removed until half of them are left. */
const MANY = 1000

/** The whole lines of each file of this boot. */
export function* readNotes(place: string): Generator<Buffer> {
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
    return isOurs(lstat(place), 'isDirectory') ? fs.readdirSync(place) : []
  } catch {
    return []
  }
}

const lstat = (path: string): fs.BigIntStats => fs.lstatSync(path, { bigint: true })

const isOurs = (stat: fs.BigIntStats, type: 'isFile' | 'isDirectory'): boolean =>
  stat[type]() && stat.uid === 0n && (stat.mode & 0o077n) === 0n

const { O_RDONLY, O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants

const NOTHING = Buffer.alloc(0)

/** Of a file that was cut the last word may be a part. */
const readLines = (path: string): Buffer => {
  let fd: number | undefined
  try {
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    if (!isNote(fs.fstatSync(fd, { bigint: true })) || !isOfThisBoot(fd)) return NOTHING
    const data = fs.readFileSync(fd)
    return data.subarray(0, data.lastIndexOf(NEWLINE) + 1)
  } catch {
    return NOTHING
  } finally {
    closeQuietly(fd)
  }
}

const NEWLINE = 10

const isNote = (stat: fs.BigIntStats): boolean =>
  isOurs(stat, 'isFile') && stat.nlink === 1n && stat.size <= LIMIT

/** Moves nothing: the file is still to be read from its begin. */
const isOfThisBoot = (fd: number): boolean => {
  const expected = Buffer.from(head())
  const found = Buffer.alloc(expected.length)
  fs.readSync(fd, found, 0, found.length, 0)
  return found.equals(expected)
}

let known: string | undefined

const head = (): string =>
  (known ??= `boot ${kernelText('/proc/sys/kernel/random/boot_id').trim()}\n`)

/**
 * Opens the file of a set of images, before privileges are dropped; makes it, and its folder, where they are not there.
 * Undefined where that cannot be, or where what is there is not root's alone.
 */
export const openNotes = (name: string, place = PLACE): number | undefined => {
  let fd: number | undefined
  try {
    if (fs.lstatSync(place, { bigint: true, throwIfNoEntry: false }) === undefined) make(place)
    if (!isOurs(lstat(place), 'isDirectory')) return undefined
    prune(place)
    fd = fs.openSync(
      `${place}/${name}`,
      O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
      0o600,
    )
    if (isNote(fs.fstatSync(fd, { bigint: true }))) {
      const isNew = !isOfThisBoot(fd)
      if (isNew) fs.ftruncateSync(fd)
      // A run that was killed may have left a part of a line.
      fs.writeSync(fd, isNew ? head() : '\n')
      return fd
    }
  } catch {
    // As none.
  }
  closeQuietly(fd)
  return undefined
}

const make = (place: string): void => {
  try {
    fs.mkdirSync(place, 0o700)
  } catch {
    // Another clean-up was first, or it cannot be made: the look tells.
  }
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
