import fc from 'fast-check'
import type { Bytes } from '../../../src/bytes.js'
import { entry, required, type Fields } from '../../../src/images/message.js'
import { LIMITS } from '../../../src/limits.js'
import { encode } from '../../encode/messages.js'
import { test } from '../support/check.js'
import { holds } from '../support/property.js'

interface Inner {
  x?: number
  y?: Bytes
}

const inner = (fields: Fields): Inner => {
  const value: Inner = {}
  while (fields.next())
    if (fields.number === 1) value.x = fields.uint32()
    else if (fields.number === 2) value.y = fields.bytes()
    else fields.skip()
  required(value.x, 'x')
  return value
}

interface Value {
  id?: number
  delta?: number
  on?: boolean
  size?: number
  name?: Bytes
  sub?: Inner
  far?: number
}

/** A message with a field of each type. */
const decode = entry((fields): Value => {
  const value: Value = {}
  while (fields.next())
    switch (fields.number) {
      case 1:
        value.id = fields.uint32()
        break
      case 2:
        value.delta = fields.sint32()
        break
      case 3:
        value.on = fields.bool()
        break
      case 4:
        value.size = fields.uint64()
        break
      case 5:
        value.name = fields.bytes()
        break
      case 6:
        value.sub = fields.message(inner)
        break
      case 18:
        value.far = fields.uint32()
        break
      default:
        fields.skip()
    }
  required(value.id, 'id')
  return value
})

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const read = (data: Buffer) => decode(data, 0, data.length)
const id = '08 05'

test('each type of field', (t) => {
  const sub = encode({ 1: 7, 2: 'in' })
  const data = encode({ 1: 5, 2: -3, 3: true, 4: 2 ** 40, 5: 'name', 6: sub, 18: 9 }, [2])
  t.strictSame(read(data), {
    id: 5,
    delta: -3,
    on: true,
    size: 2 ** 40,
    name: 'name',
    sub: { x: 7, y: 'in' },
    far: 9,
  })
})

test('required values of 0, false and nothing are there', (t) => {
  t.equal(required(0, 'x'), 0)
  t.equal(required(false, 'x'), false)
  t.equal(required('', 'x'), '')
  t.throws(() => required(undefined, 'x'), TypeError, 'x is missing')
  t.strictSame(read(encode({ 1: 0 })), { id: 0 })
  t.strictSame(read(encode({ 1: 0, 3: false, 4: 0, 5: '' })), {
    id: 0,
    on: false,
    size: 0,
    name: '',
  })
})

test('what follows a nested message is the outer one’s again', (t) => {
  const sub = encode({ 1: 7 })
  const two = Buffer.concat([
    encode({ 6: sub }),
    encode({ 6: encode({ 1: 8 }), 1: 5 }),
    hex('90 01 09'),
  ])
  t.strictSame(read(two), { id: 5, sub: { x: 8 }, far: 9 })
  t.strictSame(read(Buffer.concat([hex('32 02 08 07'), hex(id)])), { id: 5, sub: { x: 7 } })
})

test('only the bytes of the entry are read', (t) => {
  const data = Buffer.concat([hex('ff ff'), encode({ 1: 5 }), encode({ 1: 6 })])
  t.equal(decode(data, 2, 4).id, 5)
  t.throws(() => decode(data, 2, 3), 'a varint does not go on behind the end')
  t.throws(() => decode(hex('08 05 2a 03 61 62 63'), 0, 6), 'neither do bytes')
})

test('unknown fields are skipped, whatever their wire type', (t) => {
  const unknown = [
    '78 ff ff ff ff 0f', // 15: varint
    '79 01 02 03 04 05 06 07 08', // 15: 64 bits
    '7a 03 08 63 08', // 15: bytes that look like fields
    '7d 01 02 03 04', // 15: 32 bits
    'f8 ff ff ff 0f 01', // the highest number: varint
    '98 01 01', // 19, next to the highest known
  ]
  for (const field of unknown) {
    t.equal(read(hex(`${field} ${id}`)).id, 5, `${field} before`)
    t.equal(read(hex(`${id} ${field}`)).id, 5, `${field} behind`)
  }
})

test('the last value counts', (t) => {
  t.equal(read(hex('08 01 08 02 08 05')).id, 5)
})

test('a known field has its one wire type', (t) => {
  const wrong = [
    '12 01 05',
    '1a 01 05',
    '22 01 05',
    '0d 05 00 00 00',
    '09 05 00 00 00 00 00 00 00',
    '0a 01 05',
    '28 05',
    '30 05',
  ]
  for (const field of wrong)
    t.throws(() => read(hex(`${id} ${field}`)), TypeError, `${field}: refused`)
})

test('a required field has to be there', (t) => {
  t.throws(() => read(Buffer.alloc(0)), /required field id/)
  t.throws(() => read(encode({ 2: 1 }, [2])), /required field id/)
  t.throws(() => read(encode({ 1: 5, 6: encode({ 2: 'x' }) })), /required field x/)
})

test('groups are refused, known or not, open or closed', (t) => {
  for (const field of ['7b 7c', '7b', '7c', '0b 0c', '0b', '0c', '7b 7b 7c 7c'])
    t.throws(() => read(hex(`${id} ${field}`)), TypeError, field)
})

test('wire types and field numbers that do not exist', (t) => {
  for (const field of ['7e', '7f', '0e 01', '00 01', '02 00'])
    t.throws(() => read(hex(`${id} ${field}`)), field)
})

test('sint32 is zigzag', (t) => {
  const delta = (text: string) => read(hex(`${id} 10 ${text}`)).delta
  t.equal(delta('01'), -1)
  t.equal(delta('f0 04'), 312)
  t.equal(delta('ef 04'), -312)
  t.equal(delta('00'), 0)
  t.equal(delta('fe ff ff ff 0f'), 2147483647)
  t.equal(delta('ff ff ff ff 0f'), -2147483648)
  holds(
    t,
    'every sint32 comes back',
    fc.property(fc.integer(), (value) => read(encode({ 1: 5, 2: value }, [2])).delta === value),
  )
})

test('a varint may have ten bytes', (t) => {
  const ten = 'ff ff ff ff ff ff ff ff ff 01' // -1 as int32 or int64
  t.equal(read(hex(`08 ${ten}`)).id, 0xffffffff)
  t.equal(read(hex(`${id} 18 ${ten}`)).on, true)
  t.equal(read(hex(`${id} 20 ${ten}`)).size, 2 ** 64)
  t.equal(read(hex(`${id} 78 ${ten}`)).id, 5, 'also one that is skipped')
  t.equal(read(hex('08 85 80 80 80 80 80 80 80 80 00')).id, 5, 'and need not be the shortest')
  t.equal(read(hex(`${id} 18 80 00`)).on, false)
  const eleven = 'ff ff ff ff ff ff ff ff ff ff 01'
  for (const tag of ['08', '18', '20'])
    t.throws(() => read(hex(`${id} ${tag} ${eleven}`)), `field ${tag}: no more than ten`)
})

test('uint64 is exact as far as a double is', (t) => {
  holds(
    t,
    'every size comes back',
    fc.property(
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      (value) => read(encode({ 1: 5, 4: value })).size === value,
    ),
  )
})

test('uint64 in as many bytes as it takes', (t) => {
  const size = (text: string) => read(hex(`${id} 20 ${text}`)).size
  t.equal(size('00'), 0)
  t.equal(size('7f'), 127)
  t.equal(size('80 01'), 128)
  t.equal(size('ff 7f'), 16_383)
  t.equal(size('ff ff ff ff 0f'), 2 ** 32 - 1)
  t.equal(size('80 80 80 80 10'), 2 ** 32)
  t.equal(size('ff ff ff ff ff ff ff 0f'), Number.MAX_SAFE_INTEGER)
  t.equal(size('80 80 80 80 80 80 80 80 80 01'), 2 ** 63)
  t.equal(size('85 80 80 80 80 80 80 80 80 00'), 5, 'ten bytes for little')
  t.strictSame(
    read(hex(`20 07 ${id} 90 01 09`)),
    { size: 7, id: 5, far: 9 },
    'what follows is read',
  )
})

test('uint64 does not go on behind its message', (t) => {
  // What follows in memory would complete it, or be a value of its own.
  for (const value of ['07', '80 01', 'ff ff ff ff ff ff ff 0f', `${'80 '.repeat(9)}01`]) {
    const data = hex(`${id} 20 ${value}`)
    for (let end = 3; end < data.length; end++)
      t.throws(() => decode(data, 0, end), `${value}, cut to ${end} bytes`)
    t.doesNotThrow(() => decode(data, 0, data.length), value)
    for (let end = 3; end < data.length; end++)
      t.throws(() => read(data.subarray(0, end)), `${value}, where memory ends, too`)
  }
})

test('bytes are any bytes', (t) => {
  holds(
    t,
    'a name comes back as it is',
    fc.property(fc.uint8Array(), (name) => {
      const value = read(encode({ 1: 5, 5: Buffer.from(name) })).name
      return Buffer.from(value ?? '?', 'latin1').equals(name)
    }),
  )
})

test('nothing reaches beyond its message', (t) => {
  t.throws(() => read(hex(`${id} 2a 7f 61`)), 'bytes longer than the message')
  t.throws(() => read(hex(`${id} 2a ff ff ff ff 0f`)), 'bytes of 4 GiB')
  t.throws(() => read(hex(`${id} 32 7f 08 01`)), 'a nested message likewise')
  t.throws(() => read(hex(`${id} 32 ff ff ff ff 0f 08 01`)), 'of 4 GiB')
  // The nested message ends inside its field, whose rest lies in the outer one.
  t.throws(() => read(hex(`32 04 08 07 12 02 61 62 ${id}`)), RangeError)
  t.throws(() => read(hex(`32 01 08 07 ${id}`)), RangeError)
  t.throws(() => read(hex(`${id} 7a 09 61`)), 'a skipped field likewise')
})

test('a message has not more fields than it may', (t) => {
  const many = (count: number): Buffer => Buffer.concat(Array<Buffer>(count).fill(hex(id)))
  t.equal(read(many(LIMITS.fields)).id, 5)
  t.throws(() => read(many(LIMITS.fields + 1)), RangeError)
})

test('any bytes: a value or an error of the decoder, never anything else', (t) => {
  const isExpected = (error: unknown): boolean => error instanceof Error
  holds(
    t,
    'random bytes',
    fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
      try {
        return typeof read(Buffer.from(data)).id === 'number'
      } catch (error) {
        return isExpected(error)
      }
    }),
    300,
  )
})

test('every message of known fields is decoded', (t) => {
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const uint = fc.integer({ min: 0, max: 0xffffffff })
  const record = fc.record({
    1: uint,
    2: maybe(fc.integer()),
    3: maybe(fc.boolean()),
    4: maybe(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    5: maybe(fc.string({ unit: 'binary' })),
    18: maybe(uint),
  })
  holds(
    t,
    'value by value',
    fc.property(record, (values) => {
      const value = read(encode(values, [2]))
      const name = values[5] === undefined ? undefined : Buffer.from(values[5]).toString('latin1')
      return (
        value.id === values[1] &&
        value.delta === values[2] &&
        value.on === values[3] &&
        value.size === values[4] &&
        value.name === (name as Bytes | undefined) &&
        value.far === values[18]
      )
    }),
  )
})

test('numbers of 32 bits, however long they are written', (t) => {
  const bytesOf = (value: number, length: number): number[] =>
    Array.from(
      { length },
      (_, index) => (Math.floor(value / 128 ** index) & 0x7f) | (index < length - 1 ? 0x80 : 0),
    )
  holds(
    t,
    'uint32() has the value',
    fc.property(fc.nat(2 ** 32 - 1), fc.nat(4), (value, more) => {
      const shortest = Math.max(1, Math.ceil(Math.log2(value + 1) / 7))
      const data = Buffer.from([0x08, ...bytesOf(value, Math.min(shortest + more, 9)), 0x01])
      return decode(data, 0, data.length - 1).id === value
    }),
  )
  for (const length of [1, 2, 3, 4, 5]) {
    const data = Buffer.from([0x08, ...bytesOf(1, length), 0x01])
    t.throws(() => decode(data, 0, length), `${length} bytes of which one is behind the end`)
  }
})
