// The fields of one protobuf message. protobufjs reads the wire; this adds what a reader of untrusted
// input needs: a known field has its one wire type, required ones are there, an unknown enum value
// stays the number that it is, and the number of fields has a limit.
import { Reader } from 'protobufjs/minimal.js'
import type { Bytes } from '../bytes.js'
import { LIMITS } from '../limits.js'
import { Text } from './text.js'

const VARINT = 0
const LENGTH_DELIMITED = 2

/** Bits of a number of up to four bytes: its sign is not in doubt. */
const SHORT = 28

/** Walks the fields: `while (fields.next()) switch (fields.number) …`, one read or skip for each. */
export class Fields {
  /** Of the current field. */
  number = 0
  private wire = 0
  private count = 0
  private end = 0
  private data: Buffer
  private text: Text
  private readonly reader: Reader

  constructor(data: Buffer) {
    this.data = data
    this.text = new Text(data)
    this.reader = new Reader(data)
  }

  /** The message in `data` from `start` to `end`, from its beginning. */
  at(data: Buffer, start: number, end: number): this {
    if (data !== this.data) {
      this.data = data
      this.text = new Text(data)
      this.reader.buf = data
    }
    this.reader.pos = start
    this.reader.len = end
    this.end = end
    this.count = 0
    return this
  }

  /** @throws RangeError for a message with too many fields, or cut in the middle of one. */
  next(): boolean {
    const { reader } = this
    if (reader.pos >= this.end) {
      if (reader.pos > this.end) throw new RangeError('a field runs past its message')
      return false
    }
    if (++this.count > LIMITS.fields) throw new RangeError(`more than ${LIMITS.fields} fields`)
    const tag = this.varint()
    this.number = tag >>> 3
    this.wire = tag & 7
    return true
  }

  uint32(): number {
    if (this.wire !== VARINT) this.refuse(VARINT)
    return this.varint()
  }

  /** zigzag */
  sint32(): number {
    if (this.wire !== VARINT) this.refuse(VARINT)
    return this.reader.sint32()
  }

  bool(): boolean {
    if (this.wire !== VARINT) this.refuse(VARINT)
    return this.reader.bool()
  }

  /** Exact up to 2^53 - 1, which no file's size passes. */
  uint64(): number {
    if (this.wire !== VARINT) this.refuse(VARINT)
    const { pos } = this.reader
    // Long's arithmetic is not needed for one byte.
    return pos < this.end && (this.data[pos] as number) < 0x80
      ? this.varint()
      : Number(this.reader.uint64())
  }

  /** All 64 bits. */
  uint64Exact(): bigint {
    if (this.wire !== VARINT) this.refuse(VARINT)
    let value = 0n
    for (let shift = 0n; shift < 64n; shift += 7n) {
      if (this.reader.pos >= this.end) break
      const byte = this.data[this.reader.pos++] as number
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new RangeError(`field ${this.number} has no end`)
  }

  /** A proto2 string or bytes field, which are one on the wire: names need not be UTF-8. */
  bytes(): Bytes {
    const end = this.delimited()
    const value = this.text.at(this.reader.pos, end)
    this.reader.pos = end
    return value
  }

  /** A nested message; `decode` walks its fields with this same object. */
  message<T>(decode: (fields: Fields) => T): T {
    const outer = this.end
    this.end = this.delimited()
    const value = decode(this)
    this.end = outer
    return value
  }

  skip(): void {
    // Groups nest without a limit of their own, and no CRIU message has one.
    if (this.wire === 3 || this.wire === 4)
      throw new TypeError('groups are not part of CRIU images')
    // There is no field 0, which the Reader knows.
    if (this.wire === LENGTH_DELIMITED && this.number > 0) this.reader.pos = this.delimited()
    else this.reader.skipType(this.wire, 0, this.number)
  }

  /** Nearly all tags, ids and lengths are a few bytes, which need none of the Reader's care. */
  private varint(): number {
    const { reader, data, end } = this
    let { pos } = reader
    let value = 0
    for (let shift = 0; shift < SHORT && pos < end; shift += 7) {
      const byte = data[pos++] as number
      value |= (byte & 0x7f) << shift
      if (byte >= 0x80) continue
      reader.pos = pos
      return value
    }
    return reader.uint32()
  }

  private refuse(wire: number): never {
    throw new TypeError(`field ${this.number} has wire type ${this.wire}, not ${wire}`)
  }

  private delimited(): number {
    if (this.wire !== LENGTH_DELIMITED) this.refuse(LENGTH_DELIMITED)
    const length = this.varint()
    const end = this.reader.pos + length
    if (end > this.end) throw new RangeError(`field ${this.number} runs past its message`)
    return end
  }
}

/** A required field's value. @throws TypeError where it was missing. */
export const required = <T>(value: T | undefined, name: string): T => {
  if (value === undefined) throw new TypeError(`required field ${name} is missing`)
  return value
}

/**
 * A decoder for one kind of entry: `decode(data, start, end)`. It throws TypeError, RangeError or the
 * Error of protobufjs for what is not such a message.
 */
export const entry = <T>(
  decode: (fields: Fields) => T,
): ((data: Buffer, start: number, end: number) => T) => {
  // One for all entries of all images: with one each, a third of the time would go to the collector.
  let fields: Fields | undefined
  return (data, start, end) => decode((fields ??= new Fields(data)).at(data, start, end))
}
