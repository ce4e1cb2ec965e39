import { sleep } from '../../src/sleep.js'
import { test } from './support/check.js'

test('the thread waits, and uses no processor meanwhile', (t) => {
  const [started, used] = [process.hrtime.bigint(), process.cpuUsage()]
  sleep(100)
  const elapsed = Number(process.hrtime.bigint() - started) / 1000
  t.ok(elapsed >= 95_000)
  const { user, system } = process.cpuUsage(used)
  t.ok(user + system < elapsed / 2, `${user + system} of ${elapsed} µs`)
})
