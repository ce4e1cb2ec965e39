// `criu dump` is killed at points of its whole run, and the container lives on: clean --pid removes every link that is
// there and nothing else, the processes work, and the next dump succeeds, of the same processes and of a fresh copy.
// Run by living-killed.test.ts.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { DUMP, SEED } from '../battery/counts.js'
import { attempt } from '../rig/command.js'
import { criu, errors, tryDump, type DumpOptions } from '../rig/criu.js'
import { putDecoys } from '../rig/decoys.js'
import { countCalls, dumpKilledAt, type Calls } from '../rig/dump-at.js'
import { count, runGc } from '../rig/gc.js'
import * as h from '../rig/holder.js'
import { messagesIn, rowOf } from '../rig/kill-row.js'
import {
  askAll,
  isDead,
  newLinks,
  settled,
  startIn,
  startLiving,
  until,
  type Living,
  type Shape,
} from '../rig/living.js'
import { diffManifest, manifest, onlyRemoved, type Manifest } from '../rig/manifest.js'
import { mountTables, ownRun } from '../rig/namespace.js'
import { send } from '../rig/signal.js'
import { containerCrowd, hostCrowd } from '../rig/scenarios/crowd.js'

ownRun()
// CRIU writes down what it finds out of the kernel: a dump before the first one has no other calls than the others
attempt(criu, ['check'])
t.comment(`CRIU_GC_SEED=${SEED}`)

const dumpOf = ({ base, built, tree }: Living, name: string): DumpOptions => ({
  pid: tree.pid,
  images: join(base, name),
  external: built.dumpExternal ?? [],
})

/** one in five before the first link, the others from then on; where in its part each is depends on the seed */
const pointsOf = ({ all, firstLink }: Calls): number[] => {
  const early = Math.ceil(DUMP.points / 5)
  const late = DUMP.points - early
  const shift = ((SEED * 0.618) % 1) * 0.98
  const spread = (count: number, from: number, to: number): number[] =>
    Array.from({ length: count }, (_, n) => Math.floor(from + ((n + shift) / count) * (to - from)))
  return [...spread(early, 1, firstLink), ...spread(late, firstLink, all)]
}

/** what the upper layer of an overlay has is seen in the overlay, too */
const isTwin = (path: string): boolean => path.includes('/upper/')

/** each folder in which links will be */
const foldersIn = (trees: readonly string[]): string[] =>
  [...manifest(...trees)].flatMap(([path, { type }]) =>
    type === 'dir' && /\/p\d+$/.test(path) && !isTwin(path) ? [path] : [],
  )

const totals = { rows: 0, withLinks: 0, links: 0, left: 0, broken: 0, unblocked: 0, orphans: 0 }

/** nobody holds the links: the dump has ended the processes, or its end has broken the first one */
function cleanDead(t: Test, { base, built, tree }: Living, first: Manifest): string {
  const look = (): Manifest => manifest(...built.trees)
  const before = look()
  const links = newLinks(first, before)
  const external = (built.external ?? []).flatMap((value) => ['--external', value])
  const root = built.root === undefined ? [] : ['-r', built.root]
  const images = ['-D', join(base, 'images')]
  const gone = runGc('clean', ['--pid', String(tree.pid), ...images])
  t.equal(gone.code, 2, `there is no such process: ${gone.stderr}`)
  const run = runGc('clean', [...images, ...root, ...external])
  const after = look()
  const left = links.filter((path) => after.has(path))
  t.strictSame(
    onlyRemoved(before, after, run.code === 0 ? links : links.filter((path) => !after.has(path))),
    [],
  )
  const isDone = run.report?.dump === 'whole'
  t.ok(
    isDone ? run.code === 0 : run.code === 4 || run.code === 7,
    `exit ${run.code}: ${messagesIn(run)}`,
  )
  const count = (paths: readonly string[]): number => paths.filter((path) => !isTwin(path)).length
  if (!isDone) totals.broken++
  return rowOf(run, count(links), count(left), isDone ? 'ended by the dump' : 'broken, all of it')
}

/** a child of CRIU's often ends a little later than itself, and may wait for ever: that is said, and a person ends it */
async function idle(pid: number, images: string): Promise<void> {
  let looks = 0
  await until('somebody is at work', () => {
    const { code, stderr } = runGc('show', ['--pid', String(pid), '-D', images])
    if (code !== 6) return true
    if (++looks > 20) endOrphan(Number(/"kill -KILL (\d+)"/.exec(stderr)?.[1]), images)
    return undefined
  })
}

function endOrphan(pid: number, images: string): void {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
  if (!words.includes(images)) throw new Error(`process ${pid} is no child of this CRIU`)
  send(pid, 'SIGKILL')
  totals.orphans++
}

async function nextDumps(t: Test, living: Living): Promise<void> {
  const same = { ...dumpOf(living, 'images-next'), extra: ['--leave-running'] }
  t.equal(tryDump(same).code, 0, `the next dump: ${errors(same, 'dump.log')}`)
  await settled(living.pids)
  t.equal(await askAll(living.pids), 'works', 'after it')
}

async function freshCopy(t: Test, living: Living): Promise<void> {
  const copy = await startIn(living.base, living.built, [h.suffix('.fresh')])
  try {
    const fresh = { ...dumpOf(living, 'images-fresh'), pid: copy.pid }
    t.equal(tryDump(fresh).code, 0, `a fresh copy: ${errors(fresh, 'dump.log')}`)
  } finally {
    await copy.stop()
  }
}

async function killedAt(t: Test, shape: Shape, call: number, all: number): Promise<string> {
  const living = await startLiving(shape)
  try {
    const { built, look, tree, pids } = living
    for (const dir of foldersIn(built.trees)) putDecoys(dir)
    const first = look()
    const options = dumpOf(living, 'images')
    const wasKilled = dumpKilledAt(call, options)
    rmSync('/run/criu.kdat.tmp', { force: true })
    await settled(pids)
    await idle(tree.pid, options.images)
    if (isDead(tree.pid)) return `${wasKilled ? '' : 'not killed; '}${cleanDead(t, living, first)}`
    const wasBroken = pids.some(isDead)
    const before = look()
    const links = newLinks(first, before)
    const places = links.filter((path) => !isTwin(path))
    const tables = mountTables()
    const args = ['--pid', String(tree.pid), '-D', options.images]
    const shown = runGc('show', args)
    t.strictSame(onlyRemoved(before, look(), []), [], `show: ${shown.stderr}`)
    const run = runGc('clean', args)
    const after = look()
    const left = places.filter((path) => after.has(path))
    // what a process held that CRIU's end broke is held by nobody any more
    const expected = wasBroken ? links.filter((path) => !after.has(path)) : links
    t.strictSame(onlyRemoved(before, after, expected), [], `${call} of ${all}: ${messagesIn(run)}`)
    t.strictSame(mountTables(), tables, 'the mount table is as before')
    const { added, removed } = diffManifest(first, after)
    if (!wasBroken)
      t.strictSame([added, removed], [[], []], 'the names are those from before the dump')
    t.ok(run.code === 0 || run.code === 4, `exit ${run.code}: ${messagesIn(run)}`)
    t.equal(shown.code, count(run).removed ? 3 : run.code)
    const health = await askAll(pids)
    if (health !== 'broken') await nextDumps(t, living)
    if (left.length === 0) await freshCopy(t, living)
    totals.rows++
    totals.links += places.length
    if (!wasBroken) totals.left += left.length
    if (links.length > 0) totals.withLinks++
    if (health === 'broken') totals.broken++
    if (health === 'works, unblocked') totals.unblocked++
    return rowOf(run, places.length, left.length, health)
  } finally {
    await living.end()
  }
}

const shapes = [3, 50, 200].flatMap((files) =>
  [1, 5].flatMap((processes) => [hostCrowd(files, processes), containerCrowd(files, processes)]),
)

async function countIn(shape: Shape): Promise<Calls> {
  const living = await startLiving(shape)
  try {
    return countCalls(dumpOf(living, 'images'))
  } finally {
    await living.end()
  }
}

for (const shape of shapes)
  t.test(shape.name, async (t) => {
    const calls = await countIn(shape)
    for (const call of pointsOf(calls)) {
      const row = await killedAt(t, shape, call, calls.all)
      t.comment(`call ${call} of ${calls.all} (first link ${calls.firstLink}): ${row}`)
    }
  })

t.test('all of them', (t) => {
  t.comment(
    `${totals.rows} kills left a living tree, ${totals.withLinks} of them links: ${totals.links}, of which ${totals.left} were left; ` +
      `${totals.broken} broke a process, ${totals.unblocked} left one with its signals blocked, ` +
      `${totals.orphans} a child of CRIU that held the images until it was ended`,
  )
  t.ok(totals.withLinks > 0, 'links were there')
  t.equal(totals.left, 0, 'no link is left')
  t.end()
})
