// containerd: a bundle for each task, by namespace and id, as long as the task is not deleted. What it was made of stands in
// containerd's own databases for as long as the container is there.
import path from 'node:path'
import { containerIn } from './bundle.js'
import type { Container, RootPlace, Runtime } from './container.js'
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

const storedOne = (namespace: string, id: string): Stored[] =>
  storedIn(dataRoot(), (other, name) => other === namespace && name === id)

/** The same for very many, read once. */
const storedAll = (): typeof storedOne => {
  let all: Stored[] | undefined
  return (namespace, id) => {
    all ??= storedIn(dataRoot(), () => true)
    return all.filter((one) => one.namespace === namespace && one.id === id)
  }
}

/** CRIU's work directory goes with each dump; of one that failed the log is copied. */
export const failedLogIn = (bundle: string): string | undefined => {
  const log = path.join(bundle, 'criu-dump.log')
  return isRegular(log) ? log : undefined
}

/** .../io.containerd.runtime.v2.task/NAMESPACE/ID; undefined for any other folder. */
export const containerdBundle = (bundle: string, stored = storedOne): Container | undefined => {
  const namespace = path.dirname(bundle)
  if (path.basename(path.dirname(namespace)) !== TASKS) return undefined
  const spec = readSpec(bundle)
  if (spec === undefined) return undefined
  const id = path.basename(bundle)
  const { root } = spec
  // Its snapshot is mounted there until the task is deleted.
  const mounted =
    root === undefined ? [] : [{ ...root, isMountpoint: root.path === path.join(bundle, 'rootfs') }]
  const container = containerIn(bundle, {
    runtime: 'containerd',
    id,
    state: readState(RUNC, path.join(RUN, 'runc', path.basename(namespace)), id),
    spec,
    roots: [...mounted, ...stored(path.basename(namespace), id).flatMap(layerOf)],
  })
  return { ...container, failedLog: failedLogIn(bundle) }
}

/** A link is in the upper layer of an overlay, wherever its file was. */
const layerOf = ({ layer, from }: Stored): RootPlace[] =>
  layer === undefined ? [] : [{ path: layer, from, isMountpoint: false }]

/** One whose task was deleted. */
const withoutTask = (stored: Stored): Container[] => {
  const { namespace, id, spec, from } = stored
  if (spec === undefined) return []
  const bundle = path.join(RUN, TASKS, namespace, id)
  if (isDirectory(bundle)) return []
  return [
    containerIn(bundle, {
      runtime: 'containerd',
      id,
      state: undefined,
      spec: parseSpec(spec, bundle, from),
      roots: layerOf(stored),
    }),
  ]
}

export const CONTAINERD: Runtime = {
  name: 'containerd',
  get places() {
    return [RUN, dataRoot()]
  },
  find: (place, id) => {
    if (!isName(id)) return []
    const tasks = namesIn(path.join(place, TASKS))
      .filter((namespace) => namespace !== DOCKER)
      .flatMap((namespace) => containerdBundle(path.join(place, TASKS, namespace, id)) ?? [])
    const isIt = (namespace: string, name: string): boolean => namespace !== DOCKER && name === id
    return [...tasks, ...storedIn(place, isIt).flatMap(withoutTask)]
  },
  all: (place) => {
    const stored = storedAll()
    return [
      ...namesIn(path.join(place, TASKS))
        .filter((namespace) => namespace !== DOCKER)
        .flatMap((namespace) =>
          namesIn(path.join(place, TASKS, namespace)).map((id) => {
            const home = path.join(place, TASKS, namespace, id)
            return { home, look: () => [containerdBundle(home, stored) ?? []].flat() }
          }),
        ),
      ...storedIn(place, (namespace) => namespace !== DOCKER).map((one) => ({
        home: path.join(one.from, one.namespace, one.id),
        look: () => withoutTask(one),
      })),
    ]
  },
}
