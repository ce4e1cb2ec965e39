import { groupBy } from '../../src/group.js'
import { test } from './support/check.js'

test('groups keep the order of first occurrence, items that of the input', (t) => {
  const groups = groupBy(['b1', 'a1', 'b2', 'c1', 'a2'], (item) => item[0])
  t.strictSame(
    [...groups],
    [
      ['b', ['b1', 'b2']],
      ['a', ['a1', 'a2']],
      ['c', ['c1']],
    ],
  )
  t.equal(groupBy([], () => 1).size, 0)
})

test('undefined is a key like any other', (t) => {
  t.strictSame(groupBy([1, 2], () => undefined).get(undefined), [1, 2])
})
