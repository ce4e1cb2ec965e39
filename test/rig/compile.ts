// Compiles the rig's own C programs, once for each text of them.
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { must } from './command.js'
import { inRepo } from './repo.js'

/** the program (or library, that is a matter of the flags) made of test/criu/SOURCE */
export function compile(source: string, ...flags: string[]): string {
  const path = inRepo('test', 'criu', source)
  const text = [path, inRepo('test', 'criu', 'holding.h')].map((file) => readFileSync(file))
  const version = createHash('sha256').update(Buffer.concat(text)).digest('hex').slice(0, 12)
  const cache = inRepo('.criu', 'cache')
  const program = `${cache}/${source.replace('.c', '')}-${version}`
  if (existsSync(program)) return program
  mkdirSync(cache, { recursive: true })
  // test files run side by side: each compiles its own, and the last rename wins
  const own = `${program}.${randomUUID()}`
  must('cc', ['-O1', '-Wall', '-Wextra', '-Werror', ...flags, '-o', own, path])
  renameSync(own, program)
  return program
}
