// The program is killed at system calls that its main thread makes from the first one that could change
// anything: at every one, or at a spread of them (counts.ts). Whatever the moment: no mount is left on the
// host, nothing but links of this dump is gone, and the same command once more finishes the job.
import t from 'tap'
import { run, type Done } from '../rig/execute.js'
import { sumOf } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import type { Manifest } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import { isChosen, KILL, SEED } from './counts.js'
import type { Problems } from './judge.js'
import { progress } from './progress.js'
import { inParallel, KillAt, WORKERS } from './tool.js'
import { SCENES, type Named } from './scenes.js'
import type { Scene } from './scene.js'

const KILLED = 128 + 9
const LEFTOVERS = 3

/** a run that was left alone: the exit code, a document that adds up, and everything gone */
const checkEnd = (scene: Scene, { code, report, stderr }: Done, goneBefore: number): Problems => {
  const problems: Problems = []
  // What a killed run removed is gone; by whom nobody knows where it had no time to say so.
  if (code !== scene.code && !(scene.code === 0 && code === 4))
    problems.push(`exit code ${code}: ${stderr}`)
  const { remaps = [], totals } = report ?? {}
  const all = totals?.remaps
  const sum = totals && sumOf(totals)
  const removed = remaps.filter(({ verdict }) => verdict === 'removed').length
  if (all !== scene.links.length || sum !== all) problems.push(`totals: ${JSON.stringify(totals)}`)
  if (removed !== scene.leftovers.length - goneBefore) problems.push(`${removed} removed`)
  return problems
}

/** what is left is kept, for the reason that it looks newer */
const isKept = ({ code, report }: Done): boolean =>
  code === LEFTOVERS && report?.remaps?.some(({ reason }) => reason === 'newer') === true

/** One worker's tree of one scenario. */
class Place {
  readonly scene: Scene
  private before: Manifest | undefined

  constructor(named: Named) {
    this.scene = named.make()
  }

  /** A tree in which nothing at all has changed need not be made again. */
  prepare(): Manifest {
    if (this.before === undefined) this.scene.reset()
    return (this.before ??= this.scene.manifest())
  }

  spoil(): void {
    this.before = undefined
  }
}

/** the n-th call of all, or of those with this name */
interface Moment {
  readonly n: number
  readonly call?: string
}

/** kills at that call; `ended` where there is none any more */
const point = async (
  tool: KillAt,
  place: Place,
  { n, call }: Moment,
  mountTable: string,
  seen: Set<string>,
): Promise<{ call: string; ended: boolean; problems: Problems }> => {
  const { scene } = place
  const before = place.prepare()
  const words = call === undefined ? ['kill', scene.mark, n] : ['kill-in', scene.mark, call, n]
  const killed = await tool.run(words, scene.clean)
  const ended = killed.code !== KILLED
  const { violations, gone } = scene.since(before)
  const problems = [...violations]
  const checkTable = (): void => {
    if (mountinfo().join('\n') !== mountTable) problems.push('the mount table changed')
  }
  checkTable()
  if (ended) problems.push(...checkEnd(scene, killed, 0))
  const state = gone.join()
  const isPartial = gone.length > 0 && gone.length < scene.leftovers.length
  if (!ended && !isPartial && seen.has(state) && !KILL.reruns) {
    if (gone.length > 0) place.spoil()
    return { call: killed.calls[0] ?? 'none', ended, problems }
  }
  // Before the first and after the last deletion the tree is, but for times, the same at every call, as
  // the manifest has just shown: one rerun tells as much as a hundred.
  seen.add(state)
  place.spoil()
  const isAmbiguous = isPartial && scene.ambiguous
  let again = await run(scene.clean)
  // Killed before it could note what it had removed: only somebody who knows better can say.
  if (isAmbiguous && isKept(again)) again = await run([...scene.clean, '--force'])
  problems.push(...checkEnd(scene, again, gone.length))
  const end = scene.since(before)
  problems.push(...end.violations)
  if (end.gone.length !== scene.leftovers.length) problems.push('the rerun left links')
  checkTable()
  return { call: killed.calls[0] ?? 'none', ended, problems }
}

interface Job extends Moment {
  readonly named: Named
}

/** how many calls there are differs a little from run to run: a scene ends when one ran to its end */
function* everyCall(named: Named, finished: ReadonlySet<Named>): Generator<Job> {
  for (let n = 1; !finished.has(named); n++) yield { named, n }
}

const DELETES = 'unlinkat'

/** the first and the last one, each that deletes, and of the others as many as are wanted */
function* someCalls(named: Named, calls: readonly string[]): Generator<Job> {
  const last = calls.length
  for (let n = 1; n <= last; n++)
    if (n === 1 || n === last || isChosen(n, KILL.step)) yield { named, n }
  const deletions = calls.filter((call) => call === DELETES).length
  for (let n = 1; n <= deletions; n++) yield { named, n, call: DELETES }
}

await inside(import.meta.url, async () => {
  const tool = new KillAt()
  const began = Date.now()
  const say = progress('killed')
  t.comment(`every ${KILL.step}. call; CRIU_GC_SEED=${SEED} takes the same ones again`)
  const finished = new Set<Named>()
  const counts = new Map<Named, number>()
  const wrong = new Map<Named, string[]>()
  const seen = new Map(SCENES.map((named) => [named, new Set<string>()]))
  // Each worker has trees of its own, all of them made before the first run, because some mount something.
  const places = Array.from(
    { length: WORKERS },
    () => new Map(SCENES.map((named) => [named, new Place(named)])),
  )
  const table = mountinfo().join('\n')
  /** the calls of a run that was left alone, where not every one is tried */
  const calls = new Map<Named, readonly string[]>()
  if (KILL.step > 1)
    await inParallel(SCENES.values(), async (named, worker) => {
      const place = places[worker]?.get(named) as Place
      place.prepare()
      place.spoil()
      const { code, calls: made } = await tool.run(['count', place.scene.mark], place.scene.clean)
      if (code !== place.scene.code) throw new Error(`${named.name}: exit code ${code}`)
      calls.set(named, made)
    })
  function* jobs(): Generator<Job> {
    for (const named of SCENES) {
      const made = calls.get(named)
      yield* made === undefined ? everyCall(named, finished) : someCalls(named, made)
    }
  }
  let done = 0
  await inParallel(jobs(), async ({ named, ...moment }, worker) => {
    say(++done)
    const place = places[worker]?.get(named) as Place
    const { call, ended, problems } = await point(
      tool,
      place,
      moment,
      table,
      seen.get(named) as Set<string>,
    )
    if (ended && moment.call !== undefined) problems.push('it has made no such call')
    if (ended) finished.add(named)
    else counts.set(named, (counts.get(named) ?? 0) + 1)
    if (problems.length > 0)
      wrong.set(named, [
        ...(wrong.get(named) ?? []),
        `${moment.n} (${call}): ${problems.slice(0, 5).join('; ')}`,
      ])
  })
  for (const named of SCENES) {
    const count = counts.get(named) ?? 0
    t.strictSame(wrong.get(named) ?? [], [], `${named.name}: killed at ${count} calls`)
    t.ok(count > 0, `${named.name}: there were calls to be killed at`)
  }
  const total = [...counts.values()].reduce((a, b) => a + b, 0)
  t.comment(`${total} points of ${SCENES.length} scenarios in ${Date.now() - began} ms`)
  for (const own of places) for (const { scene } of own.values()) scene.end()
  tool.end()
})
