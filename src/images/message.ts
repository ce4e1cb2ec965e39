// Protobuf messages as tables of field numbers. protobufjs reads the wire; this adds what a decoder
// of untrusted input needs: a known field has its one wire type, required ones are there, an unknown
// enum value stays the number that it is, and the number of fields has a limit.
import { Reader } from 'protobufjs/minimal.js'
import { fromBuffer, type Bytes } from '../bytes.js'
import { LIMITS } from '../limits.js'

interface FieldType<T> {
  readonly wire: 0 | 2
  readonly read: (reader: Reader) => T
}

export interface Field<T> extends FieldType<T> {
  readonly number: number
  readonly required: boolean
}

/** Fields of a message by the name under which a value is delivered. */
export type Fields = Readonly<Record<string, Field<unknown>>>

export type Decoded<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never
}

export const uint32: FieldType<number> = { wire: 0, read: (reader) => reader.uint32() }
export const sint32: FieldType<number> = { wire: 0, read: (reader) => reader.sint32() }
export const bool: FieldType<boolean> = { wire: 0, read: (reader) => reader.bool() }

/** Exact up to 2^53 - 1 bytes, which no file's size passes. */
export const uint64: FieldType<number> = { wire: 0, read: (reader) => Number(reader.uint64()) }

/** A proto2 string or bytes field, which are one on the wire: names need not be UTF-8. */
export const bytes: FieldType<Bytes> = {
  wire: 2,
  read: (reader) => {
    const value = reader.bytes()
    return fromBuffer(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
  },
}

export const required = <T>(number: number, type: FieldType<T>): Field<T> => ({
  ...type,
  number,
  required: true,
})

export const optional = <T>(number: number, type: FieldType<T>): Field<T | undefined> => ({
  ...type,
  number,
  required: false,
})

/** A nested message. */
export const message = <F extends Fields>(fields: F): FieldType<Decoded<F>> => {
  const decode = decoder(fields)
  return {
    wire: 2,
    read: (reader) => {
      const end = reader.uint32() + reader.pos
      if (end > reader.len) throw new RangeError('nested message runs past its parent')
      return decode(reader, end)
    },
  }
}

type Decode<F extends Fields> = (reader: Reader, end: number) => Decoded<F>

const decoder = <F extends Fields>(fields: F): Decode<F> => {
  const names = Object.keys(fields)
  const list = Object.values(fields)
  const highest = Math.max(...list.map((field) => field.number))
  const slots = new Int32Array(highest + 1).fill(-1)
  list.forEach((field, slot) => (slots[field.number] = slot))
  // Every value has all properties, in one order: V8 then gives all of them one shape.
  const blank = Object.fromEntries(names.map((name) => [name, undefined]))
  return (reader, end) => {
    const value: Record<string, unknown> = { ...blank }
    let count = 0
    while (reader.pos < end) {
      if (++count > LIMITS.fields) throw new RangeError(`more than ${LIMITS.fields} fields`)
      const tag = reader.uint32()
      const number = tag >>> 3
      const slot = number <= highest ? (slots[number] ?? -1) : -1
      const field = list[slot]
      if (field === undefined) skip(reader, number, tag & 7)
      else if (field.wire !== (tag & 7))
        throw new TypeError(`field ${number} has wire type ${tag & 7}`)
      else value[names[slot] as string] = field.read(reader)
    }
    if (reader.pos !== end) throw new RangeError('field runs past its message')
    for (let slot = 0; slot < list.length; slot++)
      if (list[slot]?.required && value[names[slot] as string] === undefined)
        throw new TypeError(`required field ${names[slot]} is missing`)
    return value as Decoded<F>
  }
}

const skip = (reader: Reader, number: number, wire: number): void => {
  // Groups nest without a limit of their own, and no CRIU message has one.
  if (wire === 3 || wire === 4) throw new TypeError('groups are not part of CRIU images')
  reader.skipType(wire, 0, number)
}

/**
 * A decoder for one kind of entry: `decode(data, start, end)`.
 * The function throws TypeError or RangeError for what is not such a message.
 */
export const entry = <F extends Fields>(fields: F) => {
  const decode = decoder(fields)
  return (data: Buffer, start: number, end: number): Decoded<F> => {
    const reader = Reader.create(data)
    reader.pos = start
    reader.len = end
    return decode(reader, end)
  }
}
