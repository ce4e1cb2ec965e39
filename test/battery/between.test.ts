// Between two calls of a run over a living tree, or below directories, somebody changes what it looks at: at calls of all
// of its steps (counts.ts), each time in another way. Links go, or stay and are told of; nothing else goes without an
// alarm; and what was left goes when all is quiet.
import t from 'tap'
import { run } from '../rig/execute.js'
import { inside } from '../rig/inner.js'
import { mountinfo } from '../rig/mountinfo.js'
import { BETWEEN, isChosen, SEED } from './counts.js'
import type { Problems } from './judge.js'
import { progress } from './progress.js'
import type { Scene } from './scene.js'
import { belowDirectories, heldByATree, type Named } from './scenes.js'
import { judgeStruck, linksOf } from './struck.js'
import { STRIKES, type Strike } from './strikes.js'
import { inParallel, KillAt } from './tool.js'

/** Where a tree is looked at; other calls are about processes and mounts, and Node's own. */
const LOOKS = new Set(['openat2', 'unlinkat', 'setns', 'unshare'])
const MARK = 'flock'
const ALARM = 9

interface Moment {
  readonly strike: Strike
  /** The n-th call from there on, or the n-th of a name: how many there are before depends on the processes of the machine. */
  readonly mark: 'flock' | 'seccomp'
  readonly n: number
  readonly call?: string
}

const DROPPED = 'seccomp'

/** `calls`: of a run that is left alone, from the first mark on. */
const moments = (calls: readonly string[], strikes: readonly Strike[]): Moment[] => {
  const drop = calls.indexOf(DROPPED)
  const counts = new Map<string, number>()
  return calls.flatMap((call, index) => {
    const nth = (counts.get(call) ?? 0) + 1
    counts.set(call, nth)
    const isDeletion = call === 'unlinkat'
    const place = isDeletion
      ? { mark: MARK, n: nth, call }
      : index >= drop
        ? { mark: DROPPED, n: index - drop + 1 }
        : LOOKS.has(call)
          ? { mark: MARK, n: nth, call }
          : { mark: MARK, n: index + 1 }
    // From there on links are looked at one by one.
    const isLook = index >= drop || LOOKS.has(call)
    const step = isDeletion ? BETWEEN.deletions : isLook ? BETWEEN.step : BETWEEN.others
    return strikes.flatMap((strike, kind) =>
      isChosen((isDeletion ? nth : index) + kind * 7, step) ? [{ strike, ...place } as Moment] : [],
    )
  })
}

const make = ({ make }: Named): Scene => {
  const scene = make()
  // For files of these that come later, a scan ends before they do; and images are locked first.
  if (scene.isLiving) scene.options.push('-D', scene.dir('empty'))
  else scene.options.push('--until', `@${(Date.now() / 1000).toFixed(3)}`)
  scene.reset()
  return scene
}

interface Tried {
  readonly problems: Problems
  readonly call: string | undefined
  readonly code: number
}

const attempt = async (
  tool: KillAt,
  named: Named,
  { strike, ...place }: Moment,
): Promise<Tried> => {
  const scene = make(named)
  let undo: (() => void) | undefined
  const takeBack = (): void => {
    undo?.()
    undo = undefined
  }
  try {
    const links = linksOf(scene)
    let then = scene.manifest()
    const done = await tool.pauseAt(place, scene.clean, () => {
      const cover = strike.strike(scene)
      then = scene.manifest()
      undo = cover?.()
    })
    const isCovered = undo !== undefined
    takeBack()
    const after = scene.manifest()
    const problems = judgeStruck({ strike, then, after, links }, done)
    if (isCovered) problems.push(...(await finish(scene)))
    return { problems, call: done.calls[1], code: done.code }
  } finally {
    takeBack()
    scene.end()
  }
}

/** All is as it was, and nobody else is there any more. */
const finish = async (scene: Scene): Promise<Problems> => {
  const done = await run(scene.clean)
  return [
    ...(done.code === scene.code ? [] : [`again: exit code ${done.code}: ${done.stderr}`]),
    ...(scene.gone().length === scene.made.length ? [] : ['again: links are left']),
  ]
}

await inside(import.meta.url, async () => {
  const tool = new KillAt()
  const say = progress('struck')
  t.comment(`every ${BETWEEN.step}. look; CRIU_GC_SEED=${SEED} takes the same ones again`)
  for (const named of [heldByATree, belowDirectories]) {
    const began = Date.now()
    const table = mountinfo().join('\n')
    const first = make(named)
    const strikes = STRIKES.filter(({ needsHolder }) => first.isLiving || needsHolder !== true)
    const { calls } = await tool.run(['count', MARK], first.clean)
    first.end()
    const all = moments(calls, strikes)
    const wrong = new Map(strikes.map(({ name }) => [name, [] as string[]]))
    const codes = new Map<number, number>()
    const [met, alarms] = [new Set<string>(), new Set<string>()]
    let done = 0
    await inParallel(all.values(), async (moment) => {
      say(++done, all.length)
      const { name } = moment.strike
      const { problems, call, code } = await attempt(tool, named, moment)
      codes.set(code, (codes.get(code) ?? 0) + 1)
      if (call !== undefined) met.add(name)
      if (code === ALARM) alarms.add(name)
      if (problems.length > 0)
        wrong
          .get(name)
          ?.push(`${moment.mark} ${moment.n} (${call}): ${problems.slice(0, 4).join('; ')}`)
    })
    t.equal(mountinfo().join('\n'), table, 'the mount table is as before')
    for (const { name, isInPlace } of strikes) {
      t.strictSame(wrong.get(name), [], `${named.name}: ${name}`)
      t.ok(met.has(name), 'at some calls of the run')
      t.equal(alarms.has(name), isInPlace === true, 'an alarm where it hit a deletion on its way')
    }
    const byCode = [...codes].map(([code, count]) => `${count} of ${code}`).join(', ')
    t.comment(
      `${named.name}: ${all.length} strikes in ${Date.now() - began} ms; exit codes: ${byCode}`,
    )
  }
  tool.end()
})
