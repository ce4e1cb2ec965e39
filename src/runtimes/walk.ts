// All runtimes that are asked for, one place after the other. One that is not to be believed hides no other.
import { orRefused, type GcError } from '../errors.js'
import type { Container, Look, Runtime } from './container.js'
import { CONTAINERD } from './containerd.js'
import { DOCKER } from './docker.js'
import { INCUS } from './incus.js'
import { KUBELET } from './kubelet.js'
import { LOW_LEVEL } from './low-level.js'
import { LXC } from './lxc.js'
import { CRIO, PODMAN } from './storage.js'

/** Engines first: what they keep is known to the runtime below them, too. */
export const RUNTIMES: readonly Runtime[] = [
  ...[PODMAN, CRIO, DOCKER, CONTAINERD, LXC, INCUS, KUBELET],
  ...LOW_LEVEL,
]

export const RUNTIME_NAMES = RUNTIMES.map(({ name }) => name)

/** Undefined: each of them, where it keeps its containers unless told otherwise. */
export interface Where {
  readonly runtime: string | undefined
  /** Absolute. */
  readonly runtimeRoot: string | undefined
}

export interface Walk extends Where {
  readonly runtimes?: readonly Runtime[]
  /** What to look at in one of its places. @throws GcError refused. */
  readonly looks: (runtime: Runtime, place: string) => readonly Look[]
  /** `where`: what was looked at then. */
  readonly onRefused: (error: GcError, where: string) => void
}

/** Each container once: the first runtime that has it. */
export const walk = (asked: Walk): Container[] => {
  const { runtime, runtimeRoot, runtimes = RUNTIMES, looks, onRefused } = asked
  const found = new Map<string, Container>()
  const trying = <T>(where: string, look: () => readonly T[]): readonly T[] =>
    orRefused(look, (error) => {
      onRefused(error, where)
      return []
    })
  const placesOf = (one: Runtime): readonly string[] =>
    runtimeRoot === undefined ? trying(one.name, () => one.places) : [runtimeRoot]
  for (const one of runtimes.filter(({ name }) => runtime === undefined || name === runtime))
    for (const place of placesOf(one))
      for (const { home, look } of trying(place, () => looks(one, place)))
        for (const container of trying(home, look))
          if (!found.has(container.home)) found.set(container.home, container)
  return [...found.values()]
}
