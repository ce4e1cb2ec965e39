// Protobuf's wire format, taken apart and put together without knowing any message, so that a mutation
// changes a field and not a byte somewhere. Independent of the decoder that is tested.

export interface Field {
  readonly number: number
  readonly wire: number
  /** With its length where the wire has one. */
  readonly raw: Buffer
}

const MAX_VARINT = 0xffff_ffff_ffff_ffffn

export const varint = (value: number | bigint): Buffer => {
  if (typeof value === 'number' && value >= 0 && value < 0x80) return Buffer.of(value)
  const bytes: number[] = []
  let rest = BigInt(value) & MAX_VARINT
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

const endOfVarint = (data: Buffer, at: number): number => {
  for (let end = at; end < data.length && end < at + 10; end++)
    if ((data[end] as number) < 0x80) return end + 1
  return -1
}

/** Of a varint, as far as a double holds it. */
export const valueOf = (raw: Buffer): number => {
  let value = 0
  for (let i = 0; i < raw.length; i++) value += ((raw[i] as number) & 0x7f) * 2 ** (7 * i)
  return value
}

/** Undefined for bytes that are no message of varints, fixed numbers and byte strings. */
export const parse = (data: Buffer): Field[] | undefined => {
  const fields: Field[] = []
  for (let at = 0; at < data.length;) {
    const start = endOfVarint(data, at)
    if (start < 0) return undefined
    const tag = valueOf(data.subarray(at, start))
    const wire = tag & 7
    let end: number
    if (wire === 0) end = endOfVarint(data, start)
    else if (wire === 1) end = start + 8
    else if (wire === 5) end = start + 4
    else if (wire === 2) {
      const from = endOfVarint(data, start)
      end = from < 0 ? -1 : from + valueOf(data.subarray(start, from))
    } else return undefined
    if (end < 0 || end > data.length) return undefined
    fields.push({ number: tag >>> 3, wire, raw: data.subarray(start, end) })
    at = end
  }
  return fields
}

const TAGS = Array.from({ length: 256 }, (_, tag) => varint(tag))

const tagOf = ({ number, wire }: Field): Buffer =>
  number < 32 ? (TAGS[number * 8 + wire] as Buffer) : varint((BigInt(number) << 3n) | BigInt(wire))

export const serialize = (fields: readonly Field[]): Buffer => {
  const parts: Buffer[] = []
  for (const field of fields) parts.push(tagOf(field), field.raw)
  return Buffer.concat(parts)
}

/** Contents of a length-delimited field. */
export const body = ({ raw }: Field): Buffer => raw.subarray(Math.max(endOfVarint(raw, 0), 0))

export const delimited = (number: number, content: Buffer): Field => ({
  number,
  wire: 2,
  raw: Buffer.concat([varint(content.length), content]),
})

export const integer = (number: number, value: number | bigint): Field => ({
  number,
  wire: 0,
  raw: varint(value),
})
