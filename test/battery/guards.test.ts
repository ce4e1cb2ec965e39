// Guards are alive: without any one of the checks on the way to a deletion, at least one case goes wrong.
// Each case runs with the built command, which has to be right, and with one that lacks the check.
import t from 'tap'
import { run } from '../rig/execute.js'
import { verdicts as verdictsOf } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { onlyRemoved } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import { hasFuse } from '../rig/mute.js'
import { criuGc } from '../rig/repo.js'
import { needsChattr } from '../rig/needs.js'
import { GHOST_GUARDS } from './ghost-guards.js'
import { GUARDS, type Guard, type Trial } from './guards.js'
import { LIVING_GUARDS } from './living-guards.js'
import { progress } from './progress.js'
import { SCAN_GUARDS } from './scan-guards.js'
import { SIGNAL_GUARDS } from './signal-guards.js'
import { KillAt } from './tool.js'
import { Workshop } from './workshop.js'

/** what is wrong with a run of this program; empty is good */
const attempt = async (tool: KillAt, guard: Guard, program: string): Promise<string[]> => {
  const trial: Trial = guard.trial(tool)
  const { scene, code, verdicts, gone = [] } = trial
  try {
    const problems: string[] = []
    const [before, table] = [scene.manifest(), mountinfo()]
    const done = await (trial.run?.(program, problems) ?? run(scene.clean, program))
    problems.push(...onlyRemoved(before, scene.manifest(), [...gone]))
    if (mountinfo().join() !== table.join()) problems.push('the mount table changed')
    if (done.code !== code) problems.push(`exit code ${done.code}: ${done.stderr}`)
    const found = done.report?.remaps && verdictsOf(done)
    if (found?.join() !== verdicts?.join()) problems.push(`verdicts: ${found?.join()}`)
    return problems
  } finally {
    scene.end()
  }
}

/**
 * So many at once, each in namespaces of its own: some look at the mount table, which others change. They
 * wait for most of the time, until something is old enough or has been silent for long enough.
 */
const SHARES = 4

await inside(
  import.meta.url,
  async (share) => {
    const tool = new KillAt()
    const workshop = new Workshop()
    const began = Date.now()
    const say = progress(`guards, ${share + 1} of ${SHARES}`)
    const own = [
      ...GUARDS,
      ...SIGNAL_GUARDS,
      ...LIVING_GUARDS,
      ...SCAN_GUARDS,
      ...GHOST_GUARDS,
    ].filter((_, index) => index % SHARES === share)
    for (const [done, guard] of own.entries()) {
      say(done, own.length)
      const { name, behind = [] } = guard
      const lacksFuse = guard.needsFuse === true && !hasFuse() && 'needs FUSE'
      const skip = lacksFuse || (guard.needsChattr === true && needsChattr())
      await t.test(name, { skip }, async (t) => {
        const whole = behind.length === 0 ? criuGc : workshop.make(behind)
        const mutant = workshop.make([...behind, guard])
        t.strictSame(await attempt(tool, guard, whole), [], 'right with it')
        const problems = await attempt(tool, guard, mutant)
        t.ok(problems.length > 0, `wrong without it: ${problems[0]?.replaceAll('\n', ' ')}`)
      })
    }
    t.comment(`${own.length} guards in ${Date.now() - began} ms`)
    workshop.end()
    tool.end()
  },
  { shares: SHARES },
)
