// A container by the archive of its checkpoint: podman, CRI-O and containerd put its configuration beside the images.
import fs from 'node:fs'
import path from 'node:path'
import type { Container, RootPlace } from './container.js'
import { CONTAINERD } from './containerd.js'
import { object, parseFields, text } from './fields.js'
import { parseSpec, type Spec } from './spec.js'
import { overlayRoots } from './storage.js'
import { isOfRoot } from './trusted.js'

/** What an archive has of the runtime's. */
export interface ArchiveFiles {
  readonly path: string
  readonly runtimeFile: (name: string) => Buffer | undefined
}

/**
 * Undefined where it has no such file, or where others than root could have written it: it would decide where links are
 * removed. @throws GcError refused, bad-images.
 */
export const archivedContainer = (archive: ArchiveFiles): Container | undefined => {
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
    roots: rootsOf(json, from, spec, text(fields.id)),
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
): RootPlace[] => {
  const written = text(object(parseFields(json, from).root).path)
  if (root === undefined || written === undefined) return []
  // Below its bundle, as containerd writes it: a place of this host only where it has that container still.
  if (!path.isAbsolute(written))
    return id === undefined ? [] : CONTAINERD.places.flatMap((place) => rootsIn(place, id))
  return overlayRoots(root) ?? [{ ...root, isMountpoint: false }]
}

const rootsIn = (place: string, id: string): readonly RootPlace[] =>
  CONTAINERD.find(place, id).flatMap(({ roots }) => roots)
