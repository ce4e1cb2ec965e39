// containerd: a bundle for each task, by namespace and id, as long as the task is not deleted.
import path from 'node:path'
import { containerIn } from './bundle.js'
import type { Container, Runtime } from './container.js'
import { readSpec } from './spec.js'
import { isName, readState, RUNC } from './state.js'
import { namesIn } from './trusted.js'

const TASKS = 'io.containerd.runtime.v2.task'
const STATE = '/run/containerd/runc'
/** Docker's: it has files of its own. */
const DOCKER = 'moby'

/** .../io.containerd.runtime.v2.task/NAMESPACE/ID; undefined for any other folder. */
export const containerdBundle = (bundle: string): Container | undefined => {
  const namespace = path.dirname(bundle)
  if (path.basename(path.dirname(namespace)) !== TASKS) return undefined
  const spec = readSpec(bundle)
  if (spec === undefined) return undefined
  const id = path.basename(bundle)
  const { root } = spec
  return containerIn(bundle, {
    runtime: 'containerd',
    id,
    state: readState(RUNC, path.join(STATE, path.basename(namespace)), id),
    spec,
    // Its snapshot is mounted there until the task is deleted.
    roots:
      root === undefined
        ? []
        : [{ ...root, isMountpoint: root.path === path.join(bundle, 'rootfs') }],
  })
}

export const CONTAINERD: Runtime = {
  name: 'containerd',
  places: ['/run/containerd'],
  find: (place, id) =>
    isName(id)
      ? namesIn(path.join(place, TASKS))
          .filter((namespace) => namespace !== DOCKER)
          .flatMap((namespace) => containerdBundle(path.join(place, TASKS, namespace, id)) ?? [])
      : [],
  all: (place) =>
    namesIn(path.join(place, TASKS))
      .filter((namespace) => namespace !== DOCKER)
      .flatMap((namespace) =>
        namesIn(path.join(place, TASKS, namespace)).map((id) => {
          const home = path.join(place, TASKS, namespace, id)
          return { home, look: () => [containerdBundle(home) ?? []].flat() }
        }),
      ),
}
