// The time of --since and --until: a date and time, seconds since 1970 ("@1764129600"), or how long ago ("90s", "10m", "2h", "3d").
import { usage } from '../errors.js'
import { escapeText } from '../escape.js'
import { plus, type Time } from '../time.js'

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Without a zone it is of this machine's. @throws GcError usage. */
export const sinceOf = (value: string, now: number = Date.now(), option = 'since'): Time => {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(value) ?? []
  if (count !== undefined && unit !== undefined)
    return plus(toTime(now), -Number(count) * (SECONDS[unit] ?? 1))
  const [, seconds] = /^@(\d{1,12}(?:\.\d{1,9})?)$/.exec(value) ?? []
  if (seconds !== undefined) return toTime(Number(seconds) * 1000)
  const [, date, time] = DATE.exec(value) ?? []
  const then = date === undefined ? NaN : Date.parse(`${date}T${time ?? '00:00'}`)
  if (!Number.isNaN(then)) return toTime(then)
  throw usage(`--${option} ${escapeText(value)} is no time`, {
    next: 'write "2026-11-26 04:30", "2026-11-26T04:30:00Z", "@1764129600", or how long ago: 90s, 10m, 2h, 3d',
  })
}

const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?))?$/

const toTime = (milliseconds: number): Time => ({
  sec: Math.floor(milliseconds / 1000),
  nsec: Math.floor(milliseconds % 1000) * 1_000_000,
})
