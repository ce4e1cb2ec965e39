// The program is killed at every system call that its main thread makes from the first one that could
// change anything. Whatever the moment: no mount is left on the host, nothing but links of this dump is
// gone, and the same command once more finishes the job.
import t from 'tap'
import type { Manifest } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import { battery } from './inside.js'
import { readReport, type Problems } from './judge.js'
import { inParallel, KillAt, LONG, run, WORKERS, type Done } from './tool.js'
import { SCENES, type Named } from './scenes.js'
import type { Scene } from './scene.js'

const KILLED = 128 + 9
const LEFTOVERS = 3

/** CRIU_GC_KILL_STEP=3 tries every third call only */
const STEP = Number(process.env.CRIU_GC_KILL_STEP ?? 1)

/** a run that was left alone: the exit code, a document that adds up, and everything gone */
const checkEnd = (scene: Scene, { code, stdout, stderr }: Done, goneBefore: number): Problems => {
  const problems: Problems = []
  if (code !== scene.code) problems.push(`exit code ${code}: ${stderr}`)
  const { remaps = [], totals = {} } = readReport(stdout) ?? {}
  const { remaps: all, ...parts } = totals
  const sum = Object.values(parts).reduce((a, b) => a + b, 0)
  const removed = remaps.filter(({ verdict }) => verdict === 'removed').length
  if (all !== scene.specs.length || sum !== all) problems.push(`totals: ${JSON.stringify(totals)}`)
  if (removed !== scene.links.length - goneBefore) problems.push(`${removed} removed`)
  return problems
}

/** what is left is kept, for the reason that it looks newer */
const keeps = async (scene: Scene): Promise<Problems> => {
  const { code, stdout } = await run(scene.args)
  const isNewer = readReport(stdout)?.remaps?.some(({ reason }) => reason === 'newer')
  return code === LEFTOVERS && isNewer === true ? [] : [`not kept as newer: ${code}`]
}

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

/** kills at the n-th call; `ended` where there is no n-th call any more */
const point = async (
  tool: KillAt,
  place: Place,
  n: number,
  mountTable: string,
  seen: Set<string>,
): Promise<{ call: string; ended: boolean; problems: Problems }> => {
  const { scene } = place
  const before = place.prepare()
  const killed = await tool.run(['kill', scene.mark, n], scene.args)
  const ended = killed.code !== KILLED
  const { violations, gone } = scene.since(before)
  const problems = [...violations]
  const checkTable = (): void => {
    if (mountinfo().join('\n') !== mountTable) problems.push('the mount table changed')
  }
  checkTable()
  if (ended) problems.push(...checkEnd(scene, killed, 0))
  const state = gone.join()
  const isPartial = gone.length > 0 && gone.length < scene.links.length
  if (!ended && !isPartial && seen.has(state) && !LONG) {
    if (gone.length > 0) place.spoil()
    return { call: killed.calls[0] ?? 'none', ended, problems }
  }
  // Before the first and after the last deletion the tree is, but for times, the same at every call, as
  // the manifest has just shown: one rerun tells as much as a hundred.
  seen.add(state)
  place.spoil()
  const isAmbiguous = isPartial && scene.ambiguous
  if (isAmbiguous) problems.push(...(await keeps(scene)))
  const again = await run(isAmbiguous ? [...scene.args, '--force'] : scene.args)
  problems.push(...checkEnd(scene, again, gone.length))
  const end = scene.since(before)
  problems.push(...end.violations)
  if (end.gone.length !== scene.links.length) problems.push('the rerun left links')
  checkTable()
  return { call: killed.calls[0] ?? 'none', ended, problems }
}

interface Job {
  readonly named: Named
  readonly n: number
}

/** how many calls there are differs a little from run to run: a scene ends when one ran to its end */
function* jobs(finished: ReadonlySet<Named>): Generator<Job> {
  for (const named of SCENES) for (let n = 1; !finished.has(named); n += STEP) yield { named, n }
}

await battery(import.meta.url, async () => {
  const tool = new KillAt()
  const began = Date.now()
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
  await inParallel(jobs(finished), async ({ named, n }, worker) => {
    const place = places[worker]?.get(named) as Place
    const { call, ended, problems } = await point(
      tool,
      place,
      n,
      table,
      seen.get(named) as Set<string>,
    )
    if (ended) finished.add(named)
    else counts.set(named, (counts.get(named) ?? 0) + 1)
    if (problems.length > 0)
      wrong.set(named, [
        ...(wrong.get(named) ?? []),
        `${n} (${call}): ${problems.slice(0, 5).join('; ')}`,
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
