// What is mutated: images that real dumps left, taken apart into entries, and what they speak of.
import fs from 'node:fs'
import { join } from 'node:path'
import { COMMON_MAGIC, type ImageKind } from '../../../src/images/magic.js'
import { remaps, mountRows, type MountRow, type Remap } from '../../rig/images.js'
import { inRepo } from '../../rig/repo.js'

export interface Image {
  readonly name: string
  readonly kind: ImageKind
  readonly head: Buffer
  readonly entries: readonly Buffer[]
  /** What is left of a cut image after its last whole entry. */
  readonly tail: Buffer
}

export interface Dump {
  readonly name: string
  readonly images: readonly Image[]
  readonly remaps: readonly Remap[]
  readonly mounts: readonly MountRow[]
}

const NAME = /^(inventory|pstree|ids|files|reg-files|remap-fpath|mountpoints|timens)(-\d+)?\.img$/

export const kindOf = (name: string): ImageKind | undefined =>
  NAME.exec(name)?.[1] as ImageKind | undefined

export const takeApart = (name: string, data: Buffer): Image => {
  const kind = kindOf(name)
  if (kind === undefined) throw new Error(`${name} is no image that a clean-up reads`)
  const words = data.length >= 4 && data.readUInt32LE(0) === COMMON_MAGIC ? 2 : 1
  const entries: Buffer[] = []
  let at = Math.min(4 * words, data.length)
  const head = data.subarray(0, at)
  while (at + 4 <= data.length) {
    const end = at + 4 + data.readUInt32LE(at)
    if (end > data.length) break
    entries.push(data.subarray(at + 4, end))
    at = end
  }
  return { name, kind, head, entries, tail: data.subarray(at) }
}

export const assemble = ({ head, entries, tail }: Image): Buffer => {
  let length = head.length + tail.length
  for (const entry of entries) length += 4 + entry.length
  const data = Buffer.allocUnsafe(length)
  let at = head.copy(data)
  for (const entry of entries) {
    at = data.writeUInt32LE(entry.length, at)
    at += entry.copy(data, at)
  }
  tail.copy(data, at)
  return data
}

/** Name to contents of every image that a clean-up reads. */
export const readImages = (directory: string): Map<string, Buffer> =>
  new Map(
    fs
      .readdirSync(directory)
      .filter((name) => kindOf(name) !== undefined)
      .map((name) => [name, fs.readFileSync(join(directory, name))]),
  )

export const dumpOf = (name: string, directory: string): Dump => ({
  name,
  images: [...readImages(directory)].map(([image, data]) => takeApart(image, data)),
  remaps: remaps(directory),
  mounts: mountRows(directory),
})

/** The same dump with at most so many entries an image: what is large is slow, and no other case. */
const shortened = (dump: Dump, most: number): Dump => ({
  ...dump,
  images: dump.images.map((image) =>
    image.entries.length <= most ? image : { ...image, entries: image.entries.slice(0, most) },
  ),
})

export const recordedNames = (): string[] =>
  fs.readdirSync(inRepo('test', 'images')).filter((name) => !name.includes('.'))

export const recordedDirectory = (name: string): string => inRepo('test', 'images', name)

export const recorded = (): Dump[] =>
  recordedNames().map((name) => shortened(dumpOf(name, recordedDirectory(name)), 12))
