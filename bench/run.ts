// All benches in one run, as a table of goals and what was measured. Says, and never fails.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { insideMountNamespace, isInside } from '../test/rig/namespace.js'
import { criuGc, inRepo } from '../test/rig/repo.js'
import { archive } from './archive.js'
import { busyHost } from './busy-host.js'
import { checks } from './checks.js'
import { containers } from './containers.js'
import { living } from './living.js'
import { manyFiles } from './many-files.js'
import { manyMounts } from './many-mounts.js'
import { manyRemaps } from './many-remaps.js'
import { manyTasks } from './many-tasks.js'
import { Bench, type Row } from './measure.js'
import { network } from './network.js'
import { startUp } from './start-up.js'

const CASES = {
  startUp,
  busyHost,
  manyRemaps,
  checks,
  manyMounts,
  manyTasks,
  manyFiles,
  living,
  archive,
  containers,
  network,
}

/** All, or those that are named as arguments. */
const chosen = Object.entries(CASES).filter(
  ([name]) => process.argv.length === 2 || process.argv.includes(name),
)

/** Why nothing can be measured here. */
const obstacle = (): string | undefined => {
  if (process.geteuid?.() !== 0) return 'not root: criu-gc makes mount namespaces'
  if (spawnSync('cc', ['--version']).status !== 0) return 'no C compiler (cc) to compare with'
  for (const file of [criuGc, inRepo('build', 'Release', 'syscalls.node')])
    if (!fs.existsSync(file)) return `${file} is not there: run "npm run build" first`
  return undefined
}

const measure = (name: string, run: (bench: Bench) => Row[], bench: Bench): Row[] => {
  try {
    return run(bench)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [{ what: name, goal: '', measured: 'could not run', from: reason }]
  }
}

const table = (rows: readonly Row[]): string => {
  const head = { what: '', goal: 'goal', measured: 'measured', from: 'from' }
  const all = [head, ...rows]
  const width = (key: keyof Row): number => Math.max(...all.map((row) => row[key].length))
  const columns = { what: width('what'), goal: width('goal'), measured: width('measured') }
  return all
    .map(({ what, goal, measured, from }) =>
      [
        what.padEnd(columns.what),
        goal.padStart(columns.goal),
        measured.padStart(columns.measured),
        from,
      ].join('  '),
    )
    .join('\n')
}

const main = (): void => {
  const why = obstacle()
  if (why !== undefined) {
    console.log(`bench: nothing was measured: ${why}`)
    return
  }
  if (!isInside()) {
    // With nothing in /run/criu-gc but what these runs write, and nothing left there.
    const [command, args] = insideMountNamespace(fileURLToPath(import.meta.url))
    const done = spawnSync(command, [...args, ...process.argv.slice(2)], { stdio: 'inherit' })
    process.exitCode = done.status ?? 1
    return
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'criu-gc-bench-'))
  try {
    const bench = new Bench(folder)
    console.log(
      `node ${process.version}, Linux ${os.release()}, ${os.cpus().length} processors; ` +
        'medians of interleaved runs, whole processes by the wall clock, processor time in parentheses\n',
    )
    const rows = chosen.flatMap(([name, run]) => measure(name, run, bench))
    console.log(table(rows))
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

main()
