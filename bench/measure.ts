// Programs timed against each other: interleaved runs, because a machine's speed drifts, and medians
// of the differences and ratios within a round, because what disturbs one run disturbs its neighbour.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { criuGc, inRepo } from '../test/rig/repo.js'

/** One run of one program. */
export interface Run {
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakMiB: number
}

/** One line of the result. */
export interface Row {
  readonly what: string
  /** "<= 1.5"; empty where there is none. */
  readonly goal: string
  readonly measured: string
  /** The figures that it was made of. */
  readonly from: string
}

/** A child sees nothing of our environment: NODE_EXTRA_CA_CERTS alone costs node 20 some 40 ms. */
const ENV = { PATH: process.env.PATH ?? '/usr/bin:/bin' }

const must = (command: string, args: readonly string[]): string => {
  const done = spawnSync(command, args, { encoding: 'utf8', env: ENV })
  if (done.error) throw done.error
  if (done.status !== 0) throw new Error(`${command}: exit ${done.status}\n${done.stderr}`)
  return done.stdout
}

/** Everything that a case needs: a folder of its own, programs, and a way to time them. */
export class Bench {
  readonly folder: string
  private readonly compiled = new Map<string, string>()

  constructor(folder: string) {
    this.folder = folder
  }

  /** The program made of bench/NAME.c. */
  program(name: string): string {
    const known = this.compiled.get(name)
    if (known !== undefined) return known
    const binary = path.join(this.folder, name)
    must('cc', ['-O2', '-Wall', '-o', binary, inRepo('bench', `${name}.c`)])
    this.compiled.set(name, binary)
    return binary
  }

  time(command: string, ...args: string[]): Run {
    return this.timeUnder([], command, ...args)
  }

  /** `under` is a program that starts the one that is timed. */
  timeUnder(under: readonly string[], command: string, ...args: string[]): Run {
    const [program = '', ...rest] = [...under, this.program('timed'), command, ...args]
    const done = spawnSync(program, rest, { encoding: 'utf8', env: ENV })
    if (done.error) throw done.error
    const [wall = 0, cpu = 0, peak = 0, status = -1] = done.stdout.trim().split(' ').map(Number)
    if (status !== 0)
      throw new Error(`${path.basename(command)}: exit ${status}\n${done.stderr.trim()}`)
    return { wallMs: wall / 1e6, cpuMs: cpu / 1e3, peakMiB: peak / 1024 }
  }

  node(script: string, ...args: string[]): Run {
    return this.time(process.execPath, script, ...args)
  }

  clean(...args: string[]): Run {
    return this.node(criuGc, 'clean', ...args)
  }
}

/** Runs every side once a round, in an order that turns, after one round that does not count. */
export const interleave = <Side extends string>(
  rounds: number,
  sides: Readonly<Record<Side, () => Run>>,
): Record<Side, Run[]> => {
  const names = Object.keys(sides) as Side[]
  const runs = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, Run[]>
  for (let round = -1; round < rounds; round++)
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + Math.max(round, 0)) % names.length] as Side
      const run = sides[name]()
      if (round >= 0) runs[name].push(run)
    }
  return runs
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2
}

/** Median over the rounds of what `combine` makes of the runs of one round. */
export const paired = (
  runs: Readonly<Record<string, readonly Run[]>>,
  combine: (round: (side: string) => Run) => number,
): number => {
  const rounds = Object.values(runs)[0]?.length ?? 0
  const values = Array.from({ length: rounds }, (_, index) =>
    combine((side) => runs[side]?.[index] as Run),
  )
  return median(values)
}

export const medianMs = (runs: readonly Run[]): number => median(runs.map(({ wallMs }) => wallMs))

export const medianCpu = (runs: readonly Run[]): number => median(runs.map(({ cpuMs }) => cpuMs))

export const ms = (value: number): string => `${value.toFixed(1)} ms`

/** Wall and processor time: a machine that does other things as well stretches the one more than the other. */
export const times = (runs: readonly Run[]): string =>
  `${medianMs(runs).toFixed(1)} (${medianCpu(runs).toFixed(1)} cpu) ms`
