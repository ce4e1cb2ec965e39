// A container by the archive of its checkpoint: podman, CRI-O and containerd put its configuration beside the images.
import fs from 'node:fs'
import path from 'node:path'
import type { Container } from './container.js'
import { parseFields, text } from './fields.js'
import { parseSpec } from './spec.js'
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
  const plain = spec.root === undefined ? [] : [{ ...spec.root, isMountpoint: true }]
  return {
    runtime: 'archive',
    id: text(fields.id),
    name: text(fields.name),
    home: fs.realpathSync(archive.path),
    roots: overlayRoots(spec.root) ?? plain,
    mounts: spec.mounts,
    // The one that runs now may be another one, which was restored from it.
    process: undefined,
    images: [],
    workDir: undefined,
  }
}
