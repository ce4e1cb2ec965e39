// What kind of dump each recorded directory holds: as it was found, without its logs, and as a copy
// that lost its times.
import { readCheckpoint } from '../../../src/checkpoint/checkpoint.js'
import type { Checkpoint } from '../../../src/checkpoint/model.js'
import { secondsBetween } from '../../../src/time.js'
import { test } from '../support/check.js'
import { layOut, recordedCase, recordedCases } from './recorded.js'

const CASES = recordedCases()

/** Enough for an assertion to show what went wrong. */
const summary = ({ dump, complete, signs, remaps }: Checkpoint) => ({
  dump,
  complete,
  signs,
  remaps: remaps.length,
})

test('all cases are here', (t) => {
  t.equal(CASES.length, 24)
  const count = (kind: string) => CASES.filter((name) => recordedCase(name).dump === kind).length
  t.strictSame(['whole', 'mixed', 'failed', 'blind'].map(count), [18, 2, 2, 2])
})

for (const name of CASES)
  test(name, (t) => {
    const { dump } = recordedCase(name)
    const complete = dump === 'whole'
    const found = readCheckpoint(layOut(t, name, { logs: true }))
    t.match(summary(found), { dump, complete }, 'as found')
    t.equal(found.signs.length > 0, !complete)
    t.match([found.times.inOrder, found.times.wholeSeconds], [true, true])
    const bare = readCheckpoint(layOut(t, name, { logs: false }))
    t.match(summary(bare), { dump, complete }, 'without logs')

    // One image after the other with two seconds between, in the order of their names, after the dump.
    const clock = found.times.clock?.boottime.sec
    if (clock === undefined) return
    const inventory = recordedCase(name).images['inventory.img']?.[0] ?? 0
    const late = inventory + 3600
    const copy = layOut(t, name, { logs: true, timeOf: (_, index) => late + 2 * index })
    const clocks = { now: late + 100, uptime: clock + 3700 }
    t.match(summary(readCheckpoint(copy, { clocks })), { dump, complete }, 'a copy')
    if (dump !== 'whole') return
    t.equal(readCheckpoint(copy).dump, 'mixed', 'only the clock tells that it is one')
    const original = layOut(t, name, { logs: true })
    const then = { now: late, uptime: clock + 3600 }
    t.equal(readCheckpoint(original, { clocks: then }).dump, 'whole', 'on the machine of the dump')
  })

test('a directory of two dumps: why', (t) => {
  const found = readCheckpoint(layOut(t, 'podman586-crun128-f-same-dir', { logs: true }))
  t.match(found.signs, [
    'task 1 has no core-1.img',
    'ids-1.img was written 9.0 s after inventory.img, and not before it',
    'fdinfo-2.img was written 9.0 s after inventory.img, and not before it',
    /dump\.log ends with "Dumping FAILED", and began after these images were written$/,
  ])
  t.strictSame(found.hints.fileExists, ['/app/orig.0'])
  t.equal(found.hints.rolledBack, false, 'links of the first dump may be left')
  const { earliest, written } = found.times
  t.strictSame([earliest?.sec, written?.sec], [1795634498, 1795634498], 'of the second one')
})

test('a dump that failed: its links were removed', (t) => {
  for (const name of ['runc115-c', 'runc136-c'])
    t.equal(readCheckpoint(layOut(t, name, { logs: true })).hints.rolledBack, true)
  t.equal(readCheckpoint(layOut(t, 'runc136-c', { logs: false })).hints.rolledBack, false)
})

test('a dump of 14 seconds: its log and its statistics agree', (t) => {
  const { times, hints } = readCheckpoint(layOut(t, 'runc115-complete', { logs: true }))
  t.equal(times.tookSeconds, 14.548616)
  t.match(hints.dumpLog, { ended: 'finished' })
  t.equal(secondsBetween(hints.dumpLog!.begun, hints.dumpLog!.written).toFixed(3), '14.592')
})

test('a restore that failed explains what it touched', (t) => {
  const directory = layOut(t, 'podman586-runc-restore-failed', { logs: true })
  const { hints } = readCheckpoint(directory)
  t.match(hints.failedRestores, [{ path: `${directory}/../restore.log`, to: { sec: 1795635459 } }])
  t.equal(secondsBetween(hints.failedRestores[0]!.from, hints.failedRestores[0]!.to), 0.672415)
  t.equal(hints.restored, undefined)
})
