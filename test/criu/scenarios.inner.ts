// Dump for real, then show, clean, clean again; after each the trees are compared with what they
// were. The same program cannot be dumped again before, and can be after. Run by scenarios.test.ts.
import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { startAgain, type Again } from '../rig/again.js'
import { putDecoys } from '../rig/decoys.js'
import { count } from '../rig/gc.js'
import { diffMountinfo, mountinfo } from '../rig/mountinfo.js'
import { checkpoint, type Built, type Checkpoint } from '../rig/scenario.js'
import { scenarios } from '../rig/scenarios.js'
import { removes } from '../rig/steps.js'

/** beside every link; older than the dump, as the files of a container are */
function decoys(built: Built): void {
  const folders = new Map(built.held.map((one) => [one.outside, one.survivor]))
  for (const [folder, survivor] of folders) if (folder) putDecoys(folder, survivor)
}

/** runs the command between two looks at everything */
function step(t: Test, made: Checkpoint, word: 'show' | 'clean', removed: string[], code: number) {
  const run = removes(t, word, made.arguments, made.built.trees, removed)
  t.equal(run.code, code, `${word}: ${run.stderr}`)
  return run
}

const some = (verdict: string, number: number): Record<string, number> =>
  number ? { [verdict]: number } : {}

/** every link on this machine has this verdict */
const all = (verdict: string, { links, vanished }: Checkpoint) => ({
  ...some(verdict, links.length),
  ...some('vanished', vanished.length),
})

/** show says the same as clean, which changes nothing however often it is tried */
function refused(t: Test, made: Checkpoint, verdict: string, errno: string): void {
  for (const word of ['show', 'clean', 'clean'] as const) {
    const run = step(t, made, word, [], 3)
    t.strictSame(count(run), all(verdict, made), word)
    const failed = run.report?.remaps?.filter((remap) => remap.verdict === verdict) ?? []
    t.ok(
      failed.every((remap) => remap.errno === errno),
      errno,
    )
  }
}

function cannotBeDumped(t: Test, made: Checkpoint, again: Again): void {
  const log = again.failedDump()
  t.match(log, /Can't link .*\/link_remap\.\d+\n.*Can't link remap to [^]*?: File exists/)
  t.ok(made.paths.every(existsSync), 'what failed has not removed what was in its way')
}

function isCleaned(t: Test, made: Checkpoint): void {
  t.strictSame(count(step(t, made, 'clean', made.paths, 0)), all('removed', made))
  t.strictSame(count(step(t, made, 'clean', [], 0)), all('absent', made))
}

const table = mountinfo()

for (const scenario of scenarios) {
  t.test(`${scenario.name}: ${scenario.about}`, async (t) => {
    const made = await checkpoint(scenario, { beforeDump: decoys })
    t.teardown(made.cleanup)
    const { verdict, errno, freeNames } = scenario
    if (verdict && errno) refused(t, made, verdict, errno)
    made.built.repair?.()
    const shown = step(t, made, 'show', [], made.links.length ? 3 : 0)
    t.strictSame(count(shown), all('would-remove', made))

    const again = await startAgain(made)
    t.teardown(again.stop)
    if (freeNames === undefined) {
      cannotBeDumped(t, made, again)
      isCleaned(t, made)
    }
    const second = again.dump()
    t.strictSame(second.paths, made.paths, 'links of the same names: they would have collided')
    if (freeNames !== undefined) isCleaned(t, made)
    isCleaned(t, second)
  })
}

t.test('the mount table is as before', (t) => {
  t.strictSame(diffMountinfo(table, mountinfo()), [])
  t.end()
})
