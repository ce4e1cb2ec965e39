// An archive of an image directory, as runtimes write them: read once from its beginning to its end, and never unpacked.
// The times of its entries are those of the images.
import fs from 'node:fs'
import { badImages, errorCode, GcError, usage } from '../errors.js'
import { escapeText } from '../escape.js'
import { Contents, type Kept } from './archive/contents.js'
import { damaged, formatOf, HEAD, unpacking, type Format } from './archive/formats.js'
import { GzipPieces } from './archive/gzip.js'
import { FilePieces, type Pieces } from './archive/pieces.js'
import { walkTar } from './archive/tar.js'
import { ZstdPieces } from './archive/zstd.js'
import { USUAL } from './below.js'
import { COMMON_MAGIC } from './magic.js'
import type { FoundFile } from './side-file.js'
import { ImageSource, NEXT, type ImageHead, type ImageStat } from './source.js'

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = fs.constants

export class ImageArchive extends ImageSource {
  readonly fd: number
  readonly what = 'archive'
  override readonly cut: string | undefined
  private readonly directory: string
  private readonly contents: Contents

  /** @throws GcError usage for what is no archive, bad-images for one that cannot be read. */
  constructor(path: string) {
    super(path)
    this.fd = open(path)
    this.contents = new Contents(path)
    try {
      this.cut = this.readAll()
      this.directory = chooseDirectory(this.contents, path)
    } catch (error) {
      fs.closeSync(this.fd)
      if (error instanceof GcError) throw error
      throw badImages(`cannot be read (${errorCode(error) ?? String(error)})`, {
        where: path,
        next: 'nothing was touched; see what is wrong with its file system',
        cause: error,
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
    return [...this.files(this.directory).keys()]
  }

  stat(name: string): ImageStat | undefined {
    const kept = this.file(name)
    if (kept?.other !== undefined || kept === undefined) return undefined
    return { size: kept.size, mtime: kept.mtime, btime: undefined }
  }

  isImage(name: string): boolean {
    const kept = this.file(name)
    if (kept?.other !== undefined || kept === undefined) return false
    const data = kept.data()
    return kept.size === 0 || (data.length >= 4 && data.readUInt32LE() === COMMON_MAGIC)
  }

  head(name: string): ImageHead | undefined {
    const kept = this.file(name)
    if (kept?.other !== undefined || kept === undefined) return undefined
    return { data: kept.data(), size: kept.size }
  }

  beside(name: string): FoundFile[] {
    return this.besides().flatMap((directory) => {
      const kept = this.files(directory).get(name)
      if (kept?.other !== undefined || kept === undefined) return []
      const path = `${this.path}/${inside(directory, name)}`
      return [{ id: path, path, data: kept.data(), mtime: kept.mtime, btime: undefined }]
    })
  }

  /**
   * A file of the runtime's beside the images, such as spec.dump, as its bytes are; undefined where there is none.
   * @throws GcError bad-images for one that is no regular file, or too long.
   */
  runtimeFile(name: string): Buffer | undefined {
    const [directory = ''] = this.besides().filter((one) => this.files(one).has(name))
    const kept = this.files(directory).get(name)
    return kept === undefined ? undefined : this.dataOf(kept, inside(directory, name))
  }

  below(): undefined {
    return undefined
  }

  protected override where(name: string): string {
    return `${this.path}/${inside(this.directory, name)}`
  }

  protected load(name: string): Buffer | undefined {
    const kept = this.file(name)
    if (kept === undefined) return undefined
    this.count(name, kept.size)
    return this.dataOf(kept, inside(this.directory, name))
  }

  protected has(name: string): boolean {
    return this.file(name) !== undefined
  }

  private dataOf({ other, size, data }: Kept, name: string): Buffer {
    const where = `${this.path}/${name}`
    if (other !== undefined) throw badImages(`is ${other}`, { where, next: NEXT })
    const found = data()
    // One that breaks off is in an archive that does.
    if (found.length < size && this.cut === undefined)
      throw badImages(`has ${size} bytes, which is more than the limit`, { where, next: NEXT })
    return found
  }

  private file(name: string): Kept | undefined {
    return this.files(this.directory).get(name)
  }

  private files(directory: string): ReadonlyMap<string, Kept> {
    return this.contents.directories.get(directory) ?? NONE
  }

  /** CRIU's work directory is that of the images, or the one above. */
  private besides(): string[] {
    const { directory } = this
    if (directory !== USUAL && !directory.endsWith(`/${USUAL}`)) return [directory]
    return [directory, directory.slice(0, -USUAL.length).replace(/\/$/, '')]
  }

  private readAll(): string | undefined {
    const { path, fd } = this
    const head = Buffer.alloc(HEAD)
    const length = fs.readSync(fd, head, 0, HEAD, 0)
    if (length === 0)
      throw usage('it is an empty file, and no archive', {
        where: path,
        next: 'nothing was touched; give the directory that criu dump wrote with -D, or an archive of it',
      })
    const format = formatOf(head.subarray(0, length), path)
    const file = new FilePieces(fd, fs.fstatSync(fd).size)
    const pieces = decompressing(format, file, path)
    try {
      const cut = walkTar(pieces, path, this.contents)
      return cut === undefined || format === 'tar' ? cut : `${cut} of what is compressed in it`
    } catch (error) {
      // Memory that cannot be had is the archive's fault, and not ours.
      if (error instanceof RangeError)
        throw damaged(
          `it cannot be decompressed (${error.message}); ${unpacking(format, path)}`,
          path,
        )
      throw error
    } finally {
      pieces.end()
    }
  }
}

const NONE: ReadonlyMap<string, Kept> = new Map()

const inside = (directory: string, name: string): string =>
  directory === '' ? name : `${directory}/${name}`

const decompressing = (format: Format, file: Pieces, path: string): Pieces => {
  if (format === 'gzip') return new GzipPieces(file, path)
  return format === 'zstd' ? new ZstdPieces(file, path) : file
}

const open = (path: string): number => {
  let fd: number
  try {
    fd = fs.openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  } catch (cause) {
    throw badImages(`the archive cannot be opened (${errorCode(cause) ?? 'unknown error'})`, {
      where: path,
      next: 'nothing was touched; see what is in the way of that path',
      cause,
    })
  }
  if (fs.fstatSync(fd).isFile()) return fd
  fs.closeSync(fd)
  throw usage('neither a directory with images nor an archive of one', {
    where: path,
    next: 'nothing was touched; give the directory that criu dump wrote with -D',
  })
}

const shown = (directory: string): string => escapeText(directory === '' ? '.' : directory)

/** How many are named. */
const FEW = 4

/** That with the images of the dump: beside them a runtime may have put others, and those of a pre-dump. */
const chooseDirectory = ({ directories }: Contents, path: string): string => {
  const having = (is: (name: string) => boolean): string[] =>
    [...directories].filter(([, files]) => [...files.keys()].some(is)).map(([name]) => name)
  const all = having((name) => name.endsWith('.img'))
  const usual = all.filter((name) => name === USUAL || name.endsWith(`/${USUAL}`))
  const whole = having((name) => name === 'inventory.img')
  const found = [usual, whole, all].find(({ length }) => length > 0) ?? []
  const [one, ...more] = found
  if (more.length === 0) return one ?? ''
  throw badImages(
    `images are in ${found.length} directories of it: ${found.slice(0, FEW).map(shown).join(', ')}`,
    {
      where: path,
      next: 'nothing was deleted; unpack those that are meant, and give their directory',
    },
  )
}
