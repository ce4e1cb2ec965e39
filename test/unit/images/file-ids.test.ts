import fc from 'fast-check'
import { decodeFile, decodeRegFile, FD_TYPE_REG } from '../../../src/images/entries.js'
import { peekFileId, peekRegFileId } from '../../../src/images/file-ids.js'
import { encode, regFile } from '../../encode/messages.js'
import { test } from '../support/check.js'
import { holds } from '../support/property.js'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const uint = fc.integer({ min: 0, max: 0xffffffff })
const id = fc.oneof(uint, fc.constantFrom(0, 1, 127, 128, 16383, 16384, 0x7fffffff, 0xffffffff))
const type = fc.oneof(fc.constant(FD_TYPE_REG), fc.integer({ min: 0, max: 130 }))

/** The peek may give up; where it answers, it answers what the decoder does. */
const agreesOnFile = (data: Buffer): boolean => {
  const peeked = peekFileId(data, 0, data.length)
  if (peeked === -1) return true
  let decoded: ReturnType<typeof decodeFile>
  try {
    decoded = decodeFile(data, 0, data.length)
  } catch {
    return true
  }
  return peeked === (decoded.type === FD_TYPE_REG ? decoded.id : 0)
}

const agreesOnRegFile = (data: Buffer): boolean => {
  const peeked = peekRegFileId(data, 0, data.length)
  if (peeked === -1) return true
  try {
    return decodeRegFile(data, 0, data.length).id === peeked
  } catch {
    return true
  }
}

test('the entries that CRIU writes never need a full decode', (t) => {
  holds(
    t,
    'files.img',
    fc.property(id, fc.integer({ min: 0, max: 20 }), (fileId, ofType) => {
      const data = encode({ 1: ofType, 2: fileId, 3: regFile({ id: fileId, name: '/x' }) })
      return peekFileId(data, 0, data.length) === (ofType === FD_TYPE_REG ? fileId : 0)
    }),
  )
  holds(
    t,
    'reg-files.img',
    fc.property(id, (fileId) => {
      const data = regFile({ id: fileId, name: '/x' })
      return peekRegFileId(data, 0, data.length) === fileId
    }),
  )
})

test('it looks at the entry alone', (t) => {
  const data = Buffer.concat([hex('08 01 10 63'), encode({ 1: 1, 2: 5 }), hex('85 01')])
  t.equal(peekFileId(data, 4, 8), 5)
  t.equal(peekRegFileId(Buffer.concat([hex('08 63'), hex('08 05')]), 2, 4), 5)
  t.equal(peekFileId(hex('08 01 10 85 01'), 0, 4), -1, 'a varint that goes on behind the end')
  t.equal(peekRegFileId(hex('08 85 01'), 0, 2), -1)
})

test('what it does not understand it leaves to the decoder', (t) => {
  for (const text of [
    '',
    '08',
    '08 01',
    '08 01 10',
    '10 05 08 01',
    '08 81 00 10 05',
    '88 00 01 10',
  ])
    t.equal(peekFileId(hex(text), 0, hex(text).length), -1, text)
  t.equal(peekFileId(hex('08 01 10 ff ff ff ff 1f'), 0, 8), -1, 'more than 32 bits')
  t.equal(peekFileId(hex('08 01 10 80 80 80 80 80 00'), 0, 9), -1, 'more than five bytes')
  for (const text of ['', '08', '10 05', '0a 01 05'])
    t.equal(peekRegFileId(hex(text), 0, hex(text).length), -1, text)
})

// Fields of an entry, in any order; what is not known is skipped by both.
const fileField = [
  type.map((value) => encode({ 1: value })),
  id.map((value) => encode({ 2: value })),
  id.map((value) => encode({ 3: regFile({ id: value, name: '/x' }) })),
  id.map((value) => encode({ 30: value })),
] as const
const regField = [
  id.map((value) => encode({ 1: value })),
  id.map((value) => encode({ 2: value, 3: value, 6: '/x' })),
  id.map((value) => encode({ 30: value })),
] as const

test('it agrees with the full decode of any entry', (t) => {
  const once = (fields: readonly fc.Arbitrary<Buffer>[]) =>
    fc
      .tuple(...fields)
      .chain((parts) => fc.shuffledSubarray(parts))
      .map((parts) => Buffer.concat(parts))
  const cut = (of: fc.Arbitrary<Buffer>) =>
    fc.tuple(of, fc.nat({ max: 12 })).map(([data, end]) => data.subarray(0, end))
  const file = once(fileField)
  holds(t, 'files.img', fc.property(fc.oneof(file, cut(file)), agreesOnFile), 2000)
  const reg = once(regField)
  holds(t, 'reg-files.img', fc.property(fc.oneof(reg, cut(reg)), agreesOnRegFile), 2000)
})
