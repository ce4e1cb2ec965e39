// The end of a run to which a signal came: where the calls fail by which it ends, where the report cannot be written, and
// where somebody insists. What was removed is reported, and the exit status says which signal it was.
import os from 'node:os'
import t from 'tap'
import { run, type Done } from '../rig/execute.js'
import { verdicts } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import type { Problems } from './judge.js'
import type { Scene } from './scene.js'
import { tenOnThreeMounts } from './scenes.js'
import { KillAt } from './tool.js'

const { SIGHUP, SIGINT, SIGTERM } = os.constants.signals
const ENDED = 128 + SIGTERM
const INTERNAL = 1
const ERRORS = 'EPERM EINVAL ESRCH EAGAIN ENOSYS'.split(' ') as (keyof typeof os.constants.errno)[]

/** exits with the number of the signal, one link removed and reported, the others said to be kept */
const checkOne = (scene: Scene, { code, calls, stderr, ...done }: Done): Problems => {
  const problems: Problems = []
  if (code !== ENDED || calls.at(-1) !== 'exited')
    problems.push(`${calls.join()} ${code}: ${stderr}`)
  const { exit } = done.report ?? {}
  if (exit?.code !== ENDED || exit.name !== 'interrupted') problems.push(JSON.stringify(exit))
  const [first = '', ...others] = verdicts(done)
  if (!first.endsWith(' removed')) problems.push(first)
  if (others.length !== scene.links.length - 1) problems.push(`${others.length} others`)
  problems.push(...others.filter((verdict) => !verdict.endsWith(' kept interrupted')))
  return problems
}

await inside(import.meta.url, async () => {
  const tool = new KillAt()
  const scene = tenOnThreeMounts.make()

  /** what `act` removes, and nothing else; then put back */
  const trying = async (act: () => Promise<Done>): Promise<Done & { gone: readonly string[] }> => {
    scene.reset()
    const before = scene.manifest()
    const done = await act()
    const { violations, gone } = scene.since(before)
    t.strictSame(violations, [])
    return { ...done, gone }
  }

  // 0 is success that is none: the signal does not come, or goes on to be noted.
  for (const then of ['rt_sigaction', 'kill'])
    await t.test(`${then} does not work: it exits by itself`, async (t) => {
      for (const value of [0, ...ERRORS.map((name) => -os.constants.errno[name])]) {
        const words = ['signal-answer', scene.mark, 'unlinkat', 1, SIGTERM, then, value]
        const done = await trying(() => tool.run(words, scene.clean))
        t.equal(done.calls[1], then, `${then} answers ${value}`)
        t.strictSame(checkOne(scene, done), [])
        t.equal(done.gone.length, 1)
      }
      const again = await run(scene.clean)
      t.equal(again.code, scene.code)
      t.equal(scene.gone().length, scene.leftovers.length)
    })

  await t.test('signals cannot be noted: nothing is removed', async (t) => {
    for (const nth of [1, 2, 3])
      for (const name of ERRORS) {
        const value = -os.constants.errno[name]
        const words = ['answer', scene.mark, 'rt_sigaction', nth, value]
        const { code, calls, gone, report, stderr } = await trying(() =>
          tool.run(words, scene.clean),
        )
        t.strictSame(calls, ['rt_sigaction'])
        t.strictSame(gone, [], `${name} of the ${nth}. signal`)
        t.ok([1, 8].includes(code), `exit code ${code}`)
        t.equal(report?.exit.code, code)
        t.equal(report?.remaps, undefined)
        t.match(stderr, /sigaction/)
      }
  })

  await t.test('a report that is lost weighs more', async (t) => {
    const under = ['sh', '-c', 'exec "$@" >/dev/full', 'sh']
    const words = ['signal-in', scene.mark, 'unlinkat', 1, SIGTERM]
    const { code, calls, gone, stderr } = await trying(() =>
      tool.run(words, scene.clean, undefined, under),
    )
    t.equal(code, INTERNAL)
    t.equal(calls[1], 'exited')
    t.equal(gone.length, 1)
    t.match(stderr, /ENOSPC/)
  })

  await t.test('a third signal ends it at once', async (t) => {
    const sent = (...signals: number[]): Promise<Done & { gone: readonly string[] }> =>
      trying(() => tool.run(['signal-in', scene.mark, 'unlinkat', 1, signals.join()], scene.clean))
    const two = await sent(SIGHUP, SIGINT)
    t.ok([SIGHUP, SIGINT].includes(two.code - 128), `exit code ${two.code}`)
    t.equal(two.calls[1], 'killed')
    t.equal(two.report?.exit.code, two.code)
    t.equal(two.gone.length, 1, 'two are no more than one: timeout(1) sends a signal twice')
    const three = await sent(SIGHUP, SIGINT, SIGTERM)
    t.ok([SIGHUP, SIGINT, SIGTERM].includes(three.code - 128), `exit code ${three.code}`)
    t.equal(three.calls[1], 'exited')
    t.equal(three.stdout, '', 'without a report')
    t.equal(three.gone.length, 1)
  })

  scene.end()
  tool.end()
})
