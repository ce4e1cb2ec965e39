// All containers that the runtimes of this host know, each once, from their files alone.
import fs from 'node:fs'
import { ifSeen } from '../host/processes.js'
import type { Container, Look, Runtime } from './container.js'
import { walk, type Where } from './walk.js'

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
  { runtime, runtimeRoot }: Where,
  runtimes?: readonly Runtime[],
): AllContainers => {
  const unlooked = new Map<string, Unlooked>()
  const looked = new Set<string>()
  // Two runtimes may keep theirs in one place.
  const isNew = ({ home }: Look): boolean => looked.size < looked.add(home).size
  const found = walk({
    ...{ runtime, runtimeRoot, ...(runtimes && { runtimes }) },
    looks: (one, place) => one.all(place).filter(isNew),
    onRefused: ({ where: place, message }, where) =>
      unlooked.set(place ?? where, { where: place ?? where, message }),
  })
  const containers = found.filter((one) => runtime === undefined || one.runtime === runtime)
  return { containers, unlooked: [...unlooked.values()] }
}

/** What runtimes keep of the container with that process: that very one, or one of its pid namespace. */
export const imagesOfProcess = (
  pid: number,
  asked: Where = { runtime: undefined, runtimeRoot: undefined },
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
