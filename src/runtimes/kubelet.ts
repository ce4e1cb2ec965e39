// The kubelet: an archive for each checkpoint that it was asked for, named by pod, namespace, container and time. Where its
// container was stands in the archive itself.
import path from 'node:path'
import { realPath, isRegular, namesIn } from './trusted.js'
import type { Container, KnownImages, Runtime } from './container.js'

const PLACE = '/var/lib/kubelet/checkpoints'
/** checkpoint-POD_NAMESPACE-CONTAINER-TIME.tar */
const NAME = /^checkpoint-(.+)-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))\.tar$/

/** Of which container, by the name that somebody else gave it, too; undefined for what is no archive. */
const partsOf = (file: string): readonly [container: string, checkpoint: string] | undefined => {
  const [, container, time] = NAME.exec(file) ?? []
  if (container !== undefined && time !== undefined) return [container, time]
  const [, other] = /^(?:checkpoint-)?(.+)\.tar$/.exec(file) ?? []
  return other === undefined ? undefined : [other, file]
}

/** Its archives by container. */
const groupsIn = (place: string): ReadonlyMap<string, readonly KnownImages[]> => {
  const groups = new Map<string, KnownImages[]>()
  for (const file of namesIn(place)) {
    const [container, name] = partsOf(file) ?? []
    const where = path.join(place, file)
    if (container === undefined || name === undefined || !isRegular(where)) continue
    const group = groups.get(container)
    const images = { path: where, from: place, name }
    if (group === undefined) groups.set(container, [images])
    else group.push(images)
  }
  return groups
}

const containersIn = (place: string): Container[] =>
  [...groupsIn(place)].map(([name, images]) => ({
    ...{ runtime: 'kubelet', id: undefined, name, images },
    home: path.join(realPath(place), `checkpoint-${name}`),
    isInArchives: true,
    ...{ roots: [], mounts: [], process: undefined, workDir: undefined },
  }))

export const KUBELET: Runtime = {
  name: 'kubelet',
  places: [PLACE],
  find: (place, name) => containersIn(place).filter((one) => one.name === name),
  all: (place) => containersIn(place).map((one) => ({ home: one.home, look: () => [one] })),
}
