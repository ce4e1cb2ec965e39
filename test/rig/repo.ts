// Where the things of this repository are, seen from a compiled test (out/test/rig) and from a
// source file alike.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

function findRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(dir, 'package.json'))) dir = dirname(dir)
  return dir
}

export const repo = findRoot()

/** a file of the repository, by its path from the top */
export const inRepo = (...parts: string[]): string => join(repo, ...parts)

/** the built command; run it with `node` */
export const criuGc = inRepo('dist', 'criu-gc.cjs')

/** what it runs */
export const program = inRepo('dist', 'program.cjs')

/** what runs the command: this Node, another one, or the launcher that puts sanitizers into it (test/sanitize) */
export const node = process.env.CRIU_GC_NODE ?? process.execPath
