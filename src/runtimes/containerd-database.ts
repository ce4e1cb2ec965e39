// How containerd's own databases are read: buckets of bbolt, with messages of protobuf in them.
import path from 'node:path'
import { Bucket, readBolt } from './bolt.js'
import { withTrusted } from './trusted.js'

/** `data`: the root of containerd. */
export const databaseIn = (data: string): string =>
  path.join(data, 'io.containerd.metadata.v1.bolt/meta.db')

export const EMPTY = new Bucket(new Map())

/** What is below these names; nothing where there is no such file. @throws GcError refused. */
export const below = (file: string, ...wanted: readonly string[]): Bucket =>
  withTrusted(file, false, (fd) => readBolt(fd, wanted, file)) ?? EMPTY

export const textOf = (bucket: Bucket | undefined, name: string): string | undefined =>
  bucket?.bytes(name)?.toString('utf8')

/** A google.protobuf.Any: the second field is the value. */
export const valueOf = (any: Buffer): string | undefined => {
  for (let at = 0; at < any.length;) {
    const tag = any[at] ?? 0
    const [size, start] = varint(any, at + 1)
    if ((tag & 7) !== 2 || start + size > any.length) return undefined
    if (tag >> 3 === 2) return any.toString('utf8', start, start + size)
    at = start + size
  }
  return undefined
}

/** The number, and where it ends. */
export const varint = (bytes: Buffer, at: number): [number, number] => {
  let value = 0
  for (let shift = 0; shift < 42; shift += 7) {
    const byte = bytes[at++] ?? 0
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  return [value, at]
}
