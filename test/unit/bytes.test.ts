import fc from 'fast-check'
import {
  concat,
  fromBuffer,
  fromText,
  slice,
  toBuffer,
  u32,
  unescapeOctal,
} from '../../src/bytes.js'
import { test } from './support/check.js'
import { holds } from './support/property.js'

test('any bytes come back as they went in', (t) => {
  holds(
    t,
    'toBuffer undoes fromBuffer',
    fc.property(fc.uint8Array(), (data) => toBuffer(fromBuffer(Buffer.from(data))).equals(data)),
  )
})

test('one char is one byte', (t) => {
  t.equal(fromText('é').length, 2)
  t.strictSame([...toBuffer(fromText('é'))], [0xc3, 0xa9])
  t.equal(toBuffer(fromBuffer(Buffer.from([0xff, 0x00, 0x80]))).toString('hex'), 'ff0080')
})

test('parts and slices count bytes', (t) => {
  t.strictSame(toBuffer(concat(fromText('é'), '/', 'x')), Buffer.from('é/x'))
  t.strictSame([...toBuffer(slice(fromText('é/x'), 1))], [0xa9, 0x2f, 0x78])
  t.equal(slice(fromText('abc'), 0, -1), 'ab')
})

test('names as mount tables write them', (t) => {
  t.equal(unescapeOctal('a\\040b\\011\\012\\134\\054'), 'a b\t\n\\,')
  t.equal(unescapeOctal('\\377'), '\xff')
  t.equal(unescapeOctal('\\12 \\9 \\08'), '\\12 \\9 \\08', 'always three octal digits')
  t.equal(unescapeOctal('\\134040'), '\\040', 'once')
  t.equal(unescapeOctal(''), '')
})

test('words of 32 bits are those of Buffer', (t) => {
  holds(
    t,
    'u32 is readUInt32LE',
    fc.property(fc.uint8Array({ minLength: 4 }), fc.nat(), (bytes, number) => {
      const data = Buffer.from(bytes)
      const at = number % (data.length - 3)
      return u32(data, at) === data.readUInt32LE(at)
    }),
  )
  t.equal(u32(Buffer.from([0xff, 0xff, 0xff, 0xff]), 0), 2 ** 32 - 1)
})
