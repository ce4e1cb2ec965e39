// A second, smaller reader of CRIU's images, so that what is recorded beside fixtures does not come
// from the code that is tested with them. It knows only what the rig needs.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Fields = Map<number, (number | Buffer)[]>

export interface Remap {
  /** the link's path in the namespace, its bytes as latin1 */
  link: string
  /** the same of the name that the process had opened */
  original: string
  linkId: number
  originalId: number
  /** of the original; null when the tree had no mount namespace of its own */
  mountId: number | null
  size: number | null
  mode: number | null
  /** CRIU's number of the mount namespace, as in mountpoints-N.img; null likewise */
  namespace: number | null
}

export interface MountRow {
  id: number
  parent: number
  fstype: number
  device: string
  root: string
  mountpoint: string
  key: string | null
  namespace: number
}

function fields(body: Buffer): Fields {
  const found: Fields = new Map()
  let at = 0
  const varint = (): number => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = body.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(value)
    }
  }
  while (at < body.length) {
    const tag = varint()
    let value: number | Buffer
    if ((tag & 7) === 0) value = varint()
    else if ((tag & 7) === 2) {
      const size = varint()
      value = body.subarray(at, (at += size))
    } else throw new Error(`wire type ${tag & 7} is not used in these messages`)
    found.set(tag >> 3, [...(found.get(tag >> 3) ?? []), value])
  }
  return found
}

function entries(dir: string, name: string): Fields[] {
  const path = join(dir, name)
  if (!existsSync(path)) return []
  const image = readFileSync(path)
  const found: Fields[] = []
  // an image of a killed dump may end anywhere: what is whole counts
  for (let at = 8; at + 4 <= image.length;) {
    const size = image.readUInt32LE(at)
    if (at + 4 + size > image.length) break
    found.push(fields(image.subarray(at + 4, (at += 4 + size))))
  }
  return found
}

const number = (from: Fields, field: number): number | null => {
  const value = from.get(field)?.at(-1)
  return typeof value === 'number' ? value : null
}
const text = (from: Fields, field: number): string | null => {
  const value = from.get(field)?.at(-1)
  return value instanceof Buffer ? value.toString('latin1') : null
}
const zigzag = (value: number | null): number | null =>
  value === null ? null : value % 2 ? -(value + 1) / 2 : value / 2

export function mountRows(dir: string): MountRow[] {
  const images = readdirSync(dir).filter((name) => /^mountpoints-\d+\.img$/.test(name))
  return images.sort().flatMap((name) =>
    entries(dir, name).map((row) => ({
      id: number(row, 2) ?? -1,
      parent: number(row, 4) ?? -1,
      fstype: number(row, 1) ?? -1,
      device: `${(number(row, 3) ?? 0) >> 20}:${(number(row, 3) ?? 0) & 0xfffff}`,
      root: text(row, 6) ?? '',
      mountpoint: text(row, 7) ?? '',
      key: text(row, 18),
      namespace: Number(/\d+/.exec(name)?.[0]),
    })),
  )
}

/** the link remaps, in the order of remap-fpath.img */
export function remaps(dir: string): Remap[] {
  const files = new Map<number, Fields>()
  for (const file of entries(dir, 'files.img')) {
    const regular = file.get(3)?.at(-1)
    if (regular instanceof Buffer) files.set(number(file, 2) ?? -1, fields(regular))
  }
  const rows = mountRows(dir)
  // type 0 is LINKED; ghosts and dead /proc entries are nothing on disk
  const linked = entries(dir, 'remap-fpath.img').filter((remap) => number(remap, 3) === 0)
  return linked.map((remap) => {
    const originalId = number(remap, 1) ?? -1
    const linkId = number(remap, 2) ?? -1
    const original = files.get(originalId)
    const link = files.get(linkId)
    if (!original || !link) throw new Error(`remap ${originalId} -> ${linkId}: no such file`)
    const mountId = zigzag(number(original, 7))
    return {
      link: text(link, 6) ?? '',
      original: text(original, 6) ?? '',
      linkId,
      originalId,
      mountId,
      size: number(original, 8),
      mode: number(original, 10),
      namespace: rows.find((row) => row.id === mountId)?.namespace ?? null,
    }
  })
}
