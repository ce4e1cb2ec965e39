// `criu dump` is killed at points of its whole run, and the container lives on: clean --pid removes every link that is
// there and nothing else, the processes work, and the next dump succeeds, of the same processes and of a fresh copy.
// Run by living-killed.test.ts.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { DUMP, SEED } from '../battery/counts.js'
import { attempt } from '../rig/command.js'
import { criu, errors, tryDump, type DumpOptions } from '../rig/criu.js'
import { putDecoys } from '../rig/decoys.js'
import { countCalls, dumpKilledAt, type Calls } from '../rig/dump-at.js'
import { runGc, type Run } from '../rig/gc.js'
import * as h from '../rig/holder.js'
import {
  askAll,
  isDead,
  newLinks,
  settled,
  startIn,
  startLiving,
  type Living,
  type Shape,
} from '../rig/living.js'
import { diffManifest, manifest, onlyRemoved, type Manifest } from '../rig/manifest.js'
import { mountTables, ownRun } from '../rig/namespace.js'
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

const count = <T>(all: readonly T[], is: (one: T) => boolean): number => all.filter(is).length

/** "12 listed, 3 held": how the links were found */
const foundIn = ({ report }: Run): string => {
  const all = (report?.remaps ?? []).filter(({ verdict }) => verdict !== 'absent')
  const words = (['listed', 'recovered', 'held'] as const).flatMap((how) => {
    const n = count(all, ({ found = 'listed' }) => found === how)
    return n > 0 ? [`${n} ${how}`] : []
  })
  return words.join(', ') || 'none'
}

const doubtsIn = ({ report }: Run): string => {
  const all = (report?.remaps ?? []).flatMap(({ verdict, reason }) =>
    verdict === 'removed' || verdict === 'absent' ? [] : [reason ?? verdict],
  )
  return [...new Set(all)].join(', ') || '-'
}

/** what the upper layer of an overlay has is seen in the overlay, too */
const isTwin = (path: string): boolean => path.includes('/upper/')

/** each folder in which links will be */
const foldersIn = (trees: readonly string[]): string[] =>
  [...manifest(...trees)].flatMap(([path, { type }]) =>
    type === 'dir' && /\/p\d+$/.test(path) && !isTwin(path) ? [path] : [],
  )

/** why links were kept, for whoever reads of a failure */
const messagesIn = ({ stderr, report }: Run): string =>
  [
    stderr,
    ...(report?.remaps ?? []).flatMap(({ link, message }) =>
      message ? `${link}: ${message}` : [],
    ),
  ].join('\n')

const totals = { rows: 0, withLinks: 0, links: 0, left: 0, broken: 0, unblocked: 0 }

/** the dump had succeeded already: the main job, without the processes */
const cleanDead = (t: Test, { base, built }: Living): string => {
  const look = (): Manifest => manifest(...built.trees)
  const before = look()
  const links = newLinks(new Map(), before).filter((path) => !/\.7777\d$/.test(path))
  const external = (built.external ?? []).flatMap((value) => ['--external', value])
  const root = built.root === undefined ? [] : ['-r', built.root]
  const run = runGc('clean', ['-D', join(base, 'images'), ...root, ...external])
  t.equal(run.code, 0, run.stderr)
  t.strictSame(onlyRemoved(before, look(), links), [])
  return `processes ended by the dump; links ${links.length}`
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
    if (!pids.some((pid) => tree.isAlive(pid)))
      return `${wasKilled ? '' : 'not killed; '}${cleanDead(t, living)}`
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
    t.strictSame(removed, [], 'no other name is gone')
    if (!wasBroken) t.strictSame(added, [], 'the names are those from before the dump')
    t.ok(run.code === 0 || run.code === 4, `exit ${run.code}: ${messagesIn(run)}`)
    t.equal(
      shown.code,
      count(run.report?.remaps ?? [], ({ verdict }) => verdict === 'removed') > 0 ? 3 : run.code,
    )
    const health = await askAll(pids)
    if (health !== 'broken') await nextDumps(t, living)
    if (left.length === 0) await freshCopy(t, living)
    totals.rows++
    totals.links += places.length
    if (!wasBroken) totals.left += left.length
    if (links.length > 0) totals.withLinks++
    if (health === 'broken') totals.broken++
    if (health === 'works, unblocked') totals.unblocked++
    return [
      `images ${run.report?.dump}`,
      `links ${places.length}`,
      `found ${foundIn(run)}`,
      `removed ${run.report?.totals?.removed}`,
      `left ${left.length}`,
      `doubt ${doubtsIn(run)}`,
      `exit ${run.code}`,
      health,
    ].join('; ')
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
      `${totals.broken} broke a process, ${totals.unblocked} left one with its signals blocked`,
  )
  t.ok(totals.withLinks > 0, 'links were there')
  t.equal(totals.left, 0, 'no link is left')
  t.end()
})
