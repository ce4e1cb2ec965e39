import fc from 'fast-check'
import { Text } from '../../../src/images/text.js'
import { test } from '../support/check.js'
import { holds } from '../support/property.js'

/** Longer than a piece. */
const DATA = Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 256))

const place = fc
  .tuple(fc.nat(DATA.length), fc.oneof(fc.nat(40), fc.nat(6000)))
  .map(([start, length]) => [start, Math.min(start + length, DATA.length)] as const)

test('any part in any order is that of the buffer', (t) => {
  holds(
    t,
    'at() is a slice',
    fc.property(fc.array(place), (places) => {
      const text = new Text(DATA)
      return places.every(
        ([start, end]) => text.at(start, end) === DATA.toString('latin1', start, end),
      )
    }),
  )
})

test('parts that follow each other, across the ends of pieces', (t) => {
  const text = new Text(DATA)
  let whole = ''
  for (let at = 0; at < DATA.length; at += 13) whole += text.at(at, Math.min(at + 13, DATA.length))
  t.ok(whole === DATA.toString('latin1'))
  t.equal(text.at(0, 0), '')
  t.equal(text.at(DATA.length, DATA.length), '')
})
