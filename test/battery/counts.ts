// How much each battery does. CRIU_GC_COUNTS says it: "small", which it is by default, so that no file of
// tests takes over three minutes on two slow cores; "full", as for the figures of SECURITY.md; "long",
// fifty times that.

const LEVELS = ['small', 'full', 'long'] as const
export type Level = (typeof LEVELS)[number]

const levelOf = (word: string): Level => {
  const level = LEVELS.find((one) => one === word)
  if (level === undefined) throw new Error(`CRIU_GC_COUNTS=${word} is none of ${LEVELS.join(', ')}`)
  return level
}

export const LEVEL = levelOf(process.env.CRIU_GC_COUNTS ?? 'small')

/** What differs from run to run: printed by each battery, and taken from CRIU_GC_SEED. */
export const SEED = Number(process.env.CRIU_GC_SEED ?? Date.now() % 0x7fffffff)

/** Of things that can be repeated for ever. */
const times = (small: number, full: number): number => ({ small, full, long: 50 * full })[LEVEL]

/** Of things of which there are so many: every such one. */
const every = (small: number): number => (LEVEL === 'small' ? small : 1)

export const KILL = {
  /** Every such call, and in each scenario the first, the last and those that delete. */
  step: every(90),
  /** A rerun after each, also where one has been tried that left the same behind. */
  reruns: LEVEL === 'long',
}

export const SIGNAL = {
  /** Every such call from the drop of privileges on, and those that delete. */
  step: every(30),
  /** The same in each scenario, and its first and last call. */
  scenes: every(90),
}

export const ERRNO = {
  /** Every such injection, and all into the call that deletes. */
  step: every(30),
  /** Into each call of a name, not only the first, a middle and the last one. */
  all: LEVEL === 'long',
}

export const BETWEEN = {
  /** Every such call that deletes, for each strike. */
  deletions: every(3),
  /** Of those at which a tree is looked at. */
  step: every(80),
  /** Of the others, in which processes and mounts are looked at. */
  others: LEVEL === 'small' ? 4000 : 100,
}

/** Every such call of a clean-up of network locks, and every such injection into one. */
export const NETWORK = { step: every(60), errno: every(40) }

/** Of each attacker. */
export const RACE = { runs: times(5, 20), links: LEVEL === 'small' ? 2000 : 10_000 }

/** Of CRIU's dump, in each shape of a tree: from one dump to the next all of its calls are met in time. */
export const DUMP = { points: times(3, 36) }

/** The same of one that locks a connection. */
export const LOCK = { points: times(6, 80) }

export const FUZZ = { decodes: times(60_000, 2_000_000), executions: times(1500, 20_000) }

export const CONCURRENT = { rounds: times(2, 5), links: LEVEL === 'small' ? 400 : 1000 }

/** Of a number of things in a row, every `step`-th: which depends on the seed, so that in time all are. */
export const isChosen = (index: number, step: number): boolean => (index + SEED) % step === 0
