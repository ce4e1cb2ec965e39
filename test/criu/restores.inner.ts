// A restore that failed, and the checkpoint is given up: the classic reason to clean up. Each link that
// the restore had opened was linked back and unlinked again, which changed it and its directory after
// the dump. The log of the restore explains that. Run by restores.test.ts.
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startAgain } from '../rig/again.js'
import { attempt } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { criu, tryRestore } from '../rig/criu.js'
import { dumped, optionsOf, restoreAndEnd } from '../rig/restored.js'
import type { Checkpoint } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'
import { cleaned, refused, step } from '../rig/steps.js'

/** what the checkpoint cannot be restored without is broken: the program of its first process */
const breakProgram = ({ built, base }: Checkpoint): void => {
  const program = built.root === undefined ? join(base, 'holder') : join(built.root, 'holder')
  renameSync(program, `${program}.whole`)
  writeFileSync(program, readFileSync(`${program}.whole`), { mode: 0o755 })
  appendFileSync(program, 'x')
}

const ctimes = ({ paths }: Checkpoint): number[] => paths.map((path) => statSync(path).ctimeMs)

for (const name of ['host-tree', 'container', 'external-volume', 'nested'])
  t.test(`${name}: a restore that failed after it opened the links`, async (t) => {
    const made = await dumped(t, scenario(name))
    const before = ctimes(made)
    breakProgram(made)
    t.not(tryRestore(optionsOf(made)).code, 0)
    t.ok(made.paths.every(existsSync))
    t.notSame(ctimes(made), before, 'it changed links')
    const also = made.vanished.length > 0 ? ['vanished'] : []
    cleaned(t, made, also)
  })

t.test('its log is in the work directory, or anywhere', async (t) => {
  for (const [option, file] of [
    ['-W', 'restore.log'],
    ['--restore-log', 'r.log'],
  ] as const) {
    const made = await dumped(t, scenario('external-volume'))
    breakProgram(made)
    t.not(tryRestore(optionsOf(made)).code, 0)
    const elsewhere = join(made.base, file)
    renameSync(join(made.images, 'restore.log'), elsewhere)
    refused(t, made.arguments, made.built.trees, ['kept newer'])
    const where = option === '-W' ? made.base : elsewhere
    cleaned(t, { ...made, arguments: [...made.arguments, option, where] })
  }
})

t.test('a restore that was killed when it had made a name for a link', async (t) => {
  const made = await dumped(t, scenario('container'))
  const options = optionsOf(made)
  const killer = compile('killer.c', '-shared', '-fPIC')
  const args = [
    ...['restore', '-D', made.images, '-d', '-v4', '-o', 'restore.log'],
    ...['--root', options.root ?? '', '--external', ...(options.external ?? [])],
  ]
  const done = attempt(criu, args, { LD_PRELOAD: killer, CRIU_KILL_LINKAT: '1' })
  t.not(done.code, 0)
  t.ok(made.paths.every(existsSync))
  const run = step(t, 'clean', made.arguments, made.built.trees, made.paths, [
    'removed',
    'vanished',
  ])
  t.equal(run.code, 0, run.stderr)
})

t.test('another dump after the failed restore is wanted, and can be restored', async (t) => {
  const made = await dumped(t, scenario('external-volume'))
  breakProgram(made)
  t.not(tryRestore(optionsOf(made)).code, 0)
  for (const path of made.paths) rmSync(path)
  const program = join(made.built.root ?? '', 'holder')
  renameSync(`${program}.whole`, program)
  const again = await startAgain(made)
  t.teardown(again.stop)
  const second = again.dump()
  await again.stop()
  t.strictSame(second.paths, made.paths, 'the same names')
  refused(t, made.arguments, made.built.trees, ['kept newer'])
  restoreAndEnd(second)
})
