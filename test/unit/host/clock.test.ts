import { dumpTimes, uptime } from '../../../src/host/clock.js'
import { test } from '../support/check.js'
import { at, WRITTEN } from '../support/model.js'

const [NOW, UPTIME] = [WRITTEN.sec + 1000, 50_000]
/** A second before the last image was written. */
const bootClock = at(UPTIME - 1001)
const begunAt = at(WRITTEN.sec - 3)
/** An eighth of a second of doubt. */
const LAST = at(WRITTEN.sec - 1, 125_000_000)

test('without the kernel’s clock the images’ own times', (t) => {
  const images = { writtenAt: WRITTEN, begunAt }
  t.strictSame(dumpTimes({ ...images, bootClock: undefined }, NOW, UPTIME), images)
  t.strictSame(dumpTimes({}, NOW, UPTIME), { writtenAt: at(0), begunAt: at(0) })
})

test('images that were written right after the dump are believed', (t) => {
  const images = { writtenAt: at(WRITTEN.sec - 1, 9), begunAt }
  t.strictSame(dumpTimes({ ...images, bootClock }, NOW, UPTIME), images)
})

test('copies are as old as the dump', (t) => {
  const copies = { writtenAt: at(WRITTEN.sec + 60), begunAt: at(WRITTEN.sec + 59) }
  t.strictSame(dumpTimes({ ...copies, bootClock }, NOW, UPTIME), {
    writtenAt: LAST,
    begunAt: at(WRITTEN.sec - 601),
  })
})

test('images with one later time, and images from the future', (t) => {
  const touched = { writtenAt: at(NOW + 500), begunAt, bootClock }
  t.strictSame(dumpTimes(touched, NOW, UPTIME), { writtenAt: LAST, begunAt })
})

test('a clock of another boot tells nothing', (t) => {
  const images = { writtenAt: WRITTEN, begunAt }
  for (const other of [at(UPTIME + 1), at(UPTIME - 5)])
    t.strictSame(dumpTimes({ ...images, bootClock: other }, NOW, UPTIME), images)
})

test('this machine runs', (t) => {
  t.ok(uptime() > 0)
})
