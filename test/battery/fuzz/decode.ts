// Decodes and plans the inputs FROM to TO of SEED. Prints where it is, then what it found.
import { readFrom } from '../../../src/checkpoint/checkpoint.js'
import { GcError } from '../../../src/errors.js'
import { planCollection } from '../../../src/plan/plan.js'
import { print } from '../print.js'
import { recorded } from './corpus.js'
import { encoded } from './encoded.js'
import { violations } from './invariants.js'
import { inMemory } from './memory.js'
import { Mutator } from './mutate.js'
import { someOptions, WRITTEN } from './options.js'
import { Random } from './random.js'

export interface DecodeReport {
  /** The next input. */
  readonly at: number
  readonly executed: number
  readonly refused: number
  /** Plans that reach at least one link, and the links. */
  readonly reaching: number
  readonly reached: number
  readonly slowestMs: number
  readonly slowest: number
  readonly maxRssMiB: number
  readonly problems: readonly string[]
}

const [seed = 0, from = 0, to = 0] = process.argv.slice(2).map(Number)
const REPORT_EVERY = 2000
/** In ms of our own work, of one input: what others do on the machine is not counted. */
const HANG = 2000
// A refusal is an answer, and the trace of it is not looked at.
Error.stackTraceLimit = to - from > 1 ? 0 : 30

const dumps = [...recorded(), ...encoded()]
const mutator = new Mutator(dumps, new Random(seed, -1))
const options = someOptions(dumps, new Random(seed, -2))
const problems: string[] = []
let [refused, reaching, reached, slowestMs, slowest] = [0, 0, 0, 0, from]

const execute = (index: number): void => {
  const random = new Random(seed, index)
  const images = mutator.next(random)
  const chosen = random.pick(options)
  try {
    const checkpoint = readFrom(inMemory(images, random.once(20) ? undefined : WRITTEN))
    const plan = planCollection(checkpoint, chosen)
    for (const violation of violations(checkpoint, plan, chosen))
      problems.push(`input ${index}: ${violation}`)
    const links = plan.remaps.filter(({ kind }) => kind === 'reach').length
    if (links > 0) reaching += 1
    reached += links
  } catch (error) {
    if (error instanceof GcError) refused += 1
    else problems.push(`input ${index}: ${String(error instanceof Error ? error.stack : error)}`)
  }
}

const timed = (index: number): number => {
  const began = process.cpuUsage()
  execute(index)
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

const report = (at: number): DecodeReport => ({
  at,
  executed: at - from,
  refused,
  reaching,
  reached,
  slowestMs: Math.ceil(slowestMs),
  slowest,
  maxRssMiB: Math.ceil(process.resourceUsage().maxRSS / 1024),
  problems: problems.slice(0, 20),
})

let at = from
for (; at < to && problems.length < 20; at++) {
  let taken = timed(at)
  // Once more before it is blamed: the collector may have been at work.
  if (taken > HANG) taken = Math.min(taken, timed(at))
  if (taken > slowestMs) [slowestMs, slowest] = [taken, at]
  if (taken > HANG) problems.push(`input ${at}: takes ${Math.ceil(taken)} ms`)
  if ((at - from) % REPORT_EVERY === 0) print(report(at))
}
print(report(at))
