// What is given for an image directory and is none: an archive of one, or a directory above it, as runtimes keep them.
import fs from 'node:fs'
import { shellQuote } from '../escape.js'

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = fs.constants

interface Format {
  readonly name: string
  readonly at: number
  readonly bytes: string
  /** What unpacks it into a directory. */
  readonly unpack: string
}

const FORMATS: readonly Format[] = [
  { name: 'a tar archive', at: 257, bytes: 'ustar', unpack: 'tar -xf' },
  { name: 'compressed with zstd', at: 0, bytes: '\x28\xb5\x2f\xfd', unpack: 'tar --zstd -xf' },
  { name: 'compressed with gzip', at: 0, bytes: '\x1f\x8b', unpack: 'tar -xzf' },
  { name: 'compressed with xz', at: 0, bytes: '\xfd7zXZ\0', unpack: 'tar -xJf' },
]

const HEAD = 512

/** Its first bytes; undefined for what is not a regular file. */
const headOf = (path: string): string | undefined => {
  try {
    const fd = fs.openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    try {
      if (!fs.fstatSync(fd).isFile()) return undefined
      const head = Buffer.alloc(HEAD)
      return head.toString('latin1', 0, fs.readSync(fd, head, 0, HEAD, 0))
    } finally {
      fs.closeSync(fd)
    }
  } catch {
    return undefined
  }
}

export interface Mistaken {
  readonly what: string
  readonly next: string
}

/** Undefined where it has not the first bytes of an archive. */
export const asArchive = (path: string): Mistaken | undefined => {
  const head = headOf(path)
  const format = FORMATS.find(({ at, bytes }) => head?.startsWith(bytes, at))
  if (format === undefined) return undefined
  return {
    what: `it is ${format.name}, not a directory`,
    next: `unpack it, with the times that its files have: "mkdir -m 700 images && ${format.unpack} ${shellQuote(path)} -C images"; then give with -D the directory in there that has inventory.img`,
  }
}

/** How podman, runc and CRI-O call it. */
const USUAL = 'checkpoint'
/** Names of a directory that are looked at: a guess is not worth more. */
const FEW = 64

/** The name in `directory` of one that has images; undefined where there is none, or more than one. */
export const imagesBelow = (directory: string, names: readonly string[]): string | undefined => {
  const found = [USUAL, ...names.filter((name) => name !== USUAL).slice(0, FEW)].filter(
    (name) => names.includes(name) && hasInventory(`${directory}/${name}`),
  )
  return found[0] === USUAL || found.length === 1 ? found[0] : undefined
}

const hasInventory = (directory: string): boolean => {
  try {
    return (
      fs.lstatSync(directory).isDirectory() && fs.lstatSync(`${directory}/inventory.img`).isFile()
    )
  } catch {
    return false
  }
}
