// What containerd keeps of its containers in its own databases, task or not: configuration, and the snapshot that is the
// root file system.
import path from 'node:path'
import type { Bucket } from './bolt.js'
import { below, databaseIn, EMPTY, textOf, valueOf, varint } from './containerd-database.js'

export interface Stored {
  readonly namespace: string
  readonly id: string
  /** config.json of its bundle. */
  readonly spec: string | undefined
  /** Where what it wrote lies; undefined where the snapshotter keeps it otherwise. */
  readonly layer: string | undefined
  /** The database. */
  readonly from: string
}

/** Where a snapshotter of containerd's own keeps what was written, by its number. */
const FOLDERS: Readonly<Record<string, (number: string) => string>> = {
  overlayfs: (number) => path.join('snapshots', number, 'fs'),
  native: (number) => path.join('snapshots', number),
  btrfs: (number) => path.join('active', number),
}

/** `data`: the root of containerd. The layer of a snapshot by its namespace, snapshotter and key. */
const layersIn = (
  data: string,
  from: string,
): ((namespace: string, snapshotter: string, key: string) => string | undefined) => {
  let names: Bucket | undefined
  const known = new Map<string, Bucket | undefined>()
  return (namespace, snapshotter, key) => {
    names ??= below(from, 'v1', '*', 'snapshots', '*', '*').at('v1') ?? EMPTY
    const name = textOf(names.at(namespace, 'snapshots', snapshotter, key), 'name')
    const folder = FOLDERS[snapshotter]
    if (folder === undefined || name === undefined) return undefined
    const place = path.join(data, `io.containerd.snapshotter.v1.${snapshotter}`)
    if (!known.has(place))
      known.set(
        place,
        below(path.join(place, 'metadata.db'), 'v1', 'snapshots', '*').at('v1', 'snapshots'),
      )
    const number = known.get(place)?.at(name)?.bytes('id')
    return number && path.join(place, folder(String(varint(number, 0)[0])))
  }
}

/** Those for which `isWanted`. @throws GcError refused. */
export const storedIn = (
  data: string,
  isWanted: (namespace: string, id: string) => boolean,
): Stored[] => {
  const from = databaseIn(data)
  const all = below(from, 'v1', '*', 'containers', '*').at('v1')
  const wanted = (all?.names() ?? []).flatMap((namespace) =>
    (all?.at(namespace, 'containers')?.names() ?? [])
      .filter((id) => isWanted(namespace, id))
      .map((id) => ({ namespace, id, fields: all?.at(namespace, 'containers', id) })),
  )
  const layerOf = layersIn(data, from)
  return wanted.map(({ namespace, id, fields }) => {
    const spec = fields?.bytes('spec')
    const [snapshotter = '', key = ''] = [
      textOf(fields, 'snapshotter'),
      textOf(fields, 'snapshotKey'),
    ]
    const layer = layerOf(namespace, snapshotter, key)
    return { namespace, id, spec: spec && valueOf(spec), from, layer }
  })
}

/** The same of a snapshot alone, where the engine above keeps its containers itself. @throws GcError refused. */
export const snapshotIn = (
  data: string,
  namespace: string,
  snapshotter: string,
  key: string,
): Pick<Stored, 'layer' | 'from'> => {
  const from = databaseIn(data)
  return { from, layer: layersIn(data, from)(namespace, snapshotter, key) }
}
