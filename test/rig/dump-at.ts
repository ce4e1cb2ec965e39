// CRIU's dump, killed at one of its system calls (test/criu/dump-at.c).
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { must } from './command.js'
import { compile } from './compile.js'
import { criu, dumpArguments, type DumpOptions } from './criu.js'

const tool = (): string => compile('dump-at.c')

const run = (what: string, options: DumpOptions): { code: number; said: [number, number] } => {
  mkdirSync(options.images, { recursive: true })
  const done = spawnSync(tool(), [what, criu, ...dumpArguments(options)], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
  })
  if (done.error) throw done.error
  const [a = NaN, b = NaN] = (done.output[3] ?? '').trim().split(' ').map(Number)
  return { code: done.status ?? -1, said: [a, b] }
}

export interface Calls {
  readonly all: number
  /** the one that made the first link */
  readonly firstLink: number
}

/** of a dump that is left alone, which ends the tree */
export const countCalls = (options: DumpOptions): Calls => {
  const { code, said } = run('count', options)
  if (code !== 0) throw new Error(`dump: exit ${code}`)
  return { all: said[0], firstLink: said[1] }
}

const KILLED = 128 + 9

/** false where the dump had ended before */
export const dumpKilledAt = (call: number, options: DumpOptions): boolean =>
  run(String(call), options).code === KILLED

/** killed at a write for which there is no room: how many links there are; undefined where it found room, or made none */
export const dumpKilledWhenFull = (options: DumpOptions): number | undefined => {
  const { code, said } = run('full', options)
  return code === KILLED ? said[1] : undefined
}

/** lets signals through to a process that a killed dump left with all of them blocked */
export const unblock = (pid: number): void => {
  must(tool(), ['unblock', String(pid)])
}
