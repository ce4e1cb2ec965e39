// Dump for real, then show, clean, clean again; after each the trees are compared with what they
// were. Run by scenarios.test.ts.
import t, { type Test } from 'tap'
import { putDecoys } from '../rig/decoys.js'
import { runGc, verdicts } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { diffMountinfo, mountinfo } from '../rig/mountinfo.js'
import { checkpoint, type Built, type Checkpoint } from '../rig/scenario.js'
import { scenarios } from '../rig/scenarios.js'

/** beside every link; older than the dump, as the files of a container are */
function decoys(built: Built): void {
  const folders = new Map(built.held.map((one) => [one.outside, one.survivor]))
  for (const [folder, survivor] of folders) if (folder) putDecoys(folder, survivor)
}

/** runs the command and says what it changed besides removing these paths */
function step(t: Test, made: Checkpoint, word: 'show' | 'clean', removed: string[], code: number) {
  const trees = manifest(...made.built.trees)
  const mounts = mountinfo()
  const run = runGc(word, made.arguments)
  t.equal(run.code, code, `${word}: ${run.stderr}`)
  t.strictSame(onlyRemoved(trees, manifest(...made.built.trees), removed), [])
  t.strictSame(diffMountinfo(mounts, mountinfo()), [])
  return verdicts(run)
}

const count = (verdict: string, number: number): Record<string, number> =>
  number ? { [verdict]: number } : {}

for (const scenario of scenarios) {
  t.test(`${scenario.name}: ${scenario.about}`, async (t) => {
    const made = await checkpoint(scenario, { beforeDump: decoys })
    t.teardown(made.cleanup)
    const links = made.links.length
    const reachable = (verdict: string) => ({
      ...count(verdict, links),
      ...count('vanished', made.vanished.length),
    })

    const shown = step(t, made, 'show', [], links ? 3 : 0)
    if (scenario.verdict) {
      // whether a file system refuses is known only when it is asked: show may promise too much
      t.strictSame(step(t, made, 'clean', [], 3), reachable(scenario.verdict))
      t.strictSame(step(t, made, 'clean', [], 3), reachable(scenario.verdict))
      return
    }
    t.strictSame(shown, reachable('would-remove'))
    t.strictSame(step(t, made, 'clean', made.paths, 0), reachable('removed'))
    t.strictSame(step(t, made, 'clean', [], 0), reachable('absent'))
  })
}
