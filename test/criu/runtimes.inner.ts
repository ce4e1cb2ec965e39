// Checkpoint with a runtime, then clean with the options that the runtime would give to restore. Run
// by runtimes.test.ts.
import fs from 'node:fs'
import t from 'tap'
import { count, gc, runGc } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { pureCgroup2, runningContainer, runtimeCheckpoint } from '../rig/runtime.js'

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

    // Nothing but the bundle, of a container that the runtime has forgotten.
    const bundle = ['-D', made.images, '--bundle', `${made.base}/bundle`]
    const told = runGc('show', ['-v', ...bundle])
    t.strictSame(told.report?.remaps, shown.report?.remaps, 'the same by the bundle')
    t.strictSame(told.stderr.match(/^criu-gc: --\w+ .*$/gm), [
      `criu-gc: --root ${made.built.root} (from ${made.base}/bundle/config.json)`,
      ...(made.built.external ?? []).map(
        (resource) =>
          `criu-gc: --external '${resource}' (from ${made.base}/bundle/config.json, by its device and path)`,
      ),
    ])

    const { base, images } = made
    const config = `${base}/bundle/config.json`
    const mine = fs.readFileSync(config, 'utf8')
    const refused = (change: (text: string) => string, message: RegExp, about: string): void => {
      fs.writeFileSync(config, change(mine))
      const run = runGc('clean', bundle)
      t.equal(run.code, 5, `${about}: ${run.stderr}`)
      t.match(run.report?.error?.message, message, about)
      fs.writeFileSync(config, mine)
    }
    fs.cpSync(`${base}/volume`, `${base}/copy`, { recursive: true })
    refused(
      (text) => text.replaceAll(`${base}/volume`, `${base}/copy`),
      /copy is not what was mounted on \/data .* the images say device .*volume$/,
      'the configuration of another container',
    )
    fs.cpSync(`${base}/bundle/rootfs`, `${base}/other-root`, {
      recursive: true,
      verbatimSymlinks: true,
    })
    refused(
      (text) => text.replaceAll(`${base}/bundle/rootfs`, `${base}/other-root`),
      /other-root is not the root file system that was dumped/,
      'another root file system',
    )
    fs.chmodSync(config, 0o666)
    refused((text) => text, /others than root could have written it/, 'written by anybody')
    fs.chmodSync(config, 0o644)
    const explicit = ['--external', `mnt[/data]:${base}/copy`]
    const typed = runGc('show', ['-v', '-D', images, '--bundle', `${base}/bundle`, ...explicit])
    t.notMatch(typed.stderr, `mnt[/data]:${base}/volume`, 'what is typed wins')
    t.equal(
      typed.report?.remaps?.find(({ link }) => link.startsWith('/data/'))?.reason,
      'elsewhere',
    )
    t.strictSame(onlyRemoved(before, manifest(...made.built.trees), []), [], 'nothing is gone')

    const cleaned = runGc('clean', bundle)
    t.equal(cleaned.code, 0, cleaned.stderr)
    t.strictSame(count(cleaned), { removed: 3, vanished: 2 })
    t.strictSame(onlyRemoved(before, manifest(...made.built.trees), made.paths), [])

    // A volume that was removed: the line that says so can be pasted.
    fs.renameSync(`${base}/volume`, `${base}/elsewhere`)
    const lost = gc(['show', ...bundle])
    t.match(lost.stdout, `what was mounted there is not there any more: ${base}/volume`)
    const [, line = ''] =
      /^criu-gc: if what is not there any more was removed for good, this is complete: criu-gc (.*)$/m.exec(
        lost.stderr,
      ) ?? []
    t.equal(line, ['show', ...bundle, '--gone', '/data'].join(' '))
    t.strictSame(count(gc([...line.split(' '), '--json'])), { absent: 2, vanished: 3 })
  })
  t.test(`${runtime}: a container that runs is looked at by its process`, async (t) => {
    const { base, id, pid, cleanup } = await runningContainer(runtime)
    t.teardown(cleanup)
    for (const name of [
      ['--container', id, '--runtime', runtime, '--runtime-root', `${base}/state`],
      ['--bundle', `${base}/bundle`, '--pid', String(pid)],
    ]) {
      const shown = runGc('show', ['-v', ...name])
      t.equal(shown.report?.living?.pid, pid, shown.stderr)
      t.strictSame(shown.report?.remaps, [])
    }
    const living = ['--container', id, '--runtime', runtime, '--runtime-root', `${base}/state`]
    for (const typed of [
      ['-r', `${base}/bundle`],
      ['--external', `mnt[/data]:${base}`],
      ['--gone', '/data'],
      ['--mounts', 'all'],
    ]) {
      const refused = runGc('clean', [...living, ...typed])
      t.equal(refused.code, 2, refused.stderr)
      const said = new RegExp(`${typed[0]?.replace('-r', '--root')} is of no use: .*process ${pid}`)
      t.match(refused.report?.error?.message, said)
    }
    const config = `${base}/criu.conf`
    fs.writeFileSync(config, `root ${base}\nexternal mnt[x]:${base}\n`, { mode: 0o600 })
    const configured = runGc('show', [...living, '--config', config])
    t.equal(configured.report?.living?.pid, pid, 'a file speaks of dumps and restores too')
    const ended = runGc('show', ['--bundle', `${base}/bundle`])
    t.equal(ended.code, 2, 'its state is not where runtimes have it, and there are no images')
    t.match(ended.report?.error?.message, /no images of a checkpoint/)
  })
}
