// Dumps that were killed, and so list none of their links, some, or all: what is not listed stays, and
// the user hears of it. The container lives on: cleaned first while it does, then again. Run by
// killed.test.ts.
import { basename } from 'node:path'
import t, { type Test } from 'tap'
import { gc, runGc } from '../rig/gc.js'
import { remaps } from '../rig/images.js'
import { killed, killedLater, type Killed } from '../rig/killed.js'
import { manifest, onlyRemoved, type Manifest } from '../rig/manifest.js'
import { checkpoint, type Built } from '../rig/scenario.js'

const unlisted =
  /^criu-gc: links that they do not list may be left: if the container lives, --pid PID/m

const linksIn = (trees: Manifest): string[] =>
  [...trees.keys()].filter((path) => /^link_remap\.\d+$/.test(basename(path)))

/** /app is in the root file system, /data is the volume */
const outside = ({ root = '', trees }: Built, link: string): string =>
  link.startsWith('/data/') ? link.replace('/data', trees[1] ?? '') : root + link

/** show and clean, in both forms, remove these paths and nothing else */
function steps(t: Test, built: Built, options: string[], listed: string[], code: number): void {
  const before = manifest(...built.trees)
  for (const shown of [runGc('show', options), gc(['show', ...options])]) {
    t.equal(shown.code, listed.length ? 3 : code, shown.stderr.slice(0, 200))
  }
  t.strictSame(onlyRemoved(before, manifest(...built.trees), []), [])
  const cleaned = gc(['clean', ...options])
  t.equal(cleaned.code, code, cleaned.stderr.slice(0, 200))
  if (code === 4) {
    t.match(cleaned.stderr, /^criu-gc: (this dump was killed|these images say nothing of links); /m)
    t.match(cleaned.stderr, unlisted)
  } else t.notMatch(cleaned.stderr, unlisted)
  t.strictSame(onlyRemoved(before, manifest(...built.trees), listed), [])
}

function cleans(one: Killed, code: number, counts: (listed: number, left: number) => boolean) {
  t.test(`${one.name}: ${one.about}`, async (t) => {
    const made = await checkpoint(one, {
      killAt: one.killAt,
      beforeEnd(built, tree, options) {
        t.ok(tree.alive(), 'the processes outlive the dump')
        const listed = remaps(options[1] ?? '').map(({ link }) => outside(built, link))
        const left = linksIn(manifest(...built.trees))
        t.ok(counts(listed.length, left.length), `${listed.length} of ${left.length} listed`)
        steps(t, built, options, listed, code)
      },
    })
    t.teardown(made.cleanup)
    steps(t, made.built, made.arguments, [], code)
  })
}

for (const one of killed) cleans(one, 4, (listed, left) => listed === 0 && left > 0)
const [whileListing, atTheEnd] = killedLater as [Killed, Killed]
cleans(whileListing, 4, (listed, left) => listed > 0 && listed < left)
cleans(atTheEnd, 0, (listed, left) => listed > 0 && listed === left)
