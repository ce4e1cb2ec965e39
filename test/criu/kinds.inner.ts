// What kind of dump a directory holds that the real CRIU wrote: dumps that went well, failed, were killed,
// and went into a directory that had one before. And what its logs tell of restores. Run by kinds.test.ts.
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { readCheckpoint as readIn } from '../../src/checkpoint/checkpoint.js'
import type { Checkpoint as Read } from '../../src/checkpoint/model.js'
import { readClocks, toNow } from '../../src/host/clock.js'
import { secondsBetween, type Time } from '../../src/time.js'
import { startAgain } from '../rig/again.js'
import { tryDump, tryRestore } from '../rig/criu.js'
import { killed, killedLater } from '../rig/killed.js'
import { dumped, optionsOf, restoreAndEnd } from '../rig/restored.js'
import { checkpoint, type Checkpoint } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'

const inNs = ({ sec, nsec }: Time): bigint => BigInt(sec) * 1_000_000_000n + BigInt(nsec)

const read = (images: string): Read => readIn(images, { clocks: toNow(readClocks()) })

/** the kind, whether the logs are there or not */
const kinds = (images: string): string[] => {
  const bare = `${images}.bare`
  // with their times
  cpSync(images, bare, { recursive: true, preserveTimestamps: true })
  for (const name of ['dump.log', 'restore.log']) rmSync(join(bare, name), { force: true })
  const both = [read(images).dump, read(bare).dump]
  rmSync(bare, { recursive: true })
  return both
}

t.test('whole dumps, also of a tree without a namespace and with two', async (t) => {
  for (const name of ['host-tree', 'container', 'nested', 'userns']) {
    const made = await dumped(t, scenario(name))
    t.strictSame(kinds(made.images), ['whole', 'whole'], name)
    const { times, hints, signs } = read(made.images)
    t.strictSame(signs, [])
    t.match([times.inOrder, times.wholeSeconds, hints.rolledBack], [true, false, false])
    t.match(hints.dumpLog, { ended: 'finished' })
    const { begun, written } = hints.dumpLog!
    const took = times.tookSeconds ?? Infinity
    t.ok(took > 0 && took < secondsBetween(begun, written), `${took} s`)
    t.ok(
      secondsBetween(begun, times.earliest!) > 0,
      'images are later than the beginning of the log',
    )
    const files = readdirSync(made.images).map((name) =>
      lstatSync(join(made.images, name), { bigint: true }),
    )
    const births = files.map(({ birthtimeNs }) => birthtimeNs)
    t.ok(births.includes(inNs(times.born!)))
    t.equal(files.filter(({ mtimeNs }) => mtimeNs > inNs(times.written!)).length, 0, 'the last')
    t.ok(files.some(({ mtimeNs }) => mtimeNs === inNs(times.written!)))
    const { boottime } = times.clock!
    const moment =
      Date.now() / 1000 - (toNow(readClocks()).uptime - boottime.sec - boottime.nsec / 1e9)
    t.ok(Math.abs(times.clockWritten!.sec + times.clockWritten!.nsec / 1e9 - moment) < 0.5)
  }
})

t.test('a dump that left its tasks running is whole, and has no links', async (t) => {
  const made = await dumpedRunning(t)
  t.match(read(made), { dump: 'whole', complete: true, hints: { rolledBack: true } })
})

async function dumpedRunning(t: Test): Promise<string> {
  const made = await dumped(t, scenario('container'))
  for (const path of made.paths) unlinkSync(path)
  const again = await startAgain(made)
  t.teardown(again.stop)
  const images = join(made.base, 'images-running')
  const external = made.built.dumpExternal ?? []
  t.equal(tryDump({ pid: again.pid, images, external, extra: ['--leave-running'] }).code, 0)
  return images
}

t.test('a dump that fails by itself', async (t) => {
  const made = await dumped(t, scenario('container'))
  const again = await startAgain(made)
  t.teardown(again.stop)
  t.match(again.failedDump(), /File exists/)
  const images = join(made.base, 'images-failed')
  t.strictSame(kinds(images), ['failed', 'failed'])
  const { hints, complete } = read(images)
  t.strictSame([hints.rolledBack, complete], [true, false])
  t.equal(hints.fileExists.length, 1)
})

t.test('a post-dump script that fails', async (t) => {
  const made = await dumped(t, scenario('container'))
  for (const path of made.paths) unlinkSync(path)
  const again = await startAgain(made)
  t.teardown(again.stop)
  const script = join(made.base, 'script')
  const text = '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != post-dump ]\n'
  writeFileSync(script, text, { mode: 0o755 })
  const images = join(made.base, 'images-refused')
  const external = made.built.dumpExternal ?? []
  t.not(tryDump({ pid: again.pid, images, external, extra: ['--action-script', script] }).code, 0)
  t.strictSame(kinds(images), ['failed', 'whole'], 'only the log tells')
  t.equal(read(images).hints.rolledBack, true)
  t.notOk(made.paths.some(existsSync))
})

t.test('a dump that fails, into a directory that had a whole one', async (t) => {
  const made = await dumped(t, scenario('container'))
  const listed = read(made.images).remaps.length
  t.ok(listed > 0)
  const again = await startAgain(made)
  t.teardown(again.stop)
  await sleep(1100)
  t.match(again.failedDump('images'), /File exists/)
  t.ok(made.paths.every(existsSync), 'the links of the first one are all there')
  t.strictSame(kinds(made.images), ['mixed', 'mixed'])
  const { signs, complete, hints, times } = read(made.images)
  t.strictSame([complete, hints.rolledBack], [false, false])
  t.equal(hints.fileExists.length, 1)
  t.match(signs.join('\n'), /^task 1 has no core-1\.img$/m)
  t.match(signs.join('\n'), /^ids-1\.img was written \d+\.\d s after inventory\.img/m)
  t.match(signs.join('\n'), /ends with "Dumping FAILED", and began after/)
  t.ok(secondsBetween(hints.dumpLog!.begun, times.earliest!) > 0, 'of the second one')
})

t.test('a dump that is killed, into a directory that had a whole one', async (t) => {
  const made = await dumped(t, scenario('container'))
  for (const path of made.paths) unlinkSync(path)
  const again = await startAgain(made)
  t.teardown(again.stop)
  await sleep(1100)
  const external = made.built.dumpExternal ?? []
  const { images } = made
  tryDump({ pid: again.pid, images, external, killAt: { before: 'pstree.img' } })
  t.strictSame(kinds(images), ['mixed', 'mixed'])
})

const KILLED = {
  'killed-at-first-link': 'blind',
  'killed-before-pstree': 'killed',
  'killed-after-inventory': 'killed',
  'killed-after-files': 'killed',
  'killed-while-listing': 'killed',
  'killed-at-the-end': 'whole',
} as const

for (const one of [...killed, ...killedLater])
  t.test(`${one.name}: ${one.about}`, async (t) => {
    const made = await checkpoint(one, { killAt: one.killAt })
    t.teardown(made.cleanup)
    const kind = KILLED[one.name as keyof typeof KILLED]
    t.strictSame(kinds(made.images), [kind, kind], read(made.images).signs.join('; '))
    t.equal(read(made.images).hints.rolledBack, false)
  })

/** nanoseconds are more than a double holds, and a clock tick is 4 ms or more */
const changed = ({ paths }: Checkpoint): number[] =>
  paths.map((path) => lstatSync(path).ctimeMs / 1000)

t.test('restores that fail and one that does not', async (t) => {
  const made = await dumped(t, scenario('container'))
  t.match(read(made.images).hints, { failedRestores: [], restored: undefined })
  const program = join(made.built.root ?? '', 'holder')
  const { size } = lstatSync(program)
  // longer than clocks are off
  await sleep(50)
  appendFileSync(program, 'x')
  t.not(tryRestore(optionsOf(made)).code, 0)
  t.match(read(made.images), { dump: 'whole', complete: true })
  const { failedRestores, restored } = read(made.images).hints
  t.equal(restored, undefined)
  t.match(failedRestores, [{ path: join(made.images, 'restore.log') }])
  const { from, to } = failedRestores[0]!
  const [begin, end] = [from.sec + from.nsec / 1e9 - 0.02, to.sec + to.nsec / 1e9 + 0.02]
  for (const time of changed(made)) t.ok(time > begin && time < end, `${begin} ${time} ${end}`)

  truncateSync(program, size)
  restoreAndEnd(made)
  const { hints } = read(made.images)
  t.strictSame(hints.failedRestores, [])
  t.ok(hints.restored && secondsBetween(to, hints.restored) > 0)
})
