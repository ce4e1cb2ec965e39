// The same program was dumped again since: its links have the names that the older images list, and
// are none of theirs. Run by newer.test.ts.
import { existsSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { startAgain } from '../rig/again.js'
import { count, runGc } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { dumped, restoreAndEnd } from '../rig/restored.js'
import type { Checkpoint } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'

type Remove = (t: Test, made: Checkpoint) => void

const byHand: Remove = (_, made) => {
  for (const path of made.paths) unlinkSync(path)
}

const byClean: Remove = (t, made) => {
  const cleaned = runGc('clean', made.arguments)
  t.equal(cleaned.code, 0, cleaned.stderr)
}

/** dumped, its links removed, dumped again, and cleaned with the first images: nothing happens */
async function survives(t: Test, name: string, remove: Remove) {
  const first = await dumped(t, scenario(name))
  remove(t, first)
  t.notOk(first.paths.some(existsSync))
  const again = await startAgain(first)
  t.teardown(again.stop)
  const second = again.dump()
  await again.stop()
  t.strictSame(second.paths, first.paths, 'the same names')

  const before = manifest(...first.built.trees)
  for (const word of ['show', 'clean'] as const) {
    const run = runGc(word, first.arguments)
    t.equal(run.code, 3, run.stderr)
    t.equal(count(run).kept, first.links.length, word)
    const kept = run.report?.remaps?.filter(({ verdict }) => verdict === 'kept') ?? []
    t.strictSame(new Set(kept.map(({ reason }) => reason)), new Set(['newer']))
    t.strictSame(onlyRemoved(before, manifest(...first.built.trees), []), [])
  }
  return second
}

for (const name of ['host-tree', 'container', 'external-volume']) {
  for (const remove of [byHand, byClean]) {
    t.test(
      `${name}: removed ${remove.name}, dumped again, cleaned with the old images`,
      async (t) => {
        const second = await survives(t, name, remove)
        const before = manifest(...second.built.trees)
        const cleaned = runGc('clean', second.arguments)
        t.equal(cleaned.code, 0, cleaned.stderr)
        t.strictSame(onlyRemoved(before, manifest(...second.built.trees), second.paths), [])
      },
    )
  }

  t.test(`${name}: the second dump can be restored all the same`, async (t) => {
    restoreAndEnd(await survives(t, name, byClean))
  })
}

t.test(
  'a leftover whose file was replaced since looks like a newer one: only --force',
  async (t) => {
    const made = await dumped(t, scenario('container'))
    const { root, trees } = made.built
    // what a program does that starts again and writes its files anew
    writeFileSync(`${root}/app/kept.new`, 'new')
    renameSync(`${root}/app/kept.new`, `${root}/app/kept`)
    const before = manifest(...trees)
    const [replaced = '', ...others] = made.paths

    const cleaned = runGc('clean', made.arguments)
    t.equal(cleaned.code, 3, cleaned.stderr)
    t.strictSame(count(cleaned), { kept: 1, removed: others.length, vanished: 1 })
    t.strictSame(onlyRemoved(before, manifest(...trees), others), [])
    const between = manifest(...trees)
    const forced = runGc('clean', [...made.arguments, '--force'])
    t.equal(forced.code, 0, forced.stderr)
    t.strictSame(onlyRemoved(between, manifest(...trees), [replaced]), [])
  },
)
