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
    const wanted = scenario.verdict ?? 'removed'
    const links = made.links.length
    const vanished = count('vanished', made.vanished.length)
    const left = wanted === 'removed' ? 0 : 3
    const would = wanted === 'removed' ? 'would-remove' : wanted

    t.strictSame(step(t, made, 'show', [], links ? 3 : 0), { ...count(would, links), ...vanished })
    const gone = wanted === 'removed' ? made.paths : []
    t.strictSame(step(t, made, 'clean', gone, left), { ...count(wanted, links), ...vanished })
    const again = wanted === 'removed' ? 'absent' : wanted
    t.strictSame(step(t, made, 'clean', [], left), { ...count(again, links), ...vanished })
  })
}
