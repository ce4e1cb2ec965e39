// A restore that succeeds removes the links itself; one that fails leaves them all. Either way the
// clean-up afterwards ends well. A restore after it fails: what it removed was what restore needs. Run
// by restore.test.ts.
import { existsSync, linkSync, renameSync } from 'node:fs'
import { basename } from 'node:path'
import t from 'tap'
import { errors, tryRestore } from '../rig/criu.js'
import { count, runGc } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { dumped, optionsOf, restoreAndEnd } from '../rig/restored.js'
import { scenario } from '../rig/scenarios.js'

const names = ['host-tree', 'container', 'external-volume', 'nested', 'userns', 'mapped']

for (const name of names) {
  t.test(`${name}: restored`, async (t) => {
    const made = await dumped(t, scenario(name))
    const links = made.links.length
    const before = manifest(...made.built.trees)
    restoreAndEnd(made)
    t.notOk(made.paths.some(existsSync), 'the restore removed the links')
    const after = manifest(...made.built.trees)
    t.strictSame(
      onlyRemoved(before, after, made.paths).filter((line) => !/mtimeNs|ctimeNs/.test(line)),
      [],
      'what criu-gc takes for the links is what restore does',
    )

    const cleaned = runGc('clean', made.arguments)
    t.equal(cleaned.code, 0, cleaned.stderr)
    t.equal(count(cleaned).absent, links)
    t.strictSame(onlyRemoved(after, manifest(...made.built.trees), []), [])
  })
}

for (const name of names) {
  t.test(`${name}: cleaned, and then not restored`, async (t) => {
    const made = await dumped(t, scenario(name))
    const cleaned = runGc('clean', made.arguments)
    t.equal(cleaned.code, 0, cleaned.stderr)
    t.not(tryRestore(optionsOf(made)).code, 0)
    const names = made.links.map(({ link }) => basename(link)).join('|')
    const wanting = new RegExp(`Error .*/(${names})\\b.*: No such file or directory`)
    t.match(errors(made, 'restore.log'), wanting)
    // whoever is in the machine's own pid namespace may find its pid taken by what failed
    if (name === 'host-tree') return
    for (const { survivor, link } of made.links) if (survivor) linkSync(survivor, link)
    restoreAndEnd(made)
    t.pass('nothing but the links was missing')
  })
}

t.test('a restore that fails leaves the links, and then they are cleaned', async (t) => {
  const made = await dumped(t, scenario('container'))
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
