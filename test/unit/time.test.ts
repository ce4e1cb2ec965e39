import fc from 'fast-check'
import {
  earliestOf,
  isAfter,
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

test('seconds are added, and are what is between two times', (t) => {
  t.strictSame(plus(at(10, 600_000_000), 0.5), at(11, 100_000_000))
  t.strictSame(plus(at(10, 100_000_000), -0.25), at(9, 850_000_000))
  t.strictSame(plus(at(10, 5), 0), at(10, 5))
  t.strictSame(plus(at(10, 999_999_999), 1e-9), at(11, 0))
  t.equal(secondsBetween(at(9, 750_000_000), at(11, 0)), 1.25)
  t.equal(secondsBetween(at(11, 0), at(9, 750_000_000)), -1.25)
  holds(
    t,
    'what was added is between them',
    fc.property(
      fc.record({
        sec: fc.integer({ min: 0, max: 2 ** 31 }),
        nsec: fc.integer({ min: 0, max: 999_999_999 }),
      }),
      fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
      (start, micro) => {
        const end = plus(start, micro / 1e6)
        return (
          Number.isInteger(end.nsec) &&
          end.nsec >= 0 &&
          end.nsec < 1e9 &&
          Math.abs(secondsBetween(start, end) - micro / 1e6) < 1e-6
        )
      },
    ),
  )
})

test('the first and the last of some times', (t) => {
  const times = [at(3, 1), at(2, 9), at(3, 2)]
  t.strictSame([earliestOf(times), latestOf(times)], [at(2, 9), at(3, 2)])
  t.strictSame([earliestOf([]), latestOf([])], [undefined, undefined])
})
