// A database of bbolt, which containerd keeps its containers in: a tree of pages, in which each value is bytes or a further
// tree. Only what is asked for is read, and containerd may write to it all the time.
import fs from 'node:fs'
import { GcError } from '../errors.js'

const MAGIC = 0xed0cdaed
const VERSION = 2
/** Of a page, and of each of its elements. */
const HEADER = 16
const BRANCH = 0x01
const LEAF = 0x02
/** Of an element of a leaf. */
const IS_BUCKET = 0x01
const META = 64
/** A tree that is no ring is far less deep. */
const DEEPEST = 32
/** In bytes. */
const LARGEST = 16 * 1024 * 1024
/** How often it is read anew while somebody writes to it. */
const TRIES = 10

/** FNV-1a, of 64 bits. */
const checksum = (bytes: Buffer): bigint => {
  let sum = 0xcbf29ce484222325n
  for (const byte of bytes) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n)
  return sum
}

interface Meta {
  readonly pageSize: number
  readonly root: bigint
  readonly transaction: bigint
}

const metaAt = (page: Buffer): Meta | undefined => {
  if (page.length < HEADER + META) return undefined
  const meta = page.subarray(HEADER, HEADER + META)
  if (meta.readUInt32LE(0) !== MAGIC || meta.readUInt32LE(4) !== VERSION) return undefined
  if (checksum(meta.subarray(0, META - 8)) !== meta.readBigUInt64LE(META - 8)) return undefined
  return {
    pageSize: meta.readUInt32LE(8),
    root: meta.readBigUInt64LE(16),
    transaction: meta.readBigUInt64LE(48),
  }
}

/** Of the last transaction that was written to its end. */
const readMeta = (fd: number): Meta | undefined => {
  const first = Buffer.alloc(HEADER + META)
  fs.readSync(fd, first, 0, first.length, 0)
  const found = metaAt(first)
  // The second one is a page further on, whose size the first one tells where it is whole.
  const sizes = found === undefined ? [4096, 16_384, 65_536] : [found.pageSize]
  for (const size of sizes) {
    const page = Buffer.alloc(HEADER + META)
    fs.readSync(fd, page, 0, page.length, size)
    const second = metaAt(page)
    if (second?.pageSize === size && second.transaction > (found?.transaction ?? -1n)) return second
  }
  return found
}

export type Value = Buffer | Bucket

export class Bucket {
  private readonly values: ReadonlyMap<string, Value>

  constructor(values: ReadonlyMap<string, Value>) {
    this.values = values
  }

  names(): string[] {
    return [...this.values.keys()]
  }

  bytes(name: string): Buffer | undefined {
    const value = this.values.get(name)
    return value instanceof Buffer ? value : undefined
  }

  /** One bucket below another. */
  at(...path: readonly string[]): Bucket | undefined {
    const [name, ...rest] = path
    if (name === undefined) return this
    const value = this.values.get(name)
    return value instanceof Bucket ? value.at(...rest) : undefined
  }
}

const damaged = (where: string): GcError =>
  new GcError('refused', 'it is no whole database of containerd', {
    where,
    next: 'nothing was touched; give --root and --external in place of --container',
  })

class Reader {
  private left = LARGEST
  private readonly fd: number
  private readonly pageSize: number
  private readonly where: string

  constructor(fd: number, pageSize: number, where: string) {
    this.fd = fd
    this.pageSize = pageSize
    this.where = where
  }

  bucket(value: Buffer, path: readonly string[]): Bucket {
    const root = value.readBigUInt64LE(0)
    const values = new Map<string, Value>()
    // A small one lies in its value.
    const page = root === 0n ? value.subarray(HEADER) : this.page(root)
    this.walk(page, path, values, 0)
    return new Bucket(values)
  }

  private page(id: bigint): Buffer {
    const first = Buffer.alloc(this.pageSize)
    const at = Number(id) * this.pageSize
    if (fs.readSync(this.fd, first, 0, first.length, at) < first.length) throw damaged(this.where)
    const more = first.readUInt32LE(12)
    this.left -= (1 + more) * this.pageSize
    if (this.left < 0) throw damaged(this.where)
    if (more === 0) return first
    const whole = Buffer.alloc((1 + more) * this.pageSize)
    if (fs.readSync(this.fd, whole, 0, whole.length, at) < whole.length) throw damaged(this.where)
    return whole
  }

  /** `path`: the names that are of interest, level by level; "*" for all, and nothing below its end but bytes. */
  private walk(
    page: Buffer,
    path: readonly string[],
    values: Map<string, Value>,
    depth: number,
  ): void {
    if (depth > DEEPEST) throw damaged(this.where)
    const flags = page.readUInt16LE(8)
    const [wanted, ...rest] = path
    for (let index = 0; index < page.readUInt16LE(10); index++) {
      const at = HEADER * (1 + index)
      if (flags === BRANCH) {
        this.walk(this.page(page.readBigUInt64LE(at + 8)), path, values, depth + 1)
        continue
      }
      if (flags !== LEAF) throw damaged(this.where)
      const start = at + page.readUInt32LE(at + 4)
      const [keySize, size] = [page.readUInt32LE(at + 8), page.readUInt32LE(at + 12)]
      if (start + keySize + size > page.length) throw damaged(this.where)
      const name = page.toString('utf8', start, start + keySize)
      const value = page.subarray(start + keySize, start + keySize + size)
      const isBucket = (page.readUInt32LE(at) & IS_BUCKET) !== 0
      if (!isBucket) values.set(name, value)
      else if (wanted === '*' || wanted === name) values.set(name, this.bucket(value, rest))
    }
  }
}

/**
 * What is below `path` ("*" stands for any name), each bucket on the way with its bytes. @throws GcError refused where it is
 * no such database, or never at rest.
 */
export const readBolt = (fd: number, path: readonly string[], where: string): Bucket => {
  for (let tries = 0; tries < TRIES; tries++) {
    const meta = readMeta(fd)
    if (meta === undefined || meta.pageSize < 1024 || meta.pageSize > 1 << 20) throw damaged(where)
    const root = Buffer.alloc(HEADER)
    root.writeBigUInt64LE(meta.root)
    const found = tryRead(() => new Reader(fd, meta.pageSize, where).bucket(root, path))
    // Pages are used again by the transaction after the next one: of the same one all was read.
    if (readMeta(fd)?.transaction !== meta.transaction) continue
    if (found === undefined) break
    return found
  }
  throw damaged(where)
}

/** Undefined where it is damaged, or was changed meanwhile. */
const tryRead = (read: () => Bucket): Bucket | undefined => {
  try {
    return read()
  } catch (error) {
    // A number that leads out of a page is a RangeError.
    if (error instanceof GcError || error instanceof RangeError) return undefined
    throw error
  }
}
