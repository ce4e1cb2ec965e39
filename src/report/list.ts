// What a row of `list` comes to, before any formatting.
import type { ExitName } from '../errors.js'
import type { List, ListedCheckpoint, ListedContainer } from '../prepare-list.js'
import type { SignalName } from '../sys/signals.js'
import type { JsonError } from './error-schema.js'
import type { JsonReport } from './schema.js'

/** What a run for one checkpoint of a list came to: its own document. */
export type RunDocument = JsonReport | JsonError

export interface ListReport extends List {
  readonly command: 'list' | 'show' | 'clean'
  /** Of those selected that were run. */
  readonly runs: ReadonlyMap<ListedCheckpoint, RunDocument>
  /** The signal that ended it early. */
  readonly interrupted: SignalName | undefined
}

export type Action = 'clean' | 'look' | 'nothing'

/** What to do with it, by what was seen. */
export const actionOf = (
  { container: { process } }: Pick<ListedContainer, 'container'>,
  one: ListedCheckpoint,
): Action => {
  const { links, problem, complete } = one
  if (problem !== undefined || links.unknown > 0) return 'look'
  if (links.there > 0) return 'clean'
  // Of a dump that was killed the images list little, and the container that lives may have the rest.
  return !complete && process !== undefined ? 'look' : 'nothing'
}

/** Words of the command line for it, without the program. */
export const wordsFor = (
  command: 'show' | 'clean',
  { words, container }: Pick<ListedContainer, 'words' | 'container'>,
  { images: { name } }: ListedCheckpoint,
): string[] => [command, ...words, ...(container.images.length > 1 ? ['--checkpoint', name] : [])]

export interface ListTotals {
  readonly containers: number
  readonly checkpoints: number
  readonly links: number
  readonly there: number
  readonly selected: number
}

export const listTotals = ({ containers }: Pick<List, 'containers'>): ListTotals => {
  const all = containers.flatMap(({ checkpoints }) => checkpoints)
  const sum = (count: (one: ListedCheckpoint) => number): number =>
    all.reduce((total, one) => total + count(one), 0)
  return {
    containers: containers.length,
    checkpoints: all.length,
    links: sum(({ links }) => links.listed),
    there: sum(({ links }) => links.there),
    selected: sum(({ isSelected }) => Number(isSelected)),
  }
}

/** Of the runs the worst; what ended one as a whole left its links. A list: whether all could be looked at. */
export const listExit = ({
  command,
  runs,
  unlooked,
  interrupted,
  containers,
}: ListReport): ExitName => {
  const exits = [...runs.values()].map(({ exit: { name } }) => name)
  for (const worst of ['alarm', 'internal'] as const) if (exits.includes(worst)) return worst
  if (interrupted !== undefined || exits.includes('interrupted')) return 'interrupted'
  const isDone = (name: ExitName): boolean => name === 'clean' || name === 'incomplete'
  if (!exits.every(isDone)) return 'leftovers'
  const isRead =
    unlooked.length === 0 &&
    (command !== 'list' ||
      containers.every(({ checkpoints }) => checkpoints.every(({ dump }) => dump !== undefined)))
  return isRead && exits.every((name) => name === 'clean') ? 'clean' : 'incomplete'
}

/** Those given up, and whose they are. */
export const selectedOf = ({ containers }: Pick<List, 'containers'>): ListedContainer[] =>
  containers
    .map((listed) => ({
      ...listed,
      checkpoints: listed.checkpoints.filter(({ isSelected }) => isSelected),
    }))
    .filter(({ checkpoints }) => checkpoints.length > 0)
