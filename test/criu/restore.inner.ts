// A restore that succeeds removes the links itself; one that fails leaves them all. Either way the
// clean-up afterwards ends well. Run by restore.test.ts.
import { existsSync, readFileSync, renameSync } from 'node:fs'
import t, { type Test } from 'tap'
import { restore, tryRestore, type RestoreOptions } from '../rig/criu.js'
import { runGc, verdicts } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { mount, unmount } from '../rig/namespace.js'
import { checkpoint, type Checkpoint } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'

const optionsOf = ({ built, images }: Checkpoint): RestoreOptions => ({
  images,
  ...(built.root !== undefined && { root: built.root }),
  external: built.external ?? [],
  extra: ['--pidfile', `${images}/restored.pid`],
})

/** dumps; CRIU wants the root to be a mount point, a host tree has none */
async function dumped(t: Test, name: string): Promise<Checkpoint> {
  const made = await checkpoint(scenario(name))
  const { root } = made.built
  t.teardown(made.cleanup)
  if (root === undefined) return made
  mount('--bind', root, root)
  t.teardown(() => {
    unmount(root)
  })
  return made
}

for (const name of ['host-tree', 'container', 'nested', 'userns', 'mapped']) {
  t.test(`${name}: restored`, async (t) => {
    const made = await dumped(t, name)
    const links = made.links.length
    const before = manifest(...made.built.trees)
    restore(optionsOf(made))
    // all others of the tree go with it: it is the first of its pid namespace, or alone
    process.kill(Number(readFileSync(`${made.images}/restored.pid`, 'latin1')), 'SIGKILL')
    t.notOk(made.paths.some(existsSync), 'the restore removed the links')
    const after = manifest(...made.built.trees)
    t.strictSame(
      onlyRemoved(before, after, made.paths).filter((line) => !/mtimeNs|ctimeNs/.test(line)),
      [],
      'what criu-gc takes for the links is what restore does',
    )

    const cleaned = runGc('clean', made.arguments)
    t.equal(cleaned.code, 0, cleaned.stderr)
    t.equal(verdicts(cleaned).absent, links)
    t.strictSame(onlyRemoved(after, manifest(...made.built.trees), []), [])
  })
}

t.test('a restore that fails leaves the links, and then they are cleaned', async (t) => {
  const made = await dumped(t, 'container')
  const core = `${made.images}/core-1.img`
  renameSync(core, `${core}.away`)
  t.not(tryRestore(optionsOf(made)).code, 0)
  t.ok(made.paths.every(existsSync))
  renameSync(`${core}.away`, core)

  const before = manifest(...made.built.trees)
  const cleaned = runGc('clean', made.arguments)
  t.equal(cleaned.code, 0, cleaned.stderr)
  t.strictSame(onlyRemoved(before, manifest(...made.built.trees), made.paths), [])
})
