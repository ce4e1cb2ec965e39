import { sleep } from '../../src/sleep.js'
import { test } from './support/check.js'

test('the thread waits, and uses no processor meanwhile', (t) => {
  const [started, used] = [process.hrtime.bigint(), process.cpuUsage()]
  sleep(100)
  t.ok(process.hrtime.bigint() - started >= 95_000_000n)
  const { user, system } = process.cpuUsage(used)
  t.ok(user + system < 50_000, `${user + system} µs`)
})
