// The program is killed at system calls that its main thread makes from the first one that could change
// anything: at every one, or at a spread of them (counts.ts). Whatever the moment: no mount is left on the
// host, nothing but links of this dump is gone, and the same command once more finishes the job.
import t from 'tap'
import { run, type Done } from '../rig/execute.js'
import { sumOf } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { mountinfo } from '../rig/mountinfo.js'
import { KILL, SEED } from './counts.js'
import { jobs, leftAlone, Places, type Moment, type Place } from './every-call.js'
import type { Problems } from './judge.js'
import { progress } from './progress.js'
import { inParallel, KillAt } from './tool.js'
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
  if (all !== scene.total(goneBefore) || sum !== all)
    problems.push(`totals: ${JSON.stringify(totals)}`)
  if (removed !== scene.leftovers.length - goneBefore) problems.push(`${removed} removed`)
  return problems
}

/** what is left is kept, for the reason that it looks newer */
const isKept = ({ code, report }: Done): boolean =>
  code === LEFTOVERS && report?.remaps?.some(({ reason }) => reason === 'newer') === true

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

await inside(import.meta.url, async () => {
  const tool = new KillAt()
  const began = Date.now()
  const say = progress('killed')
  t.comment(`every ${KILL.step}. call; CRIU_GC_SEED=${SEED} takes the same ones again`)
  const finished = new Set<Named>()
  const counts = new Map<Named, number>()
  const wrong = new Map<Named, string[]>()
  const seen = new Map(SCENES.map((named) => [named, new Set<string>()]))
  const places = new Places()
  const table = mountinfo().join('\n')
  const calls = KILL.step > 1 ? await leftAlone(tool, places) : new Map<Named, string[]>()
  let done = 0
  await inParallel(jobs(calls, KILL.step, finished), async ({ named, ...moment }, worker) => {
    say(++done)
    const place = places.of(named, worker)
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
  places.end()
  tool.end()
})
