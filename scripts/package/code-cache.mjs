// What its own Node makes of the program, so that criu-gc-node starts as fast as a clone. That Node alone can make it,
// so that there is none for another processor than this one: the command then compiles the program at each start.
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.mjs'

/** Its path, below `work`; undefined where `node` does not run here. */
export const makeCache = (platform, node, { repo, work }) => {
  if (platform.arch !== process.arch) return undefined
  const folder = join(work, `cache-${platform.arch}`)
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(repo, 'dist', 'program.cjs'), join(folder, 'program.cjs'))
  // With no variable that would give V8 other flags than the command has.
  run(node, [join(repo, 'scripts', 'cache.mjs'), folder], { env: {} })
  return join(folder, 'program.cache')
}
