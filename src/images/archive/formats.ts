// Which archive a file is, by its first bytes: those that are read, and those that something else has to unpack first.
import { badImages, usage, type GcError } from '../../errors.js'
import { shellQuote } from '../../escape.js'
import { isMagic } from '../magic.js'

export type Format = 'tar' | 'gzip' | 'zstd'

interface Known {
  readonly name: string
  readonly at: number
  readonly bytes: string
  /** One that is read here. */
  readonly format?: Format
  /** What makes a plain tar archive of it, which is written to stdout. */
  readonly plain: string
}

const KNOWN: readonly Known[] = [
  { name: 'tar', at: 257, bytes: 'ustar', format: 'tar', plain: 'cat' },
  { name: 'gzip', at: 0, bytes: '\x1f\x8b', format: 'gzip', plain: 'gzip -dc' },
  { name: 'zstd', at: 0, bytes: '\x28\xb5\x2f\xfd', format: 'zstd', plain: 'zstd -dc --long=31' },
  { name: 'xz', at: 0, bytes: '\xfd7zXZ\0', plain: 'xz -dc' },
  { name: 'bzip2', at: 0, bytes: 'BZh', plain: 'bzip2 -dc' },
  { name: 'lz4', at: 0, bytes: '\x04\x22\x4d\x18', plain: 'lz4 -dc' },
  { name: 'zip', at: 0, bytes: 'PK\x03\x04', plain: 'bsdtar -cf - @-' },
]

/** How files begin that somebody has encrypted. */
const ENCRYPTED = ['age-encryption.org/', '-----BEGIN PGP MESSAGE-----', 'Salted__', 'LUKS\xba\xbe']

export const SKIPPABLE = 0x184d2a5

/** First bytes that tell. */
export const HEAD = 512

/** A frame of zstd that holds nothing: its first byte is any of sixteen. */
const isSkippable = (data: Buffer): boolean =>
  data.length >= 4 && data.readUInt32LE() >>> 4 === SKIPPABLE

/** @throws GcError usage for what is none of those that are read. */
export const formatOf = (data: Buffer, path: string): Format => {
  const head = data.toString('latin1')
  const known = KNOWN.find(({ at, bytes }) => head.startsWith(bytes, at))
  if (known?.format !== undefined) return known.format
  if (isSkippable(data)) return 'zstd'
  if (known !== undefined)
    throw usage(`it is compressed with ${known.name}, which is not read`, {
      where: path,
      next: `nothing was touched; make a tar archive of it first: ${toPlain(known.plain, path)}`,
    })
  if (ENCRYPTED.some((bytes) => head.startsWith(bytes)))
    throw usage('it is encrypted', {
      where: path,
      next: 'nothing was touched; decrypt it first, and give the tar archive that is in it',
    })
  if (isMagic(data))
    throw usage('it is an image of CRIU, and no archive of images', {
      where: path,
      next: 'nothing was touched; give the directory that it is in, which criu dump wrote, with -D',
    })
  // The first archives of tar have nothing but a sum in each header.
  return 'tar'
}

export const toPlain = (command: string, path: string): string =>
  `"${command} < ${shellQuote(path)} > images.tar"`

/** What to do where this program goes no further. */
export const unpacking = (format: Format, path: string): string => {
  const { plain } = KNOWN.find((known) => known.format === format) as Known
  return format === 'tar'
    ? `unpack it with "tar --atime-preserve -xpf ${shellQuote(path)} -C DIRECTORY", and give that directory`
    : `make a plain tar archive of it, which is read however long it is: ${toPlain(plain, path)}`
}

/** Nothing in it can be relied on. */
export const damaged = (what: string, path: string, cause?: unknown): GcError =>
  badImages(what, {
    where: path,
    next: 'nothing was deleted; get the archive anew from where it was made',
    cause,
  })
