// One run of the command between two manifests: what was removed, what was said, and nothing else.
import type { Test } from 'tap'
import { inWords, runGc, type Run } from './gc.js'
import { manifest, onlyRemoved } from './manifest.js'
import { diffMountinfo, mountinfo } from './mountinfo.js'
import type { Checkpoint } from './scenario.js'

/** runs the command; exactly these paths of the trees are removed, and all remaps have these verdicts */
export function step(
  t: Test,
  word: 'show' | 'clean',
  options: string[],
  trees: string[],
  removed: string[],
  expected: string[],
): Run {
  const [before, mounts] = [manifest(...trees), mountinfo()]
  const run = runGc(word, options)
  t.strictSame(
    onlyRemoved(before, manifest(...trees), removed),
    [],
    `${word}: nothing else changed`,
  )
  t.strictSame(diffMountinfo(mounts, mountinfo()), [])
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
