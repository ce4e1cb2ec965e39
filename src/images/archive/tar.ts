// The files in a tar archive, one after another: headers are decoded by a parser of its own, and here it is said what
// follows what. Sizes are taken as Go does, in which the runtimes that write these archives are written.
import { Header } from 'tar/header'
import { badImages } from '../../errors.js'
import { ARCHIVE_LIMITS } from '../../limits.js'
import type { Time } from '../../time.js'
import { damaged } from './formats.js'
import { readPax } from './pax.js'
import { takeAll, type Pieces } from './pieces.js'

/** `other`: what it is instead of a file with contents of its own. */
export interface TarEntry {
  /** Without a slash at its beginning, "." or "//". */
  readonly name: string
  readonly size: number
  readonly mtime: Time
  readonly other: string | undefined
}

/** Who takes the entries of an archive. */
export interface Taker {
  add(entry: TarEntry): Take | undefined
  /** Whether nothing that matters can be expected from the entry of that name on. */
  isEnough(name: string): boolean
}

/** Gets the contents of an entry piece by piece, each valid until the next. False: the rest is not wanted. */
export type Take = (piece: Buffer) => boolean

const BLOCK = 512
/** Behind the end of the archive: what fills it up, and the sum of what was compressed. */
const BEHIND = 1024 * 1024

const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile'])

/** What is none, and has no contents whatever its size says. */
const OTHERS: Readonly<Record<string, string>> = {
  Link: 'a second name of another file in it',
  SymbolicLink: 'a symbolic link',
  CharacterDevice: 'a device',
  BlockDevice: 'a device',
  Directory: 'a directory',
  FIFO: 'a FIFO',
}

/** Said of the entry that follows. */
interface Extension {
  readonly name?: string | undefined
  readonly size?: string | undefined
  readonly mtime?: Time | undefined
  readonly isSparse?: boolean
}

/**
 * Gives `taker` each. Answers why it ends before its end, with what came before as good as it is; undefined for a
 * whole one. @throws GcError bad-images for what is none, or is damaged.
 */
export const walkTar = (
  pieces: Pieces,
  path: string,
  taker: Taker,
  most: number = ARCHIVE_LIMITS.entries,
): string | undefined => {
  let extension: Extension = {}
  for (let entries = 0; ;) {
    const at = pieces.position
    const block = takeAll(pieces, BLOCK)
    if (block.length < BLOCK) return cutAt(at + block.length)
    const header = decode(block, extension.size, at, path)
    // All zeros: the end.
    if (header === undefined) {
      pieces.skip(BEHIND)
      return undefined
    }
    const { size, type } = header
    if (++entries > most)
      throw badImages(`more than ${most} entries`, {
        where: path,
        next: 'nothing was deleted; unpack the images alone, and give their directory',
      })
    if (isExtension(type)) {
      if (size > ARCHIVE_LIMITS.headerBytes)
        throw damaged(`${size} bytes are said of the entry at byte ${at}`, path)
      const text = takeAll(pieces, size)
      if (text.length < size || !pad(pieces, size)) return cutAt(pieces.position)
      extension = extend(extension, type, text, at, path)
      continue
    }
    const isOldSparse = header.typeKey === 'S'
    if (isOldSparse && !passMaps(pieces, block)) return cutAt(pieces.position)
    const name = nameOf(extension.name ?? header.path ?? '', at, path)
    const other = isOldSparse || extension.isSparse === true ? 'a sparse file' : otherOf(type)
    const mtime = extension.mtime ?? timeOf(header.mtime)
    if (taker.isEnough(name)) return undefined
    const take = taker.add({ name, size, mtime, other })
    extension = {}
    if (!pass(pieces, size, take)) return `${cutAt(pieces.position)}, inside ${name}`
    if (!pad(pieces, size)) return cutAt(pieces.position)
  }
}

const cutAt = (at: number): string => `the archive breaks off at byte ${at}`

const isExtension = (type: string): boolean =>
  type === 'ExtendedHeader' ||
  type === 'OldExtendedHeader' ||
  type === 'GlobalExtendedHeader' ||
  type === 'NextFileHasLongPath' ||
  type === 'NextFileHasLongLinkpath' ||
  type === 'OldGnuLongPath'

const otherOf = (type: string): string | undefined =>
  FILES.has(type) ? undefined : (OTHERS[type] ?? `of type ${type}`)

type Decoded = Header & { readonly size: number }

/** Undefined for zeros. */
const decode = (
  block: Buffer,
  said: string | undefined,
  at: number,
  path: string,
): Decoded | undefined => {
  let header: Header
  try {
    header = new Header(block)
  } catch (cause) {
    throw damaged(`the header at byte ${at} has a number that is none`, path, cause)
  }
  if (header.nullBlock) return undefined
  if (!header.cksumValid)
    throw at === 0
      ? badImages('it is not a tar archive, nor one that is compressed with gzip or zstd', {
          where: path,
          next: 'nothing was deleted; give the directory that criu dump wrote with -D, or an archive of it',
        })
      : damaged(`the header at byte ${at} is damaged`, path)
  // Of what only says something of the next one, pax says nothing.
  if (said !== undefined && !isExtension(header.type))
    header.size = /^\d{1,16}$/.test(said) ? Number(said) : NaN
  if (header.type in OTHERS) header.size = 0
  if (header.size === undefined || !Number.isSafeInteger(at + header.size))
    throw damaged(`the entry at byte ${at} has no size`, path)
  return header as Decoded
}

/** Whether there are as many. */
const pass = (pieces: Pieces, size: number, take: Take | undefined): boolean => {
  if (take === undefined) return pieces.skip(size) === size
  for (let left = size; left > 0;) {
    const piece = pieces.take(left)
    if (piece.length === 0) return false
    left -= piece.length
    if (!take(piece)) return pieces.skip(left) === left
  }
  return true
}

/** What fills the last block. */
const pad = (pieces: Pieces, size: number): boolean => {
  const count = (BLOCK - (size % BLOCK)) % BLOCK
  return pieces.skip(count) === count
}

/** Where each says that another follows: in the header of an old sparse file, and in each such block. */
const MORE_AT = 482
const MORE_THEN = 504

const passMaps = (pieces: Pieces, header: Buffer): boolean => {
  for (let more = header[MORE_AT]; more !== 0;) {
    const block = takeAll(pieces, BLOCK)
    if (block.length < BLOCK) return false
    more = block[MORE_THEN]
  }
  return true
}

const extend = (
  before: Extension,
  type: string,
  data: Buffer,
  at: number,
  path: string,
): Extension => {
  if (type === 'ExtendedHeader' || type === 'OldExtendedHeader') {
    const said = readPax(data)
    if (said === undefined)
      throw damaged(`what is said of the entry at byte ${at} is no header of pax`, path)
    return { ...said, name: said.name ?? before.name }
  }
  // Of all that follow nothing is said that matters here, and of links nothing is taken.
  if (type !== 'NextFileHasLongPath' && type !== 'OldGnuLongPath') return before
  return { ...before, name: data.toString('utf8').replace(/\0.*$/s, '') }
}

const timeOf = (date: Date | undefined): Time => {
  const sec = Math.floor((date?.getTime() ?? 0) / 1000)
  return { sec: Number.isSafeInteger(sec) ? Math.max(0, sec) : 0, nsec: 0 }
}

/** Nothing is ever written there, but such a name is none that a runtime writes. */
const nameOf = (name: string, at: number, path: string): string => {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..'))
    throw damaged(`the entry at byte ${at} has a name that leads out of it`, path)
  return parts.join('/')
}
