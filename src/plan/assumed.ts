// A dump that ended early has no images of mounts. Its links are looked for where --root and the external
// directories lead: paths are those of the container, and a key that is a path is a place in it, as
// runtimes name them. What is looked into so is possible, never proven.
import type { Bytes } from '../bytes.js'
import type { Checkpoint, LinkRemap, Mount, MountNamespace } from '../checkpoint/model.js'
import { isWithin, pathProblem, ROOT, splitLast } from '../paths.js'
import type { PlanOptions } from './model.js'

/** Ids of CRIU's begin with 1. */
const ASSUMED = 0

/**
 * The dump with one namespace made of the caller's options, where no image says what mounts there were;
 * otherwise as it is.
 */
export const withAssumedMounts = (checkpoint: Checkpoint, options: PlanOptions): Checkpoint => {
  const { tree, namespaces, complete, remaps } = checkpoint
  const isRecorded = namespaces.some(({ mounts }) => mounts.length > 0)
  if (complete || tree === 'host' || isRecorded || remaps.length === 0) return checkpoint
  const mounts = assumedMounts(options)
  const [root] = mounts
  if (root === undefined) return checkpoint
  const namespace: MountNamespace = { id: ASSUMED, isRoot: true, complete: true, mounts }
  return {
    ...checkpoint,
    namespaces: [namespace],
    remaps: remaps.map((remap) => onMount(remap, mountOf(remap.link, mounts) ?? root)),
  }
}

const assumedMounts = ({ root, externals, gone }: PlanOptions): Mount[] => {
  const keys = [...externals.mapped.keys(), ...gone].filter(
    (key) => key !== ROOT && pathProblem(key) === undefined,
  )
  if (root === undefined && keys.length === 0 && !gone.has(ROOT)) return []
  const places = [ROOT, ...new Set(keys)]
  return places.map((mountpoint, index) => ({
    mntId: index + 1,
    parentId: index === 0 ? 0 : 1,
    nsId: ASSUMED,
    fstype: 'unsupported',
    major: 0,
    minor: 0,
    root: undefined,
    mountpoint,
    source: '' as Bytes,
    upper: undefined,
    external: index === 0 ? undefined : { kind: 'mapped', key: mountpoint },
    deleted: false,
  }))
}

const onMount = (remap: LinkRemap, { mntId }: Mount): LinkRemap => ({
  ...remap,
  original: { ...remap.original, mntId },
})

/** The deepest mount on the way to a link. */
const mountOf = (link: Bytes, mounts: readonly Mount[]): Mount | undefined => {
  const { dir } = splitLast(link)
  let found: Mount | undefined
  for (const mount of mounts)
    if (
      isWithin(dir, mount.mountpoint) &&
      mount.mountpoint.length >= (found?.mountpoint.length ?? 0)
    )
      found = mount
  return found
}
