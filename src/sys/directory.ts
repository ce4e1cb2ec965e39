// What is in a directory, as far as anybody asks.
import { fromBuffer, type Bytes } from '../bytes.js'
import { O_DIRECTORY, O_RDONLY } from './constants.js'
import type { Sys } from './sys.js'

/** Records of "." and ".." in struct linux_dirent64 have 24 bytes each. */
const DOTS = 48

/** True also where it cannot be read: what is not seen proves nothing. */
export const isEmptyDirectory = (sys: Sys, directory: number): boolean => {
  const fd = sys.tryOpenat(directory, '.' as Bytes, O_RDONLY | O_DIRECTORY)
  if (fd < 0) return true
  try {
    return sys.tryGetdents64(fd, new Uint8Array(4096)) <= DOTS
  } finally {
    sys.close(fd)
  }
}

/** struct linux_dirent64: inode and offset of 8 bytes each, length of the record, type, name. */
const LENGTH_AT = 16
const TYPE_AT = 18
const NAME_AT = 19

/** d_type. Not all file systems know it. */
export const DT_UNKNOWN = 0
export const DT_DIR = 4

/** A name in a directory, and the inode below whatever is mounted on it. */
export interface Entry {
  readonly name: Bytes
  readonly type: number
  readonly inoHigh: number
  readonly inoLow: number
}

/** Records of getdents64(2), "." and ".." among them. */
export function* entriesIn(records: Buffer): Generator<Entry> {
  for (let at = 0; at + NAME_AT < records.length;) {
    const length = records.readUInt16LE(at + LENGTH_AT)
    if (length === 0) break
    yield {
      name: fromBuffer(records, at + NAME_AT, records.indexOf(0, at + NAME_AT)),
      type: records[at + TYPE_AT] ?? DT_UNKNOWN,
      inoLow: records.readUInt32LE(at),
      inoHigh: records.readUInt32LE(at + 4),
    }
    at += length
  }
}

/** Those names that are wanted. */
export const namesIn = (records: Buffer, isWanted: (name: Bytes) => boolean): Bytes[] => {
  const names: Bytes[] = []
  for (const { name } of entriesIn(records)) if (isWanted(name)) names.push(name)
  return names
}
