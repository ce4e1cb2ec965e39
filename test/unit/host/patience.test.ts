import { inTime, newPatience } from '../../../src/host/patience.js'
import { test } from '../support/check.js'

test('there is time until there is none', (t) => {
  t.doesNotThrow(newPatience())
  const check = newPatience(5)
  check()
  const started = performance.now()
  t.throws(
    () => {
      for (;;) check()
    },
    { message: 'out of time' },
  )
  t.ok(performance.now() - started >= 4)
})

test('whether something came to its end, and other errors as they are', (t) => {
  t.equal(
    inTime(() => undefined),
    true,
  )
  t.equal(inTime(newPatience(-1)), false)
  const broken = (): void => {
    throw new TypeError('x')
  }
  t.throws(() => inTime(broken), TypeError)
})
