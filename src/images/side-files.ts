// What CRIU writes besides images: logs and statistics. They are hints of anyone's making: read to a
// limit, never through a link, and a file that cannot be read is as none.
import fs from 'node:fs'
import { errorCode, usage } from '../errors.js'
import { HINT_LIMITS } from '../limits.js'
import type { Time } from '../time.js'
import { READING, toTime, type ImageDirectory } from './directory.js'
import { isMissing } from './missing.js'

/** `named`: by the caller. `beside`: in the images' own directory, or the one above that runtimes use. */
export type Place = 'named' | 'work' | 'beside'

export interface SideFile {
  readonly path: string
  readonly place: Place
  /** Its beginning and its end, with what is between them left out where it is long. */
  readonly data: Buffer
  readonly mtime: Time
  /** Undefined where the file system does not keep it. */
  readonly btime: Time | undefined
}

/** Podman and CRI-O give CRIU the directory above as its work directory. */
const INNER_DIRECTORY = '/checkpoint'

/**
 * The files of that name in CRIU's work directory, if told, beside the images, and above a directory
 * `checkpoint`. One that is in two of these is there once.
 */
export const sideFiles = (
  images: ImageDirectory,
  name: string,
  workDir: string | undefined,
): SideFile[] => {
  const here = `/proc/self/fd/${images.fd}`
  const places: [Place, string, string][] = [['beside', here, images.path]]
  if (pathOf(here)?.endsWith(INNER_DIRECTORY) === true)
    places.push(['beside', `${here}/..`, `${images.path}/..`])
  if (workDir !== undefined) places.push(['work', workDir, workDir])
  const found = new Map<string, SideFile>()
  for (const [place, directory, shown] of places) {
    const read = tryRead(`${directory}/${name}`)
    if (read === undefined || found.has(read.id)) continue
    found.set(read.id, { ...read.file, place, path: `${shown}/${name}` })
  }
  // CRIU writes into its work directory, whatever lies beside the images.
  return [...found.values()].sort((a, b) => Number(b.place === 'work') - Number(a.place === 'work'))
}

/** The file that the caller names. @throws GcError usage where it cannot be read. */
export const namedFile = (path: string, option: string): SideFile => {
  try {
    return { ...read(path).file, place: 'named', path }
  } catch (cause) {
    const code = errorCode(cause)
    throw usage(`the file of ${option} cannot be read (${code ?? String(cause)})`, {
      where: path,
      next: 'nothing was touched; name the log that CRIU wrote, or leave the option out',
      cause,
    })
  }
}

const pathOf = (descriptor: string): string | undefined => {
  try {
    return fs.readlinkSync(descriptor)
  } catch {
    return undefined
  }
}

const tryRead = (path: string): ReturnType<typeof read> | undefined => {
  if (isMissing(path)) return undefined
  try {
    return read(path)
  } catch {
    return undefined
  }
}

const read = (path: string): { id: string; file: Omit<SideFile, 'place' | 'path'> } => {
  const fd = fs.openSync(path, READING)
  try {
    const stat = fs.fstatSync(fd, { bigint: true })
    if (!stat.isFile()) throw new Error('not a regular file')
    return {
      id: `${stat.dev}:${stat.ino}`,
      file: {
        data: readEnds(fd, Number(stat.size)),
        mtime: toTime(stat.mtimeNs),
        btime: stat.birthtimeNs > 0n ? toTime(stat.birthtimeNs) : undefined,
      },
    }
  } finally {
    fs.closeSync(fd)
  }
}

const NEWLINE = Buffer.from('\n')

const readEnds = (fd: number, size: number): Buffer => {
  const { logHead, logTail } = HINT_LIMITS
  if (size <= logHead + logTail) return readAt(fd, 0, size)
  // A line of its own begins where lines were left out.
  return Buffer.concat([readAt(fd, 0, logHead), NEWLINE, readAt(fd, size - logTail, logTail)])
}

const readAt = (fd: number, from: number, size: number): Buffer => {
  const data = Buffer.allocUnsafe(size)
  let length = 0
  while (length < size) {
    const count = fs.readSync(fd, data, length, size - length, from + length)
    if (count === 0) break
    length += count
  }
  return data.subarray(0, length)
}
