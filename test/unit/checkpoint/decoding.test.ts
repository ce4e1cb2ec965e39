import { bounded, whenDecodes } from '../../../src/checkpoint/decoding.js'
import { badImages } from '../../../src/errors.js'
import { refuses, test } from '../support/check.js'

const DATA = Buffer.from('abc')

test('a decoder that throws says "not an entry"', (t) => {
  const taken: string[] = []
  const onEntry = whenDecodes(
    () => (data, start, end) => {
      if (start === 1) throw new RangeError('cut')
      return data.toString('latin1', start, end)
    },
    (value) => taken.push(value),
    DATA,
  )
  t.equal(onEntry(0, 1), true)
  t.equal(onEntry(1, 2), false)
  t.strictSame(taken, ['a'])
})

test('a limit is a refusal, and a fault of the taker is not the image’s', (t) => {
  const limit = whenDecodes(
    () => () => {
      throw badImages('limit')
    },
    () => undefined,
    DATA,
  )
  refuses(t, () => limit(0, 1), 'bad-images', /^limit$/)
  const fault = whenDecodes(
    () => () => 1,
    () => {
      throw new TypeError('bug')
    },
    DATA,
  )
  t.throws(() => fault(0, 1), { message: 'bug' })
})

test('what is not picked is passed over', (t) => {
  const onEntry = whenDecodes(
    () => undefined,
    () => t.fail('taken'),
    DATA,
  )
  t.equal(onEntry(0, 1), true)
})

test('a list takes as many as it may, and no more', (t) => {
  const list: string[] = []
  const take = bounded(list, 2, 'things')
  take('a')
  take('b')
  refuses(t, () => take('c'), 'bad-images', /^more than 2 things$/)
  t.strictSame(list, ['a', 'b'])
})
