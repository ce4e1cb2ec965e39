// Builds the variant and one for each mutant, runs the suites against the first, and looks at the counts.
// npm run test:sanitize
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { inRepo } from '../rig/repo.js'
import { readCounts } from './counts.js'
import { folderOf, MUTANTS, mutate } from './mutants.js'
import { launcherOf, makeVariant } from './variant.js'

const folder = inRepo('.sanitize')
/** A package by itself: the tests in it find this one's command, and not that of the clone. */
const variant = join(folder, 'suites')

/** Compiled tests, where the variant has them. */
const suites = (): string[] => {
  const out = join(variant, 'out', 'test')
  const hostile = fs.readdirSync(join(out, 'hostile')).filter((name) => name.endsWith('.test.js'))
  return [
    join(out, 'battery', 'kill.test.js'),
    join(out, 'battery', 'errno.test.js'),
    ...hostile.map((name) => join(out, 'hostile', name)),
    join(out, 'sanitize', 'alive.inner.js'),
  ]
}

const build = async (): Promise<void> => {
  fs.rmSync(folder, { recursive: true, force: true })
  await Promise.all([
    makeVariant(variant),
    ...MUTANTS.map((mutant) =>
      makeVariant(join(folder, folderOf(mutant)), (native) => mutate(native, mutant)),
    ),
  ])
  // The tests, and the schema, C programs and images that they use.
  for (const name of ['out', 'schema', 'test'])
    fs.cpSync(inRepo(name), join(variant, name), { recursive: true })
}

await build()
const env = { ...process.env, CRIU_GC_NODE: launcherOf(variant) }
const tap = inRepo('node_modules', '.bin', 'tap')
// By itself tap leaves cores idle, and each battery waits for one process of its own much of the time.
const options = ['--reporter=tap', `--jobs=${Math.max(4, availableParallelism())}`]
const { status } = spawnSync(tap, [...options, ...suites()], { stdio: 'inherit', env })
const { started, reports } = readCounts(variant)
console.log(`# sanitized processes: ${started}, ended by a report: ${reports}`)
if (status !== 0 || reports > 0 || started < 600) process.exitCode = 1
