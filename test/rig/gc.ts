// The built command, run the way a runtime runs it: a child with a clean environment, JSON back.
import { spawnSync } from 'node:child_process'
import { criuGc } from './repo.js'

export interface RemapReport {
  link: string
  verdict: 'removed' | 'would-remove' | 'absent' | 'vanished' | 'kept' | 'failed'
  reason?: string
}

export interface Run {
  code: number | null
  stderr: string
  /** undefined where the command ended before there was anything to report */
  report?: { schema: string; remaps: RemapReport[] }
}

export function runGc(word: 'show' | 'clean', args: readonly string[]): Run {
  // env(1), and not the env of spawn: tap puts its NODE_OPTIONS into that one, even when it is empty
  const clean = ['-i', `PATH=${process.env.PATH ?? ''}`, process.execPath]
  const done = spawnSync('env', [...clean, criuGc, word, ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  if (done.error) throw done.error
  return {
    code: done.status,
    stderr: done.stderr,
    ...(done.stdout.startsWith('{') && {
      report: JSON.parse(done.stdout) as NonNullable<Run['report']>,
    }),
  }
}

/** how many remaps got each verdict */
export function verdicts(run: Run): Record<string, number> {
  const count: Record<string, number> = {}
  for (const { verdict } of run.report?.remaps ?? []) count[verdict] = (count[verdict] ?? 0) + 1
  return count
}
