// A container by the archive of its checkpoint: podman, CRI-O and containerd put its configuration beside the images.
import fs from 'node:fs'
import path from 'node:path'
import type { Container, RootPlace } from './container.js'
import { CONTAINERD } from './containerd.js'
import { object, parseFields, text } from './fields.js'
import { parseSpec, type Spec } from './spec.js'
import { overlayRoots, PODMAN } from './storage.js'
import { isOfRoot } from './trusted.js'

/** What an archive has of the runtime's. */
export interface ArchiveFiles {
  readonly path: string
  readonly runtimeFile: (name: string) => Buffer | undefined
}

/** Where its engine has the root file system of the container with that id. @throws GcError refused. */
export type RootsOfId = (id: string) => readonly RootPlace[]

/**
 * Undefined where it has no such file, or where others than root could have written it: it would decide where links are
 * removed. @throws GcError refused, bad-images.
 */
export const archivedContainer = (
  archive: ArchiveFiles,
  rootsOfId: RootsOfId = rootsOnHost,
): Container | undefined => {
  const read = (name: string): string | undefined => archive.runtimeFile(name)?.toString('utf8')
  if (!isOfRoot(archive.path)) return undefined
  const json = read('spec.dump')
  if (json === undefined) return undefined
  const from = path.join(archive.path, 'spec.dump')
  const spec = parseSpec(json, '/', from)
  const config = read('config.dump')
  const fields = config === undefined ? {} : parseFields(config, `${archive.path}/config.dump`)
  return {
    runtime: 'archive',
    id: text(fields.id),
    name: text(fields.name),
    home: fs.realpathSync(archive.path),
    roots: rootsOf(json, from, spec, text(fields.id), rootsOfId),
    mounts: spec.mounts,
    // The one that runs now may be another one, which was restored from it.
    process: undefined,
    images: [],
    workDir: undefined,
  }
}

const rootsOf = (
  json: string,
  from: string,
  { root }: Spec,
  id: string | undefined,
  rootsOfId: RootsOfId,
): readonly RootPlace[] => {
  const written = text(object(parseFields(json, from).root).path)
  if (root === undefined || written === undefined) return []
  // Below its bundle, as containerd writes it: a place of this host only where it has that container still.
  if (!path.isAbsolute(written)) return id === undefined ? [] : rootsOfId(id)
  // Of podman's, for a container in a user namespace: mounted for no longer than the container runs.
  if (/\/intermediate-mountpoint-\d+\.\d+$/.test(written))
    return [{ ...root, isMountpoint: true }, ...(id === undefined ? [] : rootsOfId(id))]
  return overlayRoots(root) ?? [{ ...root, isMountpoint: false }]
}

const rootsOnHost: RootsOfId = (id) =>
  [CONTAINERD, PODMAN].flatMap(({ places, find }) =>
    places.flatMap((place) => find(place, id).flatMap(({ roots }) => roots)),
  )
