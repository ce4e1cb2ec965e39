// The container of --bundle or --container: exactly one, or an error that says which there are.
import { orRefused, usage, type GcError } from '../errors.js'
import { escapeText, shellQuote } from '../escape.js'
import { plainBundle } from './bundle.js'
import type { Container, Runtime } from './container.js'
import { CONTAINERD, containerdBundle } from './containerd.js'
import { DOCKER } from './docker.js'
import { INCUS } from './incus.js'
import { LOW_LEVEL } from './low-level.js'
import { LXC } from './lxc.js'
import { CRIO, PODMAN, storageBundle } from './storage.js'
import { realPath } from './trusted.js'

export interface Asked {
  /** Absolute. */
  readonly bundle: string | undefined
  readonly id: string | undefined
  readonly runtime: string | undefined
  /** Absolute. */
  readonly runtimeRoot: string | undefined
}

/** Engines first: what they keep is known to the runtime below them, too. */
export const RUNTIMES: readonly Runtime[] = [
  ...[PODMAN, CRIO, DOCKER, CONTAINERD, LXC, INCUS],
  ...LOW_LEVEL,
]

export const RUNTIME_NAMES = RUNTIMES.map(({ name }) => name)

/** @throws GcError usage where there is none or more than one, refused where its files are not root's alone. */
export const findContainer = (asked: Asked): Container => {
  const { bundle, id } = asked
  if (bundle !== undefined) return ofBundle(bundle)
  return only(id ?? '', ofId(id ?? '', asked), asked)
}

const ofBundle = (given: string): Container => {
  const bundle = realPath(given)
  const found = storageBundle(bundle) ?? containerdBundle(bundle) ?? plainBundle(bundle)
  if (found !== undefined) return found
  throw usage('this is no bundle: it has no config.json', {
    where: given,
    next: 'nothing was touched; give the directory that the runtime was given with --bundle',
  })
}

const ofId = (id: string, { runtime, runtimeRoot }: Asked): Container[] => {
  const asked = RUNTIMES.filter(({ name }) => runtime === undefined || name === runtime)
  const found = new Map<string, Container>()
  const refusals: GcError[] = []
  // Files of another runtime than this container's are no reason to end.
  const trying = <T>(look: () => readonly T[]): readonly T[] =>
    orRefused(look, (error) => {
      refusals.push(error)
      return []
    })
  for (const one of asked)
    for (const place of runtimeRoot === undefined ? trying(() => one.places) : [runtimeRoot])
      for (const container of trying(() => one.find(place, id)))
        if (!found.has(container.home)) found.set(container.home, container)
  const [refusal] = refusals
  if (found.size === 0 && refusal !== undefined) throw refusal
  return [...found.values()]
}

const only = (id: string, found: readonly Container[], { runtime }: Asked): Container => {
  const [first, second] = found
  if (first === undefined)
    throw usage(
      `${runtime ?? 'no runtime of this host'} ${runtime === undefined ? 'knows a' : 'knows no'} container ${escapeText(id)}`,
      {
        next: `nothing was touched; ${runtime === undefined ? `${RUNTIME_NAMES.join(', ')} were looked at. ` : ''}runc, crun and youki forget one that a checkpoint ended: give its bundle with --bundle, or say with --runtime-root where its runtime keeps its state`,
      },
    )
  if (second === undefined) return first
  throw usage(`${found.length} containers are called ${escapeText(id)}`, {
    next: `nothing was touched; give one of these: ${found
      .map((one) => `--runtime ${one.runtime} --container ${shellQuote(one.id ?? id)}`)
      .join(', ')}`,
  })
}
