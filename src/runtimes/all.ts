// All containers that the runtimes of this host know, each once, from their files alone.
import fs from 'node:fs'
import { orRefused } from '../errors.js'
import { ifSeen } from '../host/processes.js'
import type { Container, Look, Runtime } from './container.js'
import { RUNTIMES } from './find.js'

export interface AllAsked {
  readonly runtime: string | undefined
  /** Absolute. */
  readonly runtimeRoot: string | undefined
}

/** What could not be looked at, and why. */
export interface Unlooked {
  readonly where: string
  readonly message: string
}

export interface AllContainers {
  readonly containers: readonly Container[]
  readonly unlooked: readonly Unlooked[]
}

/** One container that is not to be believed hides no other. */
export const allContainers = (
  { runtime, runtimeRoot }: AllAsked,
  runtimes: readonly Runtime[] = RUNTIMES,
): AllContainers => {
  const found = new Map<string, Container>()
  const unlooked = new Map<string, Unlooked>()
  const trying = <T>(where: string, look: () => readonly T[]): readonly T[] =>
    orRefused(look, ({ where: place = where, message }) => {
      unlooked.set(place, { where: place, message })
      return []
    })
  const looked = new Set<string>()
  for (const one of runtimes)
    if (runtime === undefined || runtime === one.name)
      for (const place of runtimeRoot === undefined
        ? trying(one.name, () => one.places)
        : [runtimeRoot])
        for (const { home, look } of trying<Look>(place, () => one.all(place))) {
          // Two runtimes may keep theirs in one place.
          if (looked.has(home)) continue
          looked.add(home)
          for (const container of trying(home, look))
            if (
              (runtime === undefined || container.runtime === runtime) &&
              !found.has(container.home)
            )
              found.set(container.home, container)
        }
  return { containers: [...found.values()], unlooked: [...unlooked.values()] }
}

/** What runtimes keep of the container with that process: that very one, or one of its pid namespace. */
export const imagesOfProcess = (
  pid: number,
  asked: AllAsked = { runtime: undefined, runtimeRoot: undefined },
): string[] => {
  const inside = pidNamespace(pid)
  const isIt = (other: number): boolean =>
    other === pid ||
    (inside !== undefined && inside !== pidNamespace('self') && pidNamespace(other) === inside)
  return allContainers(asked)
    .containers.filter(({ process }) => process !== undefined && isIt(process.pid))
    .flatMap(({ images }) => images.map(({ path }) => path))
}

const pidNamespace = (pid: number | 'self'): string | undefined =>
  ifSeen(() => fs.readlinkSync(`/proc/${pid}/ns/pid`))
