import fs from 'node:fs'
import { readClocks, toNow } from '../../../src/host/clock.js'
import { test } from '../support/check.js'
import { at } from '../support/model.js'

test('the clocks of this machine, read together', (t) => {
  const before = Date.now()
  const { realtime, boottime, monotonic } = readClocks()
  const after = Date.now()
  const now = realtime.sec * 1000 + realtime.nsec / 1e6
  t.ok(now >= before && now <= after, 'the time of day')
  t.ok(monotonic > 0)
  t.ok(boottime >= monotonic, 'with the time in suspend')
  const [uptime] = fs.readFileSync('/proc/uptime', 'latin1').split(' ').map(Number)
  t.ok(boottime <= (uptime ?? 0) + 0.01, 'not ahead of the kernel')
})

test('as checkpoints take it', (t) => {
  const clocks = { realtime: at(5, 500_000_000), boottime: 7, monotonic: 6 }
  t.strictSame(toNow(clocks), { now: 5.5, uptime: 7 })
})
