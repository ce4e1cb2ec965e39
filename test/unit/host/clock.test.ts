import { readClocks } from '../../../src/host/clock.js'
import { plus, secondsBetween } from '../../../src/time.js'
import { test } from '../support/check.js'
import { at } from '../support/model.js'

test('the clocks of this machine, read together', (t) => {
  const before = Date.now()
  const first = readClocks()
  const after = Date.now()
  const { sec, nsec } = first.realtime
  t.ok(Number.isInteger(sec) && Number.isInteger(nsec) && nsec >= 0 && nsec < 1e9)
  const milliseconds = Math.round(secondsBetween(at(0), first.realtime) * 1000)
  t.ok(milliseconds >= before && milliseconds <= after)
  t.ok(first.monotonic > 0)
  // One counts in hundredths, and leaves no time out.
  t.ok(first.boottime >= first.monotonic - 0.02)
})

test('they go on alike', (t) => {
  const first = readClocks()
  while (process.hrtime.bigint() < BigInt(Math.round((first.monotonic + 0.05) * 1e9)));
  const second = readClocks()
  const passed = second.monotonic - first.monotonic
  t.ok(passed >= 0.05)
  t.ok(Math.abs(second.boottime - first.boottime - passed) < 0.5)
  t.ok(Math.abs(secondsBetween(plus(first.realtime, passed), second.realtime)) < 0.5)
})
