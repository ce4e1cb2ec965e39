// What a run of a program costs, and what an ordinary run of the command does on the same machine at the
// same time: a number of milliseconds alone tells nothing where cores are slow or shared.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeDump } from '../encode/images.js'
import { must } from './command.js'
import { cleared, commandLine, PATIENCE } from './gc.js'
import { inRepo } from './repo.js'

export interface Cost {
  /** of its own work, on whatever processors */
  readonly cpuMs: number
  readonly rssMiB: number
}

export interface Costly {
  readonly status: number | null
  readonly stderr: string
  /** it was killed, or not started */
  readonly error: Error | undefined
  readonly cost: Cost
}

/** What `measure` said; it says nothing where it was killed. */
const costOf = (said: string | null | undefined): Cost =>
  said?.startsWith('{') ? (JSON.parse(said) as Cost) : { cpuMs: Infinity, rssMiB: Infinity }

/**
 * Links of the ordinary dump, which are gone already: so few that it shows what a machine is able to do,
 * and hardly becomes slower itself where some work is made quadratic.
 */
const LINKS = 2000

export class Yardstick {
  private readonly folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-cost-'))
  private readonly program = join(this.folder, 'measure')
  private lowest = Infinity

  constructor() {
    const source = inRepo('test', 'rig', 'measure.c')
    must('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', this.program, source])
    fs.mkdirSync(join(this.folder, 'rootfs', 'app'), { recursive: true })
    writeDump(join(this.folder, 'images'), {
      namespaces: new Map([[9, [{ mntId: 50, parent: 1, mountpoint: '/' }]]]),
      links: Array.from({ length: LINKS }, (_, index) => ({
        id: 2 * index + 2,
        link: `/app/link_remap.${2 * index + 2}`,
        mntId: 50,
        size: 10,
      })),
    })
  }

  /** The built command; `output` is where its standard output goes. */
  run(args: readonly string[], output: 'ignore' | number = 'ignore'): Costly {
    const words = cleared(...commandLine(args))
    const { status, stderr, error, output: said } = spawnSync(
      this.program,
      ['env', ...words],
      {
        encoding: 'utf8',
        stdio: ['ignore', output, 'pipe', 'pipe'],
        timeout: PATIENCE,
        killSignal: 'SIGKILL',
      },
    ) // prettier-ignore
    return { status, stderr, error, cost: costOf(said[3]) }
  }

  /** In ms of work; the least so far. */
  measure(): number {
    const args = ['show', '-D', join(this.folder, 'images'), '-r', join(this.folder, 'rootfs')]
    const { status, stderr, cost } = this.run(args)
    if (status !== 0 && status !== 4)
      throw new Error(`the ordinary dump: exit ${status}: ${stderr}`)
    this.lowest = Math.min(this.lowest, cost.cpuMs)
    return cost.cpuMs
  }

  /**
   * How many ordinary runs one costs. Where that seems to be too many, it is asked again: what others do
   * on the machine slows one run down and not the next, what is too much work is so every time.
   */
  ratio(cost: Cost, again: () => Cost, most: number): number {
    if (this.lowest === Infinity) this.measure()
    let ratio = cost.cpuMs / this.lowest
    for (let tries = 0; ratio > most && cost.cpuMs < Infinity && tries < 3; tries++)
      ratio = Math.min(ratio, again().cpuMs / this.measure())
    return ratio
  }

  end(): void {
    fs.rmSync(this.folder, { recursive: true })
  }
}
