// One file beside the images, of anyone's making: read to a limit, never through a link.
import fs from 'node:fs'
import { HINT_LIMITS } from '../limits.js'
import { ofNanoseconds, type Time } from '../time.js'
import { isMissing } from './missing.js'

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = fs.constants

/** Whatever has that name: not through a link, and without waiting for anybody. */
export const READING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY

export interface FoundFile {
  /** The same for one that is found twice. */
  readonly id: string
  readonly path: string
  /** Its beginning and its end, with what is between them left out where it is long. */
  readonly data: Buffer
  readonly mtime: Time
  /** Undefined where the file system does not keep it. */
  readonly btime: Time | undefined
}

/** Undefined for one that cannot be read: it is as none. */
export const tryReadEnds = (path: string): FoundFile | undefined => {
  if (isMissing(path)) return undefined
  try {
    return readEnds(path)
  } catch {
    return undefined
  }
}

/** @throws Error of Node's, or for what is not a regular file. */
export const readEnds = (path: string): FoundFile => {
  const fd = fs.openSync(path, READING)
  try {
    const stat = fs.fstatSync(fd, { bigint: true })
    if (!stat.isFile()) throw new Error('not a regular file')
    return {
      id: `${stat.dev}:${stat.ino}`,
      path,
      data: endsOf(fd, Number(stat.size)),
      mtime: ofNanoseconds(stat.mtimeNs),
      btime: stat.birthtimeNs > 0n ? ofNanoseconds(stat.birthtimeNs) : undefined,
    }
  } finally {
    fs.closeSync(fd)
  }
}

/** A line of its own begins where lines were left out. */
export const NEWLINE = Buffer.from('\n')

const endsOf = (fd: number, size: number): Buffer => {
  const { logHead, logTail } = HINT_LIMITS
  if (size <= logHead + logTail) return readAt(fd, 0, size)
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
