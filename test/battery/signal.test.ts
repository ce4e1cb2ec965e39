// SIGHUP, SIGINT or SIGTERM comes at system calls of the main thread from the first one that could change anything. Before
// links are looked up it just ends the run, with nothing touched. After that what is in hand is finished, the report says
// of each link what became of it, the process is ended by that signal, and the same command again does the rest.
import { constants } from 'node:os'
import t from 'tap'
import { SIGNALS, type SignalName } from '../../src/sys/signals.js'
import { run, type Done } from '../rig/execute.js'
import { sumOf } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { isChosen, SEED, SIGNAL } from './counts.js'
import { runAsFirst } from './first-process.js'
import { tenOnThreeMounts } from './scenes.js'
import type { Scene } from './scene.js'
import { inParallel, KillAt, WORKERS } from './tool.js'

const LEFTOVERS = 3
/** the first step of giving up privileges; signals are noted from right before it on */
const DROP = 'chdir'

const numberOf = (name: SignalName): number => constants.signals[name]

interface Moment {
  /** the call from which on they are counted */
  readonly mark: string
  readonly signal: SignalName
  readonly n: number
  readonly show: boolean
}

const args = (scene: Scene, show: boolean): string[] =>
  show ? ['show', ...scene.clean.slice(1)] : scene.clean

/** what is wrong with a run to which a signal came, and whether it had begun to look at links */
const judge = (scene: Scene, { signal, show }: Moment, done: Done, gone: number): string[] => {
  const problems: string[] = []
  const { code, report, calls, stderr } = done
  // One that comes then comes too late for anything.
  if (calls[0] === 'exit_group')
    return code === (show ? LEFTOVERS : scene.code) ? [] : [`exit code ${code}`]
  if (code !== 128 + numberOf(signal)) problems.push(`exit code ${code}: ${stderr}`)
  if (calls[1] !== 'killed') problems.push(`it was not the signal that ended it: ${calls.join()}`)
  if (report === undefined) {
    if (gone > 0) problems.push(`no report, but ${gone} links are gone`)
    return problems
  }
  const { remaps = [], totals, exit } = report
  if (sumOf(totals!) !== scene.links.length) problems.push(`totals: ${JSON.stringify(totals)}`)
  const removed = remaps.filter(({ verdict }) => verdict === 'removed').length
  if (removed !== gone) problems.push(`${removed} removed, ${gone} gone`)
  const left = remaps.filter(({ reason }) => reason === 'interrupted').length
  // One that came while the report was written found everything done.
  if (exit.name === 'interrupted') {
    if (exit.code !== code || exit.signal !== signal) problems.push(JSON.stringify(exit))
  } else if (left > 0) problems.push(`interrupted, but ${exit.name}`)
  const word = show ? 'would-remove' : 'removed'
  if (remaps.filter(({ verdict }) => verdict === word).length + left !== remaps.length)
    problems.push(`verdicts: ${remaps.map(({ verdict }) => verdict).join()}`)
  return problems
}

await inside(import.meta.url, async () => {
  const tool = new KillAt()
  const scenes = Array.from({ length: WORKERS }, () => tenOnThreeMounts.make())
  const [first] = scenes as [Scene]

  await t.test('at many moments', async (t) => {
    t.comment(`every ${SIGNAL.step}. call; CRIU_GC_SEED=${SEED} takes the same ones again`)
    const { calls } = await tool.run(['count', DROP], first.clean)
    first.reset()
    const moments = SIGNALS.flatMap((signal, index) =>
      calls.flatMap((call, at): Moment[] => {
        const n = at + 1
        const shifted = isChosen(n + 20 * index, SIGNAL.step)
        const moment = { mark: DROP, signal, n }
        return [
          ...(shifted || call === 'unlinkat' ? [{ ...moment, show: false }] : []),
          ...(isChosen(n + 20 * index, 4 * SIGNAL.step) ? [{ ...moment, show: true }] : []),
        ]
      }),
    )
    for (const signal of SIGNALS) moments.push({ mark: first.mark, signal, n: 1, show: false })
    const wrong: string[] = []
    const seen = new Map<string, number>()
    await inParallel(moments.values(), async (moment, worker) => {
      const scene = scenes[worker] as Scene
      scene.reset()
      const before = scene.manifest()
      const words = ['signal', moment.mark, moment.n, numberOf(moment.signal)]
      const done = await tool.run(words, args(scene, moment.show))
      // A run has a few calls more or less: the last of them may not have come.
      if (done.calls[0] === 'exited') return
      const { violations, gone } = scene.since(before)
      const problems = [...violations, ...judge(scene, moment, done, gone.length)]
      if (moment.show && gone.length > 0) problems.push('show removed links')
      const kind = done.report === undefined ? 'before' : done.report.exit.name
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
      if (gone.length > 0 && gone.length < scene.leftovers.length) {
        const again = await run(scene.clean)
        if (again.code !== 0) problems.push(`again: ${again.code} ${again.stderr}`)
        if (scene.gone().length !== scene.leftovers.length) problems.push('again: links are left')
      }
      if (problems.length > 0)
        wrong.push(`${moment.signal} at ${moment.n} (${done.calls[0]}): ${problems.join('; ')}`)
    })
    t.strictSame(
      wrong,
      [],
      `${moments.length} moments: ${JSON.stringify(Object.fromEntries(seen))}`,
    )
    t.ok((seen.get('before') ?? 0) > 0, 'before links are looked up')
    t.ok((seen.get('interrupted') ?? 0) > 0, 'while they are')
  })

  for (const signal of SIGNALS)
    await t.test(`${signal} at the third deletion`, async (t) => {
      first.reset()
      const plain = first.clean.filter((word) => word !== '--json')
      const words = ['signal-in', first.mark, 'unlinkat', 3, numberOf(signal)]
      const { code, stdout, stderr } = await tool.run(words, plain)
      t.equal(code, 128 + numberOf(signal))
      t.equal(first.gone().length, 3, 'the one in hand is finished, no other is begun')
      t.equal(stdout.split('\n').filter((line) => line.startsWith('removed\t')).length, 3)
      t.equal(stdout.split('\n').filter((line) => line.startsWith('kept\tinterrupted')).length, 7)
      t.match(stderr, new RegExp(`${signal} ended the run: 7 link remaps were not looked at`))
    })

  await t.test('the first process of a pid namespace, which no signal ends', async (t) => {
    first.reset()
    const done = await runAsFirst(first.clean)
    t.equal(done.code, 128 + 15, done.stderr)
    t.equal(done.report?.exit.name, 'interrupted')
    t.equal(first.gone().length, 1, 'the first link was in hand')
  })

  for (const scene of scenes) scene.end()
  tool.end()
})
