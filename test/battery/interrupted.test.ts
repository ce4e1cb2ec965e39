// SIGTERM comes at system calls of the main thread, in every scenario, from the first one that could change anything.
// Whatever the moment: each link is removed or said to be kept, or has the verdict of a run that is left alone, no mount
// is left on the host, and the process is ended by the signal unless it came when all was over. What such a run did is
// noted, so that the same command once more finishes the job without a doubt.
import os from 'node:os'
import t from 'tap'
import { run, type Done } from '../rig/execute.js'
import { sumOf, verdicts } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { mountinfo } from '../rig/mountinfo.js'
import { SEED, SIGNAL } from './counts.js'
import { DELETES, jobs, leftAlone, Places, type Moment, type Place } from './every-call.js'
import type { Problems } from './judge.js'
import { progress } from './progress.js'
import type { Scene } from './scene.js'
import { SCENES, type Named } from './scenes.js'
import { inParallel, KillAt } from './tool.js'

const { SIGTERM } = os.constants.signals
const ENDED = 128 + SIGTERM
const ALARM = 9
const TRIED = new Set(['removed', 'failed'])

/** the document of a run to which a signal came, or of one that it found done; `alone`: verdicts without a signal */
const checkReport = (
  scene: Scene,
  done: Done,
  gone: readonly string[],
  alone: readonly string[],
): Problems => {
  const problems: Problems = []
  const { remaps = [], totals, exit } = done.report ?? {}
  if (totals?.remaps !== scene.total()) return [`totals: ${JSON.stringify(totals)}`]
  if (sumOf(totals) !== totals.remaps) problems.push(`totals: ${JSON.stringify(totals)}`)
  if (remaps.some(({ alarm }) => alarm) || exit?.code === ALARM) problems.push('an alarm')
  const removed = remaps.filter(({ verdict }) => verdict === 'removed')
  if (removed.length !== gone.length)
    problems.push(`${removed.length} removed, ${gone.length} gone`)
  const left = verdicts(done).filter((verdict, i) => verdict !== alone[i])
  const others = left.filter((verdict) => !verdict.endsWith(' kept interrupted'))
  if (others.length > 0) problems.push(`verdicts: ${others.join()}`)
  if (exit?.name === 'interrupted') {
    if (exit.code !== ENDED || exit.signal !== 'SIGTERM') problems.push(JSON.stringify(exit))
  } else if (left.length > 0 || exit?.code !== scene.code)
    problems.push(`${left.length} not looked at, ${JSON.stringify(exit)}`)
  return problems
}

/** a run to which a signal came at the first of these calls */
const check = (
  scene: Scene,
  done: Done,
  gone: readonly string[],
  alone: readonly string[],
): Problems => {
  const { code, calls, stderr, stdout, report } = done
  // Nothing is done after that, and no signal comes any more.
  const isOver = calls[0] === 'exit_group'
  const [wanted, how] = isOver ? [scene.code, 'exited'] : [ENDED, 'killed']
  const problems: Problems = []
  if (code !== wanted || calls[1] !== how) problems.push(`${calls.join()} ${code}: ${stderr}`)
  if (report !== undefined) return [...problems, ...checkReport(scene, done, gone, alone)]
  // Before signals are noted it just ends, and nothing was done.
  if (stdout !== '') problems.push(`no document: ${stdout.slice(0, 200)}`)
  if (gone.length > 0) problems.push(`no report, and gone are ${gone.join()}`)
  return problems
}

/** what is wrong; `ended`: there is no such call any more */
const point = async (
  tool: KillAt,
  place: Place,
  { n, call }: Moment,
  mountTable: string,
  alone: readonly string[],
): Promise<{ done: Done; ended: boolean; problems: Problems }> => {
  const { scene } = place
  const before = place.prepare()
  const words =
    call === undefined
      ? ['signal', scene.mark, n, SIGTERM]
      : ['signal-in', scene.mark, call, n, SIGTERM]
  const done = await tool.run(words, scene.clean)
  const { violations, gone } = scene.since(before)
  if (gone.length > 0) place.spoil()
  const problems = [...violations]
  if (mountinfo().join('\n') !== mountTable) problems.push('the mount table changed')
  const ended = done.calls[0] === 'exited'
  if (ended && done.code !== scene.code) problems.push(`no signal, and exit code ${done.code}`)
  if (ended) return { done, ended, problems }
  problems.push(...check(scene, done, gone, alone))
  // The link in hand is finished, and no other is begun.
  const tried = done.report?.remaps?.filter(({ verdict }) => TRIED.has(verdict)).length
  if (call === DELETES && tried !== n) problems.push(`${tried} deletions`)
  if (gone.length > 0 && gone.length < scene.leftovers.length) {
    const again = await run(scene.clean)
    const end = scene.since(before)
    if (again.code !== scene.code) problems.push(`again: ${again.code} ${again.stderr}`)
    if (end.gone.length < scene.leftovers.length) problems.push('again: links are left')
    problems.push(...end.violations.map((violation) => `again: ${violation}`))
  }
  return { done, ended, problems }
}

await inside(import.meta.url, async () => {
  const tool = new KillAt()
  const began = Date.now()
  const say = progress('interrupted')
  t.comment(`every ${SIGNAL.scenes}. call; CRIU_GC_SEED=${SEED} takes the same ones again`)
  const finished = new Set<Named>()
  const wrong = new Map<Named, string[]>(SCENES.map((named) => [named, []]))
  const counts = new Map<string, number>()
  const places = new Places()
  const table = mountinfo().join('\n')
  const alone = new Map<Named, readonly string[]>()
  const calls = await leftAlone(tool, places, (named, done) => alone.set(named, verdicts(done)))
  let tried = 0
  await inParallel(jobs(calls, SIGNAL.scenes, finished), async ({ named, ...moment }, worker) => {
    say(++tried)
    const place = places.of(named, worker)
    const { done, ended, problems } = await point(
      tool,
      place,
      moment,
      table,
      alone.get(named) as readonly string[],
    )
    if (ended && moment.call !== undefined) problems.push('it has made no such call')
    if (ended) finished.add(named)
    const kind = ended ? 'too late' : (done.report?.exit.name ?? 'before the first link')
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    if (problems.length > 0)
      wrong.get(named)?.push(`${moment.n} (${done.calls[0]}): ${problems.slice(0, 5).join('; ')}`)
  })
  for (const [{ name }, list] of wrong) t.strictSame(list, [], name)
  for (const kind of ['interrupted', 'before the first link'])
    t.ok((counts.get(kind) ?? 0) > 0, `${kind}: there were such moments`)
  const kinds = JSON.stringify(Object.fromEntries(counts))
  t.comment(`${tried} moments of ${SCENES.length} scenarios in ${Date.now() - began} ms: ${kinds}`)
  places.end()
  tool.end()
})
