import { sinceOf } from '../../../src/cli/since.js'
import { refuses, test } from '../support/check.js'

const NOW = Date.UTC(2026, 10, 26, 4, 30, 0, 250)

test('how long ago', (t) => {
  const ago = (value: string): number => NOW / 1000 - 0.25 - sinceOf(value, NOW).sec
  t.equal(ago('90s'), 90)
  t.equal(ago('10m'), 600)
  t.equal(ago('2h'), 7200)
  t.equal(ago('3d'), 259_200)
  t.equal(sinceOf('1s', NOW).nsec, 250_000_000)
})

test('a moment', (t) => {
  t.strictSame(sinceOf('@1764131400'), { sec: 1764131400, nsec: 0 })
  t.strictSame(sinceOf('@0.25'), { sec: 0, nsec: 250_000_000 })
  const moment = { sec: Date.UTC(2026, 10, 26, 4, 30) / 1000, nsec: 0 }
  t.strictSame(sinceOf('2026-11-26T04:30:00Z'), moment)
  t.strictSame(sinceOf('2026-11-26T05:30+01:00'), moment)
  t.strictSame(sinceOf('2026-11-26 04:30:00.5Z'), { ...moment, nsec: 500_000_000 })
  const local = new Date(2026, 10, 26, 4, 30)
  t.equal(sinceOf('2026-11-26 04:30').sec, local.getTime() / 1000, 'of this machine')
  t.equal(sinceOf('2026-11-26').sec, new Date(2026, 10, 26).getTime() / 1000, 'its midnight')
})

test('what is no time', (t) => {
  for (const value of ['', '5', 'now', '5 m', '-5m', '2026', '2026-13-01', '@', '@x', '1e9s', '5w'])
    refuses(t, () => sinceOf(value), 'usage', /is no time$/, value)
})
