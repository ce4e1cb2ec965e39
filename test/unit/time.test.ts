import fc from 'fast-check'
import {
  earliestOf,
  isAfter,
  isBefore,
  latestMeaning,
  latestOf,
  plus,
  secondsBetween,
  toIso,
} from '../../src/time.js'
import { test } from './support/check.js'
import { holds } from './support/property.js'
import { at } from './support/model.js'

const time = fc.record({
  sec: fc.integer({ min: 0, max: 3 }),
  nsec: fc.integer({ min: 0, max: 3 }),
})

test('later is later by seconds, then by nanoseconds', (t) => {
  t.ok(isAfter(at(2, 0), at(1, 999_999_999)))
  t.ok(isAfter(at(1, 2), at(1, 1)))
  t.notOk(isAfter(at(1, 1), at(1, 1)), 'the same moment is not after itself')
  t.notOk(isAfter(at(1, 999_999_999), at(2, 0)))
  holds(
    t,
    'as one number would say',
    fc.property(
      time,
      time,
      (a, other) => isAfter(a, other) === a.sec * 10 + a.nsec > other.sec * 10 + other.nsec,
    ),
  )
})

test('nanoseconds that differ by one at today’s date are told apart', (t) => {
  t.ok(isAfter(at(1_700_000_000, 500_000_001), at(1_700_000_000, 500_000_000)))
})

test('a time in whole seconds may mean any moment of its second', (t) => {
  t.strictSame(latestMeaning(at(5, 0)), at(5, 999_999_999))
  t.strictSame(latestMeaning(at(5, 1)), at(5, 1))
})

test('written with all nine digits', (t) => {
  t.equal(toIso(at(0, 7)), '1970-01-01T00:00:00.000000007Z')
  t.equal(toIso(at(1_700_000_000, 500_000_000)), '2023-11-14T22:13:20.500000000Z')
})

test('times that a file system may hold and a Date may not end nothing', (t) => {
  // touch(1) on a tmpfs: 64 bits of seconds. The report is written after the deletion.
  for (const sec of [2 ** 40, 8_640_000_000_000, 8_640_000_000_001, 2 ** 62, -1, -(2 ** 50)])
    t.doesNotThrow(() => toIso(at(sec, 1)), String(sec))
})

test('earlier is what the other is later than', (t) => {
  t.equal(isBefore(at(1, 1), at(1, 2)), true)
  t.equal(isBefore(at(1, 2), at(1, 2)), false)
  t.equal(isBefore(at(2, 0), at(1, 9)), false)
})

test('some seconds later, or earlier', (t) => {
  t.strictSame(plus(at(5, 7), 0), at(5, 7))
  t.strictSame(plus(at(5, 7), 2), at(7, 7))
  t.strictSame(plus(at(5, 750_000_000), 0.25), at(6, 0))
  t.strictSame(plus(at(5, 750_000_000), 0.125), at(5, 875_000_000))
  t.strictSame(plus(at(5, 0), -0.125), at(4, 875_000_000))
  t.strictSame(plus(at(5, 500_000_000), -0.5), at(5, 0))
  t.strictSame(plus(at(5, 250_000_000), -1.5), at(3, 750_000_000))
  t.strictSame(plus(at(0), -2), at(-2))
})

const moment = fc.record({
  sec: fc.integer({ min: -10, max: 2_000_000_000 }),
  nsec: fc.integer({ min: 0, max: 999_999_999 }),
})
const seconds = fc.integer({ min: -4_000_000, max: 4_000_000 }).map((n) => n / 1024)

test('seconds between two times lead from one to the other', (t) => {
  t.equal(secondsBetween(at(5, 500_000_000), at(7)), 1.5)
  t.equal(secondsBetween(at(7), at(5, 500_000_000)), -1.5)
  holds(
    t,
    'there and back, to the nanosecond',
    fc.property(moment, seconds, (one, by) => {
      const other = plus(one, by)
      if (other.nsec < 0 || other.nsec > 999_999_999) return false
      if (isAfter(other, one) !== by > 0 || isBefore(other, one) !== by < 0) return false
      return Math.abs(secondsBetween(one, other) - by) < 2e-9
    }),
    1000,
  )
})

test('the first and the last of some', (t) => {
  const some = [at(2, 5), at(1, 9), at(1, 3), at(2, 4)]
  t.equal(earliestOf(some), some[2])
  t.equal(latestOf(some), some[0])
  t.equal(earliestOf([]), undefined)
  t.equal(latestOf([]), undefined)
})
