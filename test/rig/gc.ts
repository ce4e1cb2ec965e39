// The built command, run the way a runtime runs it: a child with a clean environment, JSON back.
import { spawnSync } from 'node:child_process'
import { criuGc, node } from './repo.js'
import { refuseReport } from './sanitizer.js'

export interface RemapReport {
  link: string
  verdict: 'removed' | 'would-remove' | 'absent' | 'vanished' | 'kept' | 'failed'
  reason?: string
  errno?: string
}

export interface Said {
  code: number | null
  stdout: string
  stderr: string
}

export interface Run extends Said {
  /** undefined where the command ended before there was anything to report */
  report?: { schema: string; remaps: RemapReport[] }
}

/** what people read in a pipe */
export function sayGc(word: 'show' | 'clean', args: readonly string[]): Said {
  // env(1), and not the env of spawn: tap puts its NODE_OPTIONS into that one, even when it is empty
  const clean = ['-i', `PATH=${process.env.PATH ?? ''}`, node]
  const done = spawnSync('env', [...clean, criuGc, word, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  if (done.error) throw done.error
  refuseReport(done.stdout, done.stderr)
  return { code: done.status, stdout: done.stdout, stderr: done.stderr }
}

export function runGc(word: 'show' | 'clean', args: readonly string[]): Run {
  const said = sayGc(word, [...args, '--json'])
  if (!said.stdout.startsWith('{')) return said
  return { ...said, report: JSON.parse(said.stdout) as NonNullable<Run['report']> }
}

/** how many remaps got each verdict */
export function verdicts(run: Run): Record<string, number> {
  const count: Record<string, number> = {}
  for (const { verdict } of run.report?.remaps ?? []) count[verdict] = (count[verdict] ?? 0) + 1
  return count
}
