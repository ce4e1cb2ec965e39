// CRIU's dump, killed at one of its system calls (test/criu/dump-at.c).
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { must } from './command.js'
import { compile } from './compile.js'
import {
  criu,
  dumpArguments,
  restoreArguments,
  type DumpOptions,
  type RestoreOptions,
} from './criu.js'

const tool = (): string => compile('dump-at.c')

interface Ran {
  readonly code: number
  readonly said: readonly [number, number]
}

const run = (what: string, options: DumpOptions): Ran => {
  mkdirSync(options.images, { recursive: true })
  return runCriu(what, dumpArguments(options))
}

const runCriu = (what: string, args: readonly string[]): Ran => {
  const done = spawnSync(tool(), [what, criu, ...args], {
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

/** of a restore that is left alone; what it restored ends with it */
export const countRestore = (options: RestoreOptions): number => {
  const { code, said } = runCriu('alone:0', restoreArguments(options))
  if (code !== 0) throw new Error(`restore: exit ${code}`)
  return said[0]
}

/** false where the restore had ended before; all that it had started ends with it */
export const restoreKilledAt = (call: number, options: RestoreOptions): boolean =>
  runCriu(`alone:${call}`, restoreArguments(options)).code === KILLED

/** lets signals through to a process that a killed dump left with all of them blocked */
export const unblock = (pid: number): void => {
  must(tool(), ['unblock', String(pid)])
}
