// Containers in the storage that podman and CRI-O share: GRAPHROOT/DRIVER-containers/ID/userdata, and their layers below
// GRAPHROOT/DRIVER. Which of the two keeps one is said by an annotation.
import path from 'node:path'
import { containerIn, imagesIn } from './bundle.js'
import type { Container, RootPlace, Runtime, Told } from './container.js'
import { parseList, text, texts } from './fields.js'
import { readSpec, type Spec } from './spec.js'
import { stateByName, stateOfBundle } from './state.js'
import { isDirectory, namesIn, readTrusted } from './trusted.js'

const CONTAINERS = '-containers'
const CONFIGURATION = '/etc/containers/storage.conf'
const RUN = '/run/containers/storage'

interface Entry {
  readonly id: string
  readonly names: readonly string[]
  readonly layer: string | undefined
  readonly from: string
}

const entriesOf = (folder: string): Entry[] =>
  ['containers.json', 'volatile-containers.json'].flatMap((name) => {
    const from = path.join(folder, name)
    const json = readTrusted(from)
    if (json === undefined) return []
    return parseList(json, from).flatMap((entry): Entry[] => {
      const id = text(entry.id)
      return id === undefined
        ? []
        : [{ id, names: texts(entry.names), layer: text(entry.layer), from }]
    })
  })

/** Those with that name or id, else those whose id begins so. */
export const named = <T extends { readonly id: string; readonly names: readonly string[] }>(
  all: readonly T[],
  name: string,
): T[] => {
  const exact = all.filter(({ id, names }) => id === name || names.includes(name))
  return exact.length > 0 ? exact : all.filter(({ id }) => name !== '' && id.startsWith(name))
}

/** Of an overlay: where it is mounted, and its upper directory. Undefined for a path of another form. */
export const overlayRoots = (merged: Told | undefined): RootPlace[] | undefined =>
  merged?.path.endsWith('/merged') === true
    ? [
        { ...merged, isMountpoint: true },
        // It is unmounted when the container ends; what was written lies there.
        { ...merged, path: path.join(path.dirname(merged.path), 'diff'), isMountpoint: false },
      ]
    : undefined

const rootsOf = (
  graph: string,
  driver: string,
  entry: Entry | undefined,
  spec: Spec | undefined,
): RootPlace[] => {
  const { layer, from = '' } = entry ?? {}
  if (driver === 'overlay') {
    const layered = { path: path.join(graph, driver, layer ?? '', 'merged'), from }
    return overlayRoots(layer === undefined ? spec?.root : layered) ?? []
  }
  const place = { vfs: 'dir', btrfs: 'subvolumes' }[driver]
  if (layer !== undefined && place !== undefined)
    return [{ path: path.join(graph, driver, place, layer), from, isMountpoint: false }]
  return spec?.root === undefined ? [] : [{ ...spec.root, isMountpoint: true }]
}

const containerOf = (
  folder: string,
  id: string,
  entry: Entry | undefined,
  stateOf = stateOfBundle,
): Container => {
  const graph = path.dirname(folder)
  const driver = path.basename(folder).slice(0, -CONTAINERS.length)
  const userdata = path.join(folder, id, 'userdata')
  const spec = readSpec(userdata)
  const isCrio = spec?.annotations['io.container.manager'] === 'cri-o'
  // CRI-O hands over the copy that goes with the next boot.
  const bundle = isCrio ? path.join(RUN, path.basename(folder), id, 'userdata') : userdata
  return containerIn(bundle, {
    runtime: isCrio ? 'cri-o' : 'podman',
    id,
    name: entry?.names[0],
    state: stateOf(bundle, [id]),
    // The state has the binds, too, but sources of another boot are the same in both.
    spec,
    roots: rootsOf(graph, driver, entry, spec),
    images: imagesIn(userdata),
    workDir: userdata,
  })
}

/** GRAPHROOT/DRIVER-containers/ID/userdata; undefined for any other folder. */
export const storageBundle = (bundle: string): Container | undefined => {
  const folder = path.dirname(path.dirname(bundle))
  if (path.basename(bundle) !== 'userdata' || !folder.endsWith(CONTAINERS)) return undefined
  const id = path.basename(path.dirname(bundle))
  return containerOf(
    folder,
    id,
    entriesOf(folder).find((entry) => entry.id === id),
  )
}

const graphRoots = (): string[] => {
  const [, other] = /^\s*graphroot\s*=\s*"([^"]+)"/m.exec(readTrusted(CONFIGURATION) ?? '') ?? []
  return [...new Set(['/var/lib/containers/storage', ...(other === undefined ? [] : [other])])]
}

const foldersOf = (graph: string): string[] =>
  namesIn(graph)
    .filter((folder) => folder.endsWith(CONTAINERS))
    .map((folder) => path.join(graph, folder))
    .filter(isDirectory)

const runtime = (name: 'podman' | 'cri-o'): Runtime => ({
  name,
  get places() {
    return graphRoots()
  },
  find: (graph, id) =>
    foldersOf(graph)
      .flatMap((folder) =>
        named(entriesOf(folder), id).map((entry) => containerOf(folder, entry.id, entry)),
      )
      .filter((one) => one.runtime === name),
  all: (graph) =>
    foldersOf(graph).flatMap((folder) =>
      entriesOf(folder).map((entry) => ({
        home: path.join(folder, entry.id),
        look: () => [containerOf(folder, entry.id, entry, stateByName)],
      })),
    ),
})

export const PODMAN = runtime('podman')
export const CRIO = runtime('cri-o')
