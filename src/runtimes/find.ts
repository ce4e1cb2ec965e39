// The container of --bundle or --container: exactly one, or an error that says which there are.
import { usage, type GcError } from '../errors.js'
import { commandLine, escapeText } from '../escape.js'
import { plainBundle } from './bundle.js'
import type { Container } from './container.js'
import { containerdBundle } from './containerd.js'
import { storageBundle } from './storage.js'
import { realPath } from './trusted.js'
import { RUNTIME_NAMES, walk, type Where } from './walk.js'

export interface Asked extends Where {
  /** Absolute. */
  readonly bundle: string | undefined
  readonly id: string | undefined
  /** Those of the command line, without the program. */
  readonly words?: readonly string[]
}

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
  const refusals: GcError[] = []
  const found = walk({
    ...{ runtime, runtimeRoot },
    looks: (one, place) => [{ home: place, look: () => one.find(place, id) }],
    onRefused: (error) => refusals.push(error),
  })
  // Files of another runtime than this container's are no reason to end.
  const [refusal] = refusals
  if (found.length === 0 && refusal !== undefined) throw refusal
  return found
}

const only = (id: string, found: readonly Container[], { runtime, words }: Asked): Container => {
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
    next: `nothing was touched; say which: ${found
      // The last one of an option counts.
      .map((one) => ['--runtime', one.runtime, '--container', one.id ?? id])
      .map((more) => commandLine(['criu-gc', ...(words ?? ['show']), ...more]))
      .join(' | ')}`,
  })
}
