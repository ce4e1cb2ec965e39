// Checkpoint with a runtime, then clean with the options that the runtime would give to restore. Run
// by runtimes.test.ts.
import t from 'tap'
import { count, runGc } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { pureCgroup2, runtimeCheckpoint } from '../rig/runtime.js'

pureCgroup2()
for (const runtime of ['runc', 'crun'] as const) {
  t.test(`${runtime}: root file system, volumes, one of them behind a symbolic link`, async (t) => {
    const made = await runtimeCheckpoint(runtime)
    t.teardown(made.cleanup)
    const before = manifest(...made.built.trees)

    const shown = runGc('show', made.arguments)
    t.equal(shown.code, 3, shown.stderr)
    t.strictSame(count(shown), { 'would-remove': 3, vanished: 2 })
    t.strictSame(onlyRemoved(before, manifest(...made.built.trees), []), [])

    const cleaned = runGc('clean', made.arguments)
    t.equal(cleaned.code, 0, cleaned.stderr)
    t.strictSame(count(cleaned), { removed: 3, vanished: 2 })
    t.strictSame(onlyRemoved(before, manifest(...made.built.trees), made.paths), [])
  })
}
