// Opens the image directory once and reads images in it: regular files only, no links, each read
// once into memory and never through `parent`, which holds memory pages and no remaps.
import fs from 'node:fs'
import { badImages, errorCode, usage, type GcError } from '../errors.js'
import { ofNanoseconds, type Time } from '../time.js'
import { imagesBelow } from './below.js'
import { COMMON_MAGIC } from './magic.js'
import { isMissing } from './missing.js'
import { READING, tryReadEnds, type FoundFile } from './side-file.js'
import { HEAD_BYTES, ImageSource, NEXT, type ImageHead, type ImageStat } from './source.js'

const { O_RDONLY, O_DIRECTORY } = fs.constants

/** Podman and CRI-O give CRIU the directory above as its work directory. */
const INNER_DIRECTORY = '/checkpoint'

/** Root may open everything by a capability, which a container or a service can be without. */
const denied = (act: string, where: string, cause: unknown): GcError =>
  badImages(`permission denied to ${act} (EACCES)`, {
    where,
    next: 'nothing was touched; this needs root with CAP_DAC_OVERRIDE, and a FUSE or network file system that lets root in',
    cause,
  })

export class ImageDirectory extends ImageSource {
  readonly fd: number
  readonly what = 'image directory'
  private readonly stats = new Map<string, ImageStat>()
  private latest: bigint | undefined
  private earliest: bigint | undefined
  /** Images are walked one after another: the memory of one serves the next. */
  private memory = Buffer.alloc(0)

  /** @throws GcError usage where the directory is not there, bad-images where it cannot be read. */
  constructor(path: string) {
    super(path)
    try {
      this.fd = fs.openSync(path, O_RDONLY | O_DIRECTORY)
    } catch (cause) {
      const code = errorCode(cause)
      if (code === 'ENOENT' || code === 'ENOTDIR')
        throw usage(`no image directory there (${code})`, {
          where: path,
          next: 'give the directory that criu dump wrote with -D, or a tar archive of it',
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

  inode(): string {
    const { dev, ino } = fs.fstatSync(this.fd, { bigint: true })
    return `${dev}-${ino}`
  }

  close(): void {
    fs.closeSync(this.fd)
  }

  names(): string[] {
    return fs.readdirSync(this.anchored('.'))
  }

  /** The path of a directory in this one that has the images, where it is the one above. */
  below(names: readonly string[]): string | undefined {
    const name = imagesBelow(this.anchored('.'), names)
    return name === undefined ? undefined : `${this.path}/${name}`
  }

  runtimeFile(): undefined {
    return undefined
  }

  beside(name: string): FoundFile[] {
    const here = this.anchored('.')
    const places = [[here, this.path]]
    if (pathOf(`/proc/self/fd/${this.fd}`)?.endsWith(INNER_DIRECTORY) === true)
      places.push([`${here}/..`, `${this.path}/..`])
    return places.flatMap(([directory, shown]) => {
      const found = tryReadEnds(`${directory}/${name}`)
      return found === undefined ? [] : [{ ...found, path: `${shown}/${name}` }]
    })
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

  head(name: string): ImageHead | undefined {
    let fd: number | undefined
    try {
      fd = fs.openSync(this.anchored(name), READING)
      const stat = fs.fstatSync(fd)
      if (!stat.isFile()) return undefined
      const data = Buffer.alloc(Math.min(stat.size, HEAD_BYTES))
      const length = fs.readSync(fd, data, 0, data.length, 0)
      return { data: data.subarray(0, length), size: stat.size }
    } catch {
      return undefined
    } finally {
      if (fd !== undefined) fs.closeSync(fd)
    }
  }

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
    return this.latest === undefined ? undefined : ofNanoseconds(this.latest)
  }

  /** The earliest time of any of them: the dump had begun by then. */
  get begunAt(): Time | undefined {
    return this.earliest === undefined ? undefined : ofNanoseconds(this.earliest)
  }

  protected has(name: string): boolean {
    return !isMissing(this.anchored(name))
  }

  /**
   * The directory is held by its descriptor, so that all images come from one directory whatever happens to its
   * path; and the anchor keeps the path short of symbolic links above the image itself.
   */
  private anchored(name: string): string {
    return `/proc/self/fd/${this.fd}/${name}`
  }

  protected load(name: string): Buffer | undefined {
    const where = this.where(name)
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
      this.count(name, size)
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

const imageStat = ({ size, mtimeNs, birthtimeNs }: fs.BigIntStats): ImageStat => ({
  size: Number(size),
  mtime: ofNanoseconds(mtimeNs),
  btime: birthtimeNs > 0n ? ofNanoseconds(birthtimeNs) : undefined,
})

const pathOf = (descriptor: string): string | undefined => {
  try {
    return fs.readlinkSync(descriptor)
  } catch {
    return undefined
  }
}

/** To a power of two, so that images that grow a little each do not add up before the collector runs. */
const roundUp = (size: number): number => 2 ** Math.ceil(Math.log2(size))
