// Type and id of a file entry without decoding the rest: a files.img may have a million entries of
// which a remap refers to ten. CRIU writes type and id first; any other order is decoded in
// full. It writes each once: an entry that repeats one is looked for under the first, and what is then
// found under another is in doubt and left alone.
import { FD_TYPE_REG } from './entries.js'

const TYPE_TAG = 0x08
const ID_TAG = 0x10
const REG_ID_TAG = 0x08

/** A varint at `at`, or -1 where it does not end within five bytes and the entry. */
const varint = (data: Buffer, at: number, end: number): number => {
  let value = 0
  // Not 2 ** shift: a power costs more than all the rest of an entry.
  for (let unit = 1; unit < 2 ** 35 && at < end; unit *= 128, at++) {
    const byte = data[at] as number
    value += (byte & 0x7f) * unit
    if (byte < 0x80) return value > 0xffffffff ? -1 : value
  }
  return -1
}

/** Id of an entry of files.img that is a regular file, 0 for another type, -1 where unclear. */
export const peekFileId = (data: Buffer, start: number, end: number): number => {
  if (end - start < 4 || data[start] !== TYPE_TAG || data[start + 2] !== ID_TAG) return -1
  const type = data[start + 1] as number
  if (type >= 0x80) return -1
  return type === FD_TYPE_REG ? varint(data, start + 3, end) : 0
}

/** The same for a bare entry of reg-files.img. */
export const peekRegFileId = (data: Buffer, start: number, end: number): number =>
  end - start < 2 || data[start] !== REG_ID_TAG ? -1 : varint(data, start + 1, end)
