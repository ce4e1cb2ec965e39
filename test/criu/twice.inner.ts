// A directory that two dumps wrote into, as podman's always is and runc's and crun's by default. Its images
// are of two dumps, or of one and the name of another: never complete, never clean. Run by twice.test.ts.
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startAgain } from '../rig/again.js'
import { tryDump } from '../rig/criu.js'
import { runGc } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { dumped } from '../rig/restored.js'
import type { Checkpoint } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'
import { cleaned } from '../rig/steps.js'
import { startTree } from '../rig/tree.js'
import * as h from '../rig/holder.js'

/** the program was started again, and the next dump into the same directory fails: the first one's links are in its way */
async function failsInto(made: Checkpoint, images: string): Promise<void> {
  const { instructions, dumpExternal = [] } = made.built
  const tree = await startTree(join(made.base, 'holder'), [h.suffix('.again'), ...instructions])
  try {
    const done = tryDump({ pid: tree.pid, images, external: dumpExternal })
    if (done.code === 0) throw new Error('the dump did not fail')
  } finally {
    await tree.stop()
  }
}

for (const name of ['host-tree', 'container', 'external-volume', 'overlay'])
  t.test(`${name}: a dump that failed into the directory of one that was whole`, async (t) => {
    const made = await dumped(t, scenario(name))
    await failsInto(made, made.images)
    const { trees } = made.built
    const before = manifest(...trees)
    for (const word of ['show', 'clean'] as const) {
      const run = runGc(word, made.arguments)
      t.equal(run.report?.dump, 'mixed', run.stderr)
      t.ok(run.code === 3 || run.code === 4, `exit ${run.code}`)
    }
    const gone = made.paths.filter((path) => !existsSync(path))
    t.strictSame(onlyRemoved(before, manifest(...trees), gone), [])
    const again = runGc('clean', made.arguments)
    t.not(again.code, 0, 'never clean while links of the first one are there')
  })

t.test("podman's layout: the log is beside the directory, and is removed on success", async (t) => {
  const made = await dumped(t, scenario('container'))
  const userdata = join(made.base, 'userdata')
  mkdirSync(userdata)
  const images = join(userdata, 'checkpoint')
  cpSync(made.images, images, { recursive: true, preserveTimestamps: true })
  rmSync(join(images, 'dump.log'))
  await failsInto(made, images)
  renameSync(join(images, 'dump.log'), join(userdata, 'dump.log'))
  const run = runGc('clean', ['-D', images, ...made.arguments.slice(2)])
  t.equal(run.report?.dump, 'mixed', run.stderr)
  t.not(run.code, 0)
})

t.test(
  'a directory used again, by a dump that went well: its links go, older ones stay',
  async (t) => {
    const made = await dumped(t, scenario('external-volume'))
    cleaned(t, made)
    const again = await startAgain(made)
    t.teardown(again.stop)
    // into the directory that has the files of the first one, which CRIU empties and writes again
    const second = again.dump('images')
    await again.stop()
    cleaned(t, second)
  },
)
