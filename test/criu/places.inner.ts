// What else is in the places of the links: those of a checkpoint that is wanted, after a rollback or under
// a wrong option, and another directory of the same disk. Run by places.test.ts.
import { appendFileSync, mkdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startAgain } from '../rig/again.js'
import { must } from '../rig/command.js'
import { mount, unmount } from '../rig/namespace.js'
import { dumped, restoreAndEnd } from '../rig/restored.js'
import type { Checkpoint } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'
import { found, mountedTwice } from '../rig/scenarios/found.js'
import { cleaned, refused, step } from '../rig/steps.js'

/** where all links of these are */
const treeOf = ({ built }: Checkpoint): string => built.trees.at(-1) ?? ''

t.test('rolled back: the links are those of the checkpoint that is wanted', async (t) => {
  const wanted = await Promise.all(
    ['external-volume', 'host-tree'].map((name) => dumped(t, scenario(name))),
  )
  for (const made of wanted) {
    // a snapshot, and what goes on from it
    const tree = treeOf(made)
    renameSync(tree, `${tree}.snapshot`)
    must('cp', ['-a', `${tree}.snapshot`, tree])
    for (const path of made.paths) unlinkSync(path)
  }
  // longer ago than coarse file systems can tell
  await sleep(3050)
  for (const made of wanted) {
    const again = await startAgain(made)
    t.teardown(again.stop)
    const givenUp = again.dump()
    await again.stop()
    t.strictSame(givenUp.paths, made.paths, 'the same names')
    const tree = treeOf(made)
    renameSync(tree, `${tree}.given-up`)
    renameSync(`${tree}.snapshot`, tree)
    refused(t, givenUp.arguments, made.built.trees, ['kept older'])
    restoreAndEnd(made)
    t.pass('the wanted one can be restored')
  }
})

t.test("cleaned with another container's rootfs and volume", async (t) => {
  const wanted = await dumped(t, scenario('container'))
  const givenUp = await dumped(t, scenario('container'))
  const names = (made: Checkpoint): string[] => made.paths.map((path) => basename(path))
  t.strictSame(names(givenUp), names(wanted), 'the same names')
  const trees = [...wanted.built.trees, ...givenUp.built.trees]
  const wrong = [...givenUp.arguments.slice(0, 2), ...wanted.arguments.slice(2)]
  refused(t, wrong, trees, ['kept elsewhere', 'vanished'])
  restoreAndEnd(wanted)
  cleaned(t, givenUp, ['vanished'])
})

for (const one of found)
  t.test(`'mnt[]' for a folder of a mount of this machine: ${one.about}`, async (t) => {
    const made = await dumped(t, one)
    const { trees } = made.built
    const volume = treeOf(made)
    t.equal(step(t, 'show', made.arguments, trees, [], ['would-remove']).code, 3)
    // the same path in another directory of the same file system, with a link as large
    const view = `${made.base}/view`
    mkdirSync(view)
    mkdirSync(`${volume}/other/sub`, { recursive: true })
    writeFileSync(`${volume}/other/sub/${basename(made.paths[0] ?? '')}`, 'x'.repeat(10))
    mount('--bind', volume, view)
    mount('--bind', `${volume}/other`, volume)
    refused(t, made.arguments, [...trees, view], ['kept unreachable'])
    unmount(volume)
    unmount(view)
    cleaned(t, made, [])
  })

t.test(`${mountedTwice.about}: one run removes all that has been written to since`, async (t) => {
  const made = await dumped(t, mountedTwice)
  for (const { survivor = '' } of made.links) appendFileSync(survivor, 'more')
  t.equal(made.paths.length, 4)
  const { trees } = made.built
  t.equal(step(t, 'show', made.arguments, trees, [], ['would-remove']).code, 3)
  cleaned(t, made, [])
  t.equal(step(t, 'clean', made.arguments, trees, [], ['absent']).code, 0)
})
