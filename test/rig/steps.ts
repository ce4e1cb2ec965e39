// One run of the command between two manifests: what was removed, what was said, and nothing else.
import type { Test } from 'tap'
import { inWords, runGc, type Run } from './gc.js'
import { manifest, onlyRemoved, type Manifest } from './manifest.js'
import { mountTables } from './namespace.js'
import type { Checkpoint } from './scenario.js'

/** What `act` does is that these paths go: nothing else changes, and no mount table does in any byte. */
export function onlyGone<T>(
  t: Test,
  what: string,
  gone: readonly string[],
  look: () => Manifest,
  act: () => T,
): T {
  const [before, tables] = [look(), mountTables()]
  const result = act()
  t.strictSame(onlyRemoved(before, look(), gone), [], `${what}: nothing else changed`)
  t.strictSame(mountTables(), tables, `${what}: the mount tables are as before, byte for byte`)
  return result
}

/** runs the command; exactly these paths of the trees are removed */
export const removes = (
  t: Test,
  word: 'show' | 'clean',
  options: readonly string[],
  trees: readonly string[],
  removed: readonly string[],
): Run =>
  onlyGone(
    t,
    word,
    removed,
    () => manifest(...trees),
    () => runGc(word, options),
  )

/** the same, and all remaps have these verdicts */
export function step(
  t: Test,
  word: 'show' | 'clean',
  options: string[],
  trees: string[],
  removed: string[],
  expected: string[],
): Run {
  const run = removes(t, word, options, trees, removed)
  const all = run.report?.remaps?.map(inWords)
  t.strictSame([...new Set(all)].sort(), expected, `${word}: ${run.stderr}`)
  return run
}

/** nothing happens, whether it is tried or not */
export const refused = (
  t: Test,
  options: string[],
  trees: string[],
  expected: string[],
  code = 3,
): void => {
  for (const word of ['show', 'clean'] as const)
    t.equal(step(t, word, options, trees, [], expected).code, code)
}

/** all links go, and only they; `also` are verdicts of remaps without one */
export const cleaned = (
  t: Test,
  { arguments: options, built, paths }: Pick<Checkpoint, 'arguments' | 'built' | 'paths'>,
  also: string[] = [],
): void => {
  const run = step(t, 'clean', options, built.trees, paths, ['removed', ...also].sort())
  t.equal(run.code, 0, run.stderr)
}
