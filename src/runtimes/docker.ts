// Docker: what is configured stands in its own files. No config.json of a bundle outlives the container's process.
import path from 'node:path'
import { dataRoot, failedLogIn, RUN, TASKS } from './containerd.js'
import { snapshotIn } from './containerd-store.js'
import { imagesNamed } from './bundle.js'
import type { ConfiguredMount, Container, RootPlace, Runtime } from './container.js'
import { object, parseFields, text, type Fields } from './fields.js'
import { readState, RUNC } from './state.js'
import { namesIn, readTrusted, realPath } from './trusted.js'
import { named } from './storage.js'

const STATE = '/run/docker/runtime-runc/moby'
/** Of a containerd that it has started itself. */
const OWN_RUN = '/run/docker/containerd/daemon'

const mountsOf = (config: Fields, data: string, from: string): ConfiguredMount[] => {
  const mounts = Object.values(object(config.MountPoints)).flatMap((value): ConfiguredMount[] => {
    const mount = object(value)
    const name = text(mount.Name)
    // That of a volume which has not been used yet may be empty.
    const source =
      text(mount.Source) ??
      (name === undefined ? undefined : path.join(data, 'volumes', name, '_data'))
    const destination = text(mount.Destination)
    return source?.startsWith('/') === true && destination !== undefined
      ? [{ source, destination, from }]
      : []
  })
  const shm = text(config.ShmPath)
  return shm === undefined ? mounts : [...mounts, { source: shm, destination: '/dev/shm', from }]
}

/** config.v2.json. @throws GcError refused. */
export const parseDocker = (json: string, data: string, from: string): ConfiguredMount[] =>
  mountsOf(parseFields(json, from), data, from)

/** Where its own drivers keep what a container wrote, below DATA/DRIVER, by the name of the layer. */
const LAYERS: Readonly<
  Record<string, (layer: string) => readonly [place: string, merged?: string]>
> = {
  overlay2: (layer) => [`${layer}/diff`, `${layer}/merged`],
  'fuse-overlayfs': (layer) => [`${layer}/diff`, `${layer}/merged`],
  vfs: (layer) => [`dir/${layer}`],
  btrfs: (layer) => [`subvolumes/${layer}`],
}

const rootsOf = (config: Fields, data: string, id: string): RootPlace[] => {
  const driver = text(config.Driver) ?? ''
  const file = path.join(data, 'image', driver, 'layerdb/mounts', id, 'mount-id')
  const layer = readTrusted(file)?.trim()
  const isName = layer !== undefined && /^[\w.-]+$/.test(layer)
  const places = isName ? LAYERS[driver]?.(layer) : undefined
  if (places === undefined) return snapshotRoots(data, driver, id)
  const [place, merged] = places
  const found = (below: string, isMountpoint: boolean): RootPlace => ({
    ...{ path: path.join(data, driver, below), from: file, isMountpoint },
  })
  return [...(merged === undefined ? [] : [found(merged, true)]), found(place, false)]
}

/** With the image store of containerd, its own or that of the host, the root file system is a snapshot there. */
const snapshotRoots = (data: string, snapshotter: string, id: string): RootPlace[] => {
  const mounted = path.join(data, 'rootfs', snapshotter, id)
  const layers = [path.join(data, 'containerd/daemon'), dataRoot()].flatMap((root) => {
    const { layer, from } = snapshotIn(root, 'moby', snapshotter, id)
    return layer === undefined ? [] : [{ path: layer, from, isMountpoint: false }]
  })
  return [{ path: mounted, from: snapshotter, isMountpoint: true }, ...layers]
}

interface Kept {
  readonly id: string
  readonly from: string
  readonly config: Fields
  readonly names: readonly string[]
}

/** None where it has no configuration. @throws GcError refused. */
const read = (data: string, id: string): Kept[] => {
  const from = path.join(data, 'containers', id, 'config.v2.json')
  const json = readTrusted(from)
  if (json === undefined) return []
  const config = parseFields(json, from)
  return [{ id, from, config, names: [(text(config.Name) ?? '').replace(/^\//, '')] }]
}

const containerOf = (data: string, { id, from, config, names: [name] }: Kept): Container => {
  const home = path.dirname(from)
  const checkpoints = path.join(home, 'checkpoints')
  return {
    runtime: 'docker',
    id,
    name: name === '' ? undefined : name,
    home: realPath(home),
    roots: rootsOf(config, data, id),
    mounts: mountsOf(config, data, from),
    process: readState(RUNC, STATE, id)?.process,
    images: imagesNamed(checkpoints, namesIn(checkpoints)),
    workDir: undefined,
    failedLog: [RUN, OWN_RUN]
      .map((run) => failedLogIn(path.join(run, TASKS, 'moby', id)))
      .find((log) => log !== undefined),
  }
}

const DATA = '/var/lib/docker'
const CONFIGURATION = '/etc/docker/daemon.json'

/** Its data root; below that one for the user namespace of all containers ("165536.165536"), where they share one. */
export const dataRoots = (configuration = CONFIGURATION, usual = DATA): string[] => {
  const json = readTrusted(configuration)
  const told = json === undefined ? undefined : text(parseFields(json, configuration)['data-root'])
  const roots = [...new Set([usual, ...(told?.startsWith('/') === true ? [told] : [])])]
  return roots.flatMap((root) => [
    root,
    ...namesIn(root)
      .filter((name) => /^\d+\.\d+$/.test(name))
      .map((name) => path.join(root, name)),
  ])
}

export const DOCKER: Runtime = {
  name: 'docker',
  get places() {
    return dataRoots()
  },
  find: (data, name) =>
    named(
      namesIn(path.join(data, 'containers')).flatMap((id) => read(data, id)),
      name,
    ).map((kept) => containerOf(data, kept)),
  all: (data) =>
    namesIn(path.join(data, 'containers')).map((id) => ({
      home: path.join(data, 'containers', id),
      look: () => read(data, id).map((kept) => containerOf(data, kept)),
    })),
}
