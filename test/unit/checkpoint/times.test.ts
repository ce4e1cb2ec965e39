import { imageTimes, momentsOf, type MoreTimes } from '../../../src/checkpoint/times.js'
import type { ImageStat } from '../../../src/images/source.js'
import type { Time } from '../../../src/time.js'
import { test } from '../support/check.js'
import { at } from '../support/model.js'

const seconds = (time: number): Time => at(Math.floor(time), Math.round((time % 1) * 1e9))

/** Names to times of modification, and of birth a second before. */
const statsOf = (times: Record<string, number>): Map<string, ImageStat> =>
  new Map(
    Object.entries(times).map(([name, time]) => [
      name,
      { size: 1, mtime: seconds(time), btime: seconds(time - 1) },
    ]),
  )

const DUMP = {
  'ids-1.img': 109.25,
  'core-1.img': 109.5,
  'pstree.img': 109.75,
  'timens-0.img': 110.125,
  'inventory.img': 110.25,
  'files.img': 110.5,
  'remap-fpath.img': 110.75,
}
const EARLY = ['ids-1.img', 'core-1.img', 'pstree.img']
const CLOCK = { boottime: at(50, 125_000_000), monotonic: at(40, 125_000_000) }
/** A second after the last image, on the machine of the dump: booted at 60. */
const NOW = { now: 111.75, uptime: 51.75 }

const moments = (times: Record<string, number>, now = NOW) =>
  momentsOf(statsOf(times), EARLY, CLOCK, now)

test('a whole dump: nothing is newer than its inventory', (t) => {
  t.strictSame(moments(DUMP), {
    inventory: seconds(110.25),
    last: seconds(110.75),
    ordered: true,
    wholeSeconds: false,
    doubt: 1,
    newer: [],
  })
})

test('what is written before the inventory, and is more than a second newer', (t) => {
  const newer = (times: Record<string, number>) => moments({ ...DUMP, ...times }).newer
  t.strictSame(newer({ 'ids-1.img': 111.25 }), [])
  t.strictSame(newer({ 'ids-1.img': 111.5 }), [{ name: 'ids-1.img', by: 1.25 }])
  t.strictSame(newer({ 'core-1.img': 115, 'pstree.img': 116 }).length, 2)
  t.strictSame(newer({ 'files.img': 120, 'remap-fpath.img': 130 }), [], 'these follow it anyway')
  t.strictSame(moments({ 'pstree.img': 110, 'ids-1.img': 120 }).newer, [])
})

test('whole seconds are doubted by one more', (t) => {
  const whole = moments({ ...DUMP, ...Object.fromEntries(Object.keys(DUMP).map((k) => [k, 110])) })
  t.match(whole, { wholeSeconds: true, doubt: 2, newer: [] })
  const times = Object.fromEntries(Object.keys(DUMP).map((name) => [name, 110]))
  t.strictSame(moments({ ...times, 'ids-1.img': 111 }).newer, [], 'or none at all')
  t.strictSame(moments({ ...times, 'ids-1.img': 112 }).newer, [{ name: 'ids-1.img', by: 2 }])
  t.equal(moments({}).wholeSeconds, false)
})

test('times of a copy tell no order: the clock in the images knows better', (t) => {
  const copied = (times: Record<string, number>, now = NOW) => !moments(times, now).ordered
  t.equal(copied(DUMP), false)
  t.equal(copied({ ...DUMP, 'timens-0.img': 111 }), false, 'within a second')
  t.equal(copied({ ...DUMP, 'timens-0.img': 111.5 }), true)
  t.strictSame(moments({ ...DUMP, 'timens-0.img': 115, 'ids-1.img': 120 }).newer, [])
  t.equal(copied({ ...DUMP, 'timens-0.img': 90 }), false, 'of another boot')
  const rebooted = { now: 1000, uptime: 30 }
  t.equal(copied({ ...DUMP, 'timens-0.img': 500 }, rebooted), false, 'of another boot')
  t.equal(momentsOf(statsOf({ 'timens-0.img': 500 }), [], undefined, NOW).ordered, true)
  t.equal(momentsOf(statsOf({ 'timens-0.img': 500 }), [], CLOCK, undefined).ordered, true)
  t.equal(momentsOf(statsOf({}), [], CLOCK, NOW).ordered, true)
})

const times = (stats: Record<string, number>, more: Partial<MoreTimes> = {}) =>
  imageTimes(statsOf(stats), moments(stats), {
    clock: CLOCK,
    dumpUptime: undefined,
    stats: undefined,
    log: undefined,
    mixed: false,
    ...more,
  })

test('the facts of a whole dump', (t) => {
  t.strictSame(times(DUMP), {
    written: seconds(110.75),
    earliest: seconds(109.25),
    born: seconds(108.25),
    reused: false,
    tookSeconds: undefined,
    clock: CLOCK,
    clockWritten: seconds(110.125),
    dumpUptime: undefined,
    inOrder: true,
    wholeSeconds: false,
  })
  const stats = { written: at(112), took: 3.5 }
  const log = { begun: at(100), written: seconds(112.5) }
  t.match(times(DUMP, { stats, log, dumpUptime: 50_125_000 }), {
    written: seconds(112.5),
    earliest: seconds(109.25),
    tookSeconds: 3.5,
    dumpUptime: 50.125,
  })
  t.match(times(DUMP, { stats }), { written: at(112) })
  t.match(times({}, { clock: undefined }), {
    written: undefined,
    earliest: undefined,
    born: undefined,
    clock: undefined,
    clockWritten: undefined,
    inOrder: true,
  })
  t.equal(
    imageTimes(new Map([['files.img', { size: 1, mtime: at(5), btime: undefined }]]), moments({}), {
      ...{ clock: undefined, dumpUptime: undefined, stats: undefined, log: undefined },
      mixed: false,
    }).born,
    undefined,
    'not every file system tells',
  )
})

test('the order in which CRIU writes', (t) => {
  const inOrder = (rest: Record<string, number>, more: Partial<MoreTimes> = {}) =>
    times({ ...DUMP, ...rest }, more).inOrder
  t.equal(inOrder({ 'inventory.img': 110.125, 'files.img': 110.125 }), true, 'at once')
  t.equal(inOrder({ 'pstree.img': 110.5 }), false)
  t.equal(inOrder({ 'timens-0.img': 110.5 }), false)
  t.equal(inOrder({ 'inventory.img': 110.625 }), false)
  t.equal(inOrder({ 'files.img': 111 }), false)
  t.equal(inOrder({ 'ids-1.img': 200 }), true, 'others have a sign of their own')
  t.equal(inOrder({}, { stats: { written: at(111), took: 1 } }), true)
  t.equal(inOrder({}, { stats: { written: at(110), took: 1 } }), false)
  t.equal(times({ 'reg-files.img': 5, 'inventory.img': 6 }).inOrder, false)
})

test('of two dumps the earliest image of the last one', (t) => {
  const both = { ...DUMP, 'ids-1.img': 115.25, 'core-1.img': 115.5, 'files.img': 115.75 }
  const earliest = (more: Partial<MoreTimes> = {}, stats: Record<string, number> = both) =>
    times(stats, { mixed: true, ...more }).earliest
  t.strictSame(earliest(), seconds(115.25), 'what is newer than the inventory')
  t.strictSame(earliest({ mixed: false }), seconds(109.75))
  const log = { begun: seconds(116.625), written: at(118) }
  t.strictSame(earliest({ log }), seconds(115.75), 'what is newer than its log, less a second')
  t.strictSame(earliest({}, DUMP), seconds(109.25), 'not known')
  const untouched = { begun: at(200), written: at(201) }
  t.strictSame(earliest({ log: untouched }, DUMP), seconds(109.25), 'it wrote none')
})
