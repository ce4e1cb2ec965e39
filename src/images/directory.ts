// Opens the image directory once and reads images in it: regular files only, no links, each read
// once into memory and never through `parent`, which holds memory pages and no remaps.
import fs from 'node:fs'
import { badImages, errorCode, GcError, usage } from '../errors.js'
import { LIMITS } from '../limits.js'
import { walkEntries, type Framing, type OnEntry } from './framing.js'
import type { Time } from '../time.js'
import { COMMON_MAGIC, type ImageKind } from './magic.js'
import { isMissing } from './missing.js'
import { asArchive, imagesBelow } from './mistaken.js'

/** What became of one image. `absent` and `empty` differ: an empty one was being written. */
export interface ImageState {
  readonly name: string
  readonly state: Framing['state'] | 'absent'
  readonly entries: number
  readonly bytes: number
  /** Where it was cut, in bytes, and how. */
  readonly offset?: number
  readonly detail?: string
}

/** What the file system says of one image, whose contents need not be read for it. */
export interface ImageStat {
  /** In bytes. */
  readonly size: number
  readonly mtime: Time
  /** Undefined where the file system does not keep it. */
  readonly btime: Time | undefined
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = fs.constants

/** Whatever has that name: not through a link, and without waiting for anybody. */
export const READING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY

const NEXT = 'nothing was deleted; give a directory with the images themselves'

/** Root may open everything by a capability, which a container or a service can be without. */
const denied = (act: string, where: string, cause: unknown): GcError =>
  badImages(`permission denied to ${act} (EACCES)`, {
    where,
    next: 'nothing was touched; this needs root with CAP_DAC_OVERRIDE, and a FUSE or network file system that lets root in',
    cause,
  })

export class ImageDirectory {
  readonly path: string
  readonly fd: number
  readonly states: ImageState[] = []
  private totalBytes = 0
  private readonly stats = new Map<string, ImageStat>()
  private latest: bigint | undefined
  private earliest: bigint | undefined
  /** Images are walked one after another: the memory of one serves the next. */
  private memory = Buffer.alloc(0)

  /** @throws GcError usage where the directory is not there, bad-images where it cannot be read. */
  constructor(path: string) {
    this.path = path
    try {
      this.fd = fs.openSync(path, O_RDONLY | O_DIRECTORY)
    } catch (cause) {
      const code = errorCode(cause)
      const archive = code === 'ENOTDIR' ? asArchive(path) : undefined
      if (code === 'ENOENT' || code === 'ENOTDIR')
        throw usage(archive?.what ?? `no image directory there (${code})`, {
          where: path,
          next: archive?.next ?? 'give the directory that criu dump wrote with -D',
          cause,
        })
      if (code === 'EACCES') throw denied('open the image directory', path, cause)
      throw badImages(`the image directory cannot be opened (${code ?? 'unknown error'})`, {
        where: path,
        next: 'nothing was touched; see what is in the way of that path',
        cause,
      })
    }
  }

  /** Device and inode number of the directory, in words of a file name. */
  inode(): string {
    const { dev, ino } = fs.fstatSync(this.fd, { bigint: true })
    return `${dev}-${ino}`
  }

  close(): void {
    fs.closeSync(this.fd)
  }

  /** Names in the directory, in no order. */
  names(): string[] {
    return fs.readdirSync(this.anchored('.'))
  }

  /** The path of a directory in this one that has the images, where it is the one above. */
  below(names: readonly string[]): string | undefined {
    const name = imagesBelow(this.anchored('.'), names)
    return name === undefined ? undefined : `${this.path}/${name}`
  }

  /**
   * Walks one image and notes its state. The directory is held by its descriptor, so that all
   * images come from one directory whatever happens to its path.
   */
  read(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): ImageState {
    const state = this.walk(name, kind, onEntry)
    this.states.push(state)
    return state
  }

  /** As read(), for an image that only newer releases write: that it is missing is worth no note. */
  readIfThere(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): void {
    if (isMissing(this.anchored(name))) return
    const state = this.walk(name, kind, onEntry)
    if (state.state !== 'absent') this.states.push(state)
  }

  /** For an image of which nothing depends: what is wrong with it is nobody's concern, and nor is that it is there. */
  peek(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): void {
    try {
      if (!isMissing(this.anchored(name))) this.walk(name, kind, onEntry)
    } catch (error) {
      if (!(error instanceof GcError)) throw error
    }
  }

  /** Of a regular file there, one call for each that was not read; undefined where there is none. */
  stat(name: string): ImageStat | undefined {
    const known = this.stats.get(name)
    if (known !== undefined) return known
    try {
      const stat = fs.lstatSync(this.anchored(name), { bigint: true })
      return stat.isFile() ? imageStat(stat) : undefined
    } catch {
      return undefined
    }
  }

  /** Whether that file begins as an image of CRIU 1.6 or later, or is empty, as one that was created for it. */
  isImage(name: string): boolean {
    let fd: number | undefined
    try {
      fd = fs.openSync(this.anchored(name), READING)
      const word = Buffer.alloc(4)
      const length = fs.fstatSync(fd).isFile() ? fs.readSync(fd, word, 0, 4, 0) : -1
      return length === 0 || (length === 4 && word.readUInt32LE() === COMMON_MAGIC)
    } catch {
      return false
    } finally {
      if (fd !== undefined) fs.closeSync(fd)
    }
  }

  /** Modification time of the last read image that is there: when the dump had ended, at the latest. */
  get writtenAt(): Time | undefined {
    return this.latest === undefined ? undefined : toTime(this.latest)
  }

  /** The earliest time of any of them: the dump had begun by then. */
  get begunAt(): Time | undefined {
    return this.earliest === undefined ? undefined : toTime(this.earliest)
  }

  private walk(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): ImageState {
    const data = this.load(name)
    if (data === undefined) return { name, state: 'absent', entries: 0, bytes: 0 }
    try {
      return { name, bytes: data.length, ...walkEntries(data, kind, onEntry(data)) }
    } catch (error) {
      if (error instanceof GcError && error.where === undefined)
        throw new GcError(error.exit, error.message, {
          where: `${this.path}/${name}`,
          next: error.next ?? NEXT,
          cause: error,
        })
      throw error
    }
  }

  /** The anchor keeps the path short of symbolic links above the image itself. */
  private anchored(name: string): string {
    return `/proc/self/fd/${this.fd}/${name}`
  }

  private load(name: string): Buffer | undefined {
    const where = `${this.path}/${name}`
    const next = NEXT
    let fd: number
    try {
      fd = fs.openSync(this.anchored(name), READING)
    } catch (cause) {
      const code = errorCode(cause)
      if (code === 'ENOENT') return undefined
      if (code === 'EACCES') throw denied('open it', where, cause)
      const what = code === 'ELOOP' ? 'is a symbolic link' : `cannot be opened (${code})`
      throw badImages(what, { where, next, cause })
    }
    try {
      const stat = fs.fstatSync(fd, { bigint: true })
      if (!stat.isFile()) throw badImages('is not a regular file', { where, next })
      const size = Number(stat.size)
      this.stats.set(name, imageStat(stat))
      this.totalBytes += size
      if (size > LIMITS.imageBytes)
        throw badImages(`has ${size} bytes, the limit is ${LIMITS.imageBytes}`, {
          where,
          next,
        })
      if (this.totalBytes > LIMITS.totalBytes)
        throw badImages(`brings the images to more than ${LIMITS.totalBytes} bytes`, {
          where,
          next,
        })
      const { mtimeNs, birthtimeNs } = stat
      if (this.latest === undefined || mtimeNs > this.latest) this.latest = mtimeNs
      // CRIU makes files.img for its first entry, right after the first link; a copy is made later, but
      // may have kept the time of modification.
      for (const time of [mtimeNs, birthtimeNs])
        if (time > 0n && (this.earliest === undefined || time < this.earliest)) this.earliest = time
      return this.readUpTo(fd, size)
    } finally {
      fs.closeSync(fd)
    }
  }

  /** Up to `size` bytes: a file that grows meanwhile is read as it was, one that shrinks is cut. */
  private readUpTo(fd: number, size: number): Buffer {
    if (this.memory.length < size) this.memory = Buffer.allocUnsafeSlow(roundUp(size))
    let length = 0
    while (length < size) {
      const count = fs.readSync(fd, this.memory, length, size - length, length)
      if (count === 0) break
      length += count
    }
    return this.memory.subarray(0, length)
  }
}

const SECOND = 1_000_000_000n

const imageStat = ({ size, mtimeNs, birthtimeNs }: fs.BigIntStats): ImageStat => ({
  size: Number(size),
  mtime: toTime(mtimeNs),
  btime: birthtimeNs > 0n ? toTime(birthtimeNs) : undefined,
})

export const toTime = (ns: bigint): Time => ({
  sec: Number(ns / SECOND),
  nsec: Number(ns % SECOND),
})

/** To a power of two, so that images that grow a little each do not add up before the collector runs. */
const roundUp = (size: number): number => 2 ** Math.ceil(Math.log2(size))
