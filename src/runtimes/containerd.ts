// containerd: a bundle for each task, by namespace and id, as long as the task is not deleted. What it was made of stands in
// containerd's own databases for as long as the container is there.
import path from 'node:path'
import { containerIn } from './bundle.js'
import type { Container, RootPlace, Runtime } from './container.js'
import { checkpointsIn, type StoredCheckpoint } from './containerd-content.js'
import { storedIn, type Stored } from './containerd-store.js'
import { parseSpec, readSpec } from './spec.js'
import { isName, readState, RUNC } from './state.js'
import { isDirectory, isRegular, namesIn, readTrusted } from './trusted.js'

export const TASKS = 'io.containerd.runtime.v2.task'
export const RUN = '/run/containerd'
const DATA = '/var/lib/containerd'
const CONFIGURATION = '/etc/containerd/config.toml'
/** Docker's: it has files of its own. */
const DOCKER = 'moby'

/** Its root: what it keeps over a boot. */
export const dataRoot = (): string => {
  // Of the whole, before the first table.
  const [top = ''] = (readTrusted(CONFIGURATION) ?? '').split(/^\s*\[/m)
  return /^\s*root\s*=\s*["']([^"']+)["']/m.exec(top)?.[1] ?? DATA
}

/** What it keeps beside the bundles of tasks: containers, and checkpoints as images. */
interface Kept {
  readonly stored: (namespace: string, id: string) => Stored[]
  readonly checkpoints: () => readonly StoredCheckpoint[]
}

/** `data`: its root. Each is read once, and when it is asked for. */
const keptIn = (data: string): Kept => {
  let all: readonly StoredCheckpoint[] | undefined
  return {
    stored: (namespace, id) => storedIn(data, (other, name) => other === namespace && name === id),
    checkpoints: () => (all ??= checkpointsIn(data).filter(isOurs)),
  }
}

/** The same for very many. */
const allKeptIn = (data: string): Kept => {
  let all: readonly Stored[] | undefined
  const stored = (namespace: string, id: string): Stored[] => {
    all ??= storedIn(data, () => true)
    return all.filter((one) => one.namespace === namespace && one.id === id)
  }
  return { ...keptIn(data), stored }
}

const isOurs = ({ namespace }: { readonly namespace: string }): boolean => namespace !== DOCKER

const checkpointsOf = ({ checkpoints }: Kept, namespace: string, id: string): StoredCheckpoint[] =>
  checkpoints().filter((one) => one.namespace === namespace && one.id === id)

const withCheckpoints = (container: Container, namespace: string, kept: Kept): Container => {
  const more = checkpointsOf(kept, namespace, container.id ?? '').map(({ images }) => images)
  return { ...container, images: [...container.images, ...more] }
}

/** CRIU's work directory goes with each dump; of one that failed the log is copied. */
export const failedLogIn = (bundle: string): string | undefined => {
  const log = path.join(bundle, 'criu-dump.log')
  return isRegular(log) ? log : undefined
}

/** .../io.containerd.runtime.v2.task/NAMESPACE/ID; undefined for any other folder. */
export const containerdBundle = (
  bundle: string,
  kept = keptIn(dataRoot()),
): Container | undefined => {
  const folder = path.dirname(bundle)
  if (path.basename(path.dirname(folder)) !== TASKS) return undefined
  const [namespace, id] = [path.basename(folder), path.basename(bundle)]
  const spec = readSpec(bundle)
  if (spec === undefined) return withoutBundle(namespace, id, kept)
  const { root } = spec
  // Its snapshot is mounted there until the task is deleted.
  const mounted =
    root === undefined ? [] : [{ ...root, isMountpoint: root.path === path.join(bundle, 'rootfs') }]
  const container = containerIn(bundle, {
    runtime: 'containerd',
    id,
    state: readState(RUNC, path.join(RUN, 'runc', namespace), id),
    spec,
    roots: [...mounted, ...kept.stored(namespace, id).flatMap(layerOf)],
  })
  return { ...withCheckpoints(container, namespace, kept), failedLog: failedLogIn(bundle) }
}

/** A link is in the upper layer of an overlay, wherever its file was. */
const layerOf = ({ layer, from }: Stored): RootPlace[] =>
  layer === undefined ? [] : [{ path: layer, from, isMountpoint: false }]

/** One whose task was deleted. */
const withoutTask = (stored: Stored, kept: Kept): Container[] => {
  const { namespace, id, spec, from } = stored
  return spec === undefined
    ? []
    : ended({ namespace, id, spec, from, roots: layerOf(stored), kept })
}

/** Of which only checkpoints are left. */
const removed = ({ namespace, id, images, spec }: StoredCheckpoint, kept: Kept): Container[] =>
  kept.stored(namespace, id).length > 0
    ? []
    : ended({ namespace, id, spec: spec ?? '{}', from: images.from, roots: [], kept })

const withoutBundle = (namespace: string, id: string, kept: Kept): Container | undefined =>
  kept.stored(namespace, id).flatMap((one) => withoutTask(one, kept))[0] ??
  checkpointsOf(kept, namespace, id).flatMap((one) => removed(one, kept))[0]

interface Ended {
  readonly namespace: string
  readonly id: string
  readonly spec: string
  readonly from: string
  readonly roots: readonly RootPlace[]
  readonly kept: Kept
}

const ended = ({ namespace, id, spec, from, roots, kept }: Ended): Container[] => {
  const bundle = path.join(RUN, TASKS, namespace, id)
  if (isDirectory(bundle)) return []
  const container = containerIn(bundle, {
    ...{ runtime: 'containerd', id, roots, state: undefined },
    spec: parseSpec(spec, bundle, from),
  })
  return [withCheckpoints(container, namespace, kept)]
}

const tasksIn = (place: string): string[] =>
  namesIn(path.join(place, TASKS))
    .filter((namespace) => namespace !== DOCKER)
    .map((namespace) => path.join(place, TASKS, namespace))

export const CONTAINERD: Runtime = {
  name: 'containerd',
  get places() {
    return [RUN, dataRoot()]
  },
  find: (place, id) => {
    if (!isName(id)) return []
    const [here, kept] = [keptIn(place), keptIn(dataRoot())]
    const isIt = (namespace: string, name: string): boolean => isOurs({ namespace }) && name === id
    return [
      ...tasksIn(place).flatMap((folder) => containerdBundle(path.join(folder, id), kept) ?? []),
      ...storedIn(place, isIt).flatMap((one) => withoutTask(one, here)),
      ...here
        .checkpoints()
        .filter((one) => one.id === id)
        .flatMap((one) => removed(one, here)),
    ]
  },
  all: (place) => {
    const [here, kept] = [allKeptIn(place), allKeptIn(dataRoot())]
    return [
      ...tasksIn(place).flatMap((folder) =>
        namesIn(folder).map((id) => {
          const home = path.join(folder, id)
          return { home, look: () => [containerdBundle(home, kept) ?? []].flat() }
        }),
      ),
      ...storedIn(place, (namespace) => isOurs({ namespace })).map((one) => ({
        home: path.join(one.from, one.namespace, one.id),
        look: () => withoutTask(one, here),
      })),
      ...here.checkpoints().map((one) => ({
        home: path.join(one.images.from, one.namespace, one.id),
        look: () => removed(one, here),
      })),
    ]
  },
}
