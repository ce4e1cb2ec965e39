// The built command, run the way a runtime runs it: a child with a clean environment. What it said, as
// text and as a document, and its verdicts as words.
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import type { Totals } from '../../src/report/report.js'
import type { JsonRemap, JsonReport } from '../../src/report/schema.js'
import { criuGc, node } from './repo.js'
import { refuseReport } from './sanitizer.js'
import { schemaProblem } from './schema.js'

/** the built command, or a mutant of it that these tests have to catch */
export const program = process.env.CRIU_GC ?? criuGc

/** In ms: it hangs if it takes as long, on a machine that is slow and does other things besides. */
export const PATIENCE = 240_000

/** where the first line of the command finds Node, too */
const path = `${dirname(node)}:${process.env.PATH ?? ''}`

/**
 * Arguments of env(1) for a program that finds nothing in its environment. Not the env of spawn: tap puts
 * its own variables into that one, even when it is empty, and the command refuses one that steers Node.
 */
export const cleared = (...words: readonly string[]): string[] => [
  ...['-i', `PATH=${path}`],
  ...words,
]

/** the command for whoever starts it: env(1) or a program that does something to it */
export const commandLine = (args: readonly string[], command = program): string[] => [
  ...[node, command],
  ...args,
]

/** The document. One of a run that ended early says why, and has nothing of the images. */
export type Report = Pick<JsonReport, 'schema' | 'command' | 'exit'> &
  Partial<JsonReport> & {
    readonly error?: { readonly message: string; readonly where?: string; readonly next?: string }
  }

export interface Run {
  /** -1 where a signal ended it */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** undefined where the output is no whole document */
  readonly report: Report | undefined
}

/** @throws Error for a document that is not as the published schema says. */
export const readReport = (stdout: string): Report | undefined => {
  const report = parse(stdout)
  const problem = report === undefined ? undefined : schemaProblem(report)
  if (problem !== undefined) throw new Error(`not as the schema says: ${problem}`)
  return report
}

const parse = (stdout: string): Report | undefined => {
  try {
    return stdout.startsWith('{') ? (JSON.parse(stdout) as Report) : undefined
  } catch {
    return undefined
  }
}

/** in the form that its arguments ask for; `under` are variables and a program that runs it */
export function gc(args: readonly string[], under: readonly string[] = []): Run {
  const done = spawnSync('env', cleared(...under, ...commandLine(args)), {
    encoding: 'utf8',
    // not where it goes by itself
    cwd: tmpdir(),
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
    maxBuffer: 64 << 20,
  })
  if (done.error) throw done.error
  const { status, stdout, stderr } = done
  refuseReport(stdout, stderr)
  const report = readReport(stdout)
  if (stdout.startsWith('{') && !report) throw new Error(`a document that is cut: ${stdout}`)
  return { code: status ?? -1, stdout, stderr, report }
}

export const runGc = (word: 'show' | 'clean', args: readonly string[]): Run =>
  gc([word, ...args, '--json'])

type Verdict = Pick<JsonRemap, 'verdict' | 'reason' | 'errno' | 'proven'>

/** "kept type", "failed EROFS", "removed", "absent unproven", "absent parent-gone unproven" */
export const inWords = ({ verdict, reason, errno, proven }: Verdict): string =>
  [verdict, reason ?? errno, proven === false ? 'unproven' : undefined]
    .filter((part) => part !== undefined)
    .join(' ')

/** "4 kept type", in the order of the images */
export const verdicts = ({ report }: Pick<Run, 'report'>): string[] =>
  (report?.remaps ?? []).map((remap) => `${remap.id} ${inWords(remap)}`)

/** how many remaps got each verdict */
export function count({ report }: Run): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { verdict } of report?.remaps ?? []) counts[verdict] = (counts[verdict] ?? 0) + 1
  return counts
}

/** how many remaps have a verdict: as many as there are */
export const sumOf = (totals: Totals): number =>
  Object.values(totals).reduce((a, b) => a + b, 0) - totals.remaps
