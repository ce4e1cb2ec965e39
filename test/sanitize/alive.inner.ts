// The sanitizers are at work: they are in the very process that the suites start, and each bug of
// mutants.ts ends a run with a report, is counted, and is never taken for an answer of the command.
import fs from 'node:fs'
import t from 'tap'
import { Scene } from '../battery/scene.js'
import { KillAt } from '../battery/tool.js'
import { attempt } from '../rig/command.js'
import { execute } from '../rig/execute.js'
import { cleared } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { criuGc, inRepo, node } from '../rig/repo.js'
import { refuseReport } from '../rig/sanitizer.js'
import { readCounts } from './counts.js'
import { folderOf, MUTANTS } from './mutants.js'
import { launcherOf, programOf, REPORTED } from './variant.js'

const variant = inRepo()

const sceneWithLink = (): Scene => {
  const scene = new Scene()
  scene.withRoot()
  scene.link('app', 4)
  return scene.dump()
}

/** for env(1) */
const command = (folder: string, args: readonly string[]): string[] =>
  cleared(launcherOf(folder), programOf(folder), ...args)

/** without the suites' refusal of reports */
const runVariant = (
  folder: string,
  args: readonly string[],
): { code: number; said: string; reports: number; started: number } => {
  const before = readCounts(folder)
  const done = attempt('env', command(folder, args))
  const after = readCounts(folder)
  return {
    code: done.code,
    said: done.stderr,
    reports: after.reports - before.reports,
    started: after.started - before.started,
  }
}

await inside(import.meta.url, async () => {
  const scene = sceneWithLink()
  t.equal(node, launcherOf(variant), 'the suites start the launcher')
  t.equal(criuGc, programOf(variant), "and the variant's command")

  const tool = new KillAt()
  let maps = ''
  const done = await tool.pause('unlinkat', scene.clean, (pid) => {
    maps = fs.readFileSync(`/proc/${pid}/maps`, 'latin1')
  })
  tool.end()
  t.equal(done.code, 0, `an environment as without them: ${done.stderr}`)
  t.equal(done.stderr, '', 'nothing to report')
  for (const file of ['/libasan.so', '/libubsan.so', `${variant}/build/Release/syscalls.node`])
    t.match(maps, file, `loaded: ${file.replace(variant, '')}`)
  const addon = fs.readFileSync(inRepo('build', 'Release', 'syscalls.node'), 'latin1')
  for (const symbol of ['__asan_report_store', '__ubsan_handle_'])
    t.ok(addon.includes(symbol), `the addon calls ${symbol}`)

  scene.reset()
  const good = runVariant(variant, scene.clean)
  t.match(good, { code: 0, said: /^$/, reports: 0 }, 'a run without a bug')
  t.ok(good.started > 0, 'is counted, as are those of the suites beside it')

  for (const mutant of MUTANTS) {
    scene.reset()
    const folder = inRepo('..', folderOf(mutant))
    const bad = runVariant(folder, scene.clean)
    t.equal(bad.code, REPORTED, `${mutant.name}: its exit code`)
    t.match(bad.said, mutant.report, `${mutant.name}: the report`)
    t.match(bad, { started: 1, reports: 1 }, `${mutant.name}: counted`)
    t.throws(() => refuseReport(bad.said), `${mutant.name}: no hostile test takes it`)
    await t.rejects(execute('env', command(folder, scene.clean)), `${mutant.name}: no battery does`)
  }
  scene.end()
})
