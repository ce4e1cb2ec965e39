// Dumps that were killed, and whose processes have ended since: the images are blind, nobody holds the files, and scan
// finds what was left. Run by scan.test.ts.
import { basename } from 'node:path'
import t, { type Test } from 'tap'
import { putDecoys } from '../rig/decoys.js'
import { killed, killedLater, type Killed } from '../rig/killed.js'
import { manifest, type Manifest } from '../rig/manifest.js'
import { runScan, Tree, type ScanRun } from '../rig/scan.js'
import { checkpoint } from '../rig/scenario.js'
import { onlyGone } from '../rig/steps.js'

const linksIn = (trees: Manifest): string[] =>
  [...trees.keys()].filter((path) => /^link_remap\.\d+$/.test(basename(path)))

const removes = (t: Test, trees: string[], args: string[], gone: string[]): ScanRun =>
  onlyGone(
    t,
    'scan',
    gone,
    () => manifest(...trees),
    // Other tests have processes that cannot be looked at.
    () => runScan([...trees, ...args, '--accept', 'unseen']),
  )

/** how many links have this verdict and reason */
const count = ({ scan }: ScanRun, verdict: string, reason?: string): number =>
  scan.links.filter((link) => link.verdict === verdict && link.reason === reason).length

for (const one of [...killed, killedLater[1] as Killed])
  t.test(`${one.name}: ${one.about}`, async (t) => {
    const clock = new Tree()
    t.teardown(() => clock.end())
    let since = ''
    let old: string[] = []
    let left: string[] = []
    const made = await checkpoint(one, {
      killAt: one.killAt,
      beforeDump({ root = '', trees }) {
        putDecoys(`${root}/app`)
        old = linksIn(manifest(...trees))
        since = clock.moment()
      },
      beforeEnd({ trees }) {
        left = linksIn(manifest(...trees)).filter((path) => !old.includes(path))
        t.ok(left.length > 0 && old.length > 0, `${left.length} links, ${old.length} decoys`)
        const held = removes(t, trees, ['--since', since, '--remove'], [])
        t.equal(count(held, 'kept', 'held'), left.length, 'the tree lives, and holds all of them')
        t.equal(held.code, 3)
      },
    })
    t.teardown(made.cleanup)
    const { trees } = made.built
    const images = ['--images', made.images]
    const looked = removes(t, trees, images, [])
    t.equal(looked.code, 3)
    const listed = looked.scan.links.filter(({ listedBy }) => listedBy.length > 0)
    const isWhole = one === killedLater[1]
    if (isWhole) {
      t.strictSame(listed.map(({ link }) => link).sort(), [...left].sort(), 'all that they list')
      const kept = removes(t, trees, ['--keep', made.images, '--since', since, '--remove'], [])
      t.equal(count(kept, 'kept', 'wanted'), left.length)
    }
    const time = ['--since', since]
    const shown = removes(t, trees, [...images, ...time], [])
    t.equal(count(shown, 'would-remove'), left.length)
    const done = removes(t, trees, [...images, ...time, '--remove'], left)
    t.equal(count(done, 'removed'), left.length, 'exactly those of the dump')
    t.equal(done.code, 3, 'the decoys are there')
    t.equal(count(removes(t, trees, [...time, '--remove'], []), 'removed'), 0)
  })
