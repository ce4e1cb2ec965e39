// Checkpoints that containerd keeps as images in its content store: `ctr task checkpoint` without a directory, and `ctr
// container checkpoint`. An index names the archive with CRIU's images, and the configuration of the container.
import fs from 'node:fs'
import path from 'node:path'
import { RUNTIME_LIMITS } from '../limits.js'
import type { KnownImages } from './container.js'
import { below, databaseIn, textOf, valueOf } from './containerd-database.js'
import { list, object, parseFields, text, type Fields } from './fields.js'
import { isName } from './state.js'
import { isRegular, readTrusted, withTrusted } from './trusted.js'

export interface StoredCheckpoint {
  readonly namespace: string
  /** Of its container, which may be gone. */
  readonly id: string
  readonly images: KnownImages
  /** config.json of the container. */
  readonly spec: string | undefined
}

const KIND = 'application/vnd.containerd.container.'
const ARCHIVE = `${KIND}criu.checkpoint.criu.tar`
const CONFIGURATION = `${KIND}checkpoint.config.v1+proto`
const INDEXES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]
/** What `ctr task checkpoint` calls it unless told otherwise. */
const NAME = /^containerd\.io\/checkpoint\/(.+):\d\d-\d\d-\d{4}-\d\d:\d\d:\d\d$/

/** `data`: the root of containerd. @throws GcError refused. */
export const checkpointsIn = (data: string): StoredCheckpoint[] => {
  const from = databaseIn(data)
  const all = below(from, 'v1', '*', 'images', '*', 'target').at('v1')
  return (all?.names() ?? []).flatMap((namespace) =>
    (all?.at(namespace, 'images')?.names() ?? []).flatMap((name) => {
      const target = all?.at(namespace, 'images', name, 'target')
      const index = blobAt(data, textOf(target, 'digest'))
      if (index === undefined || !INDEXES.includes(textOf(target, 'mediatype') ?? '')) return []
      return checkpointOf(data, namespace, name, index)
    }),
  )
}

const checkpointOf = (
  data: string,
  namespace: string,
  name: string,
  from: string,
): StoredCheckpoint[] => {
  const manifests = list(jsonIn(from).manifests)
  const blobOf = (kind: string): string | undefined =>
    blobAt(data, text(manifests.find(({ mediaType }) => mediaType === kind)?.digest))
  const images = blobOf(ARCHIVE)
  if (images === undefined || !isRegular(images)) return []
  const configuration = blobOf(CONFIGURATION)
  const spec = configuration === undefined ? undefined : specIn(configuration)
  const id = NAME.exec(name)?.[1] ?? idIn(spec, configuration ?? '')
  if (id === undefined || !isName(id)) return []
  return [{ namespace, id, images: { path: images, from, name }, spec }]
}

const specIn = (file: string): string | undefined => {
  const any = withTrusted(file, false, (fd, size) =>
    size > RUNTIME_LIMITS.fileBytes ? undefined : fs.readFileSync(fd),
  )
  return any === undefined ? undefined : valueOf(any)
}

/** Its clients call the cgroup as the container: "/default/demo". */
const idIn = (spec: string | undefined, from: string): string | undefined => {
  if (spec === undefined) return undefined
  return text(object(parseFields(spec, from).linux).cgroupsPath)
    ?.split(/[/:]/)
    .at(-1)
}

/** One that is none is of no use to containerd, either. */
const jsonIn = (file: string): Fields => {
  const json = readTrusted(file)
  try {
    return object(json === undefined ? undefined : (JSON.parse(json) as unknown))
  } catch {
    return {}
  }
}

const blobAt = (data: string, digest: string | undefined): string | undefined => {
  const [, algorithm, hex] = /^(sha256|sha512):([0-9a-f]+)$/.exec(digest ?? '') ?? []
  if (algorithm === undefined || hex === undefined) return undefined
  return path.join(data, 'io.containerd.content.v1.content/blobs', algorithm, hex)
}
