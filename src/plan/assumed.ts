// A dump that ended early has no images of mounts. Its links are looked for where --root and the external
// directories lead: paths are those of the container, and a key that is a path is a place in it, as
// runtimes name them. What is looked into so is possible, never proven.
import type { Bytes } from '../bytes.js'
import type { Checkpoint, LinkRemap, Mount, MountNamespace } from '../checkpoint/model.js'
import { isWithin, pathProblem, ROOT, splitLast } from '../paths.js'
import type { PlanOptions } from './planned.js'

/** Of the namespace: ids of CRIU's begin with 1. */
export const ASSUMED = 0

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
    remaps: remaps.map((remap) =>
      onMount(remap, mountOf(splitLast(remap.link).dir, mounts) ?? root),
    ),
  }
}

const assumedMounts = ({ root, externals, gone }: PlanOptions): Mount[] => {
  const keys = new Set(
    [...externals.mapped.keys(), ...gone].filter(
      (key) => key !== ROOT && pathProblem(key) === undefined,
    ),
  )
  if (root === undefined && keys.size === 0 && !gone.has(ROOT)) return []
  const mounts: Mount[] = []
  // A shorter place cannot be below a longer one: parents come first.
  const places = [ROOT, ...[...keys].sort((a, b) => a.length - b.length)]
  places.forEach((mountpoint, index) =>
    mounts.push({
      mntId: index + 1,
      parentId: mountOf(mountpoint, mounts)?.mntId ?? 0,
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
    }),
  )
  return mounts
}

const onMount = (remap: LinkRemap, { mntId }: Mount): LinkRemap => ({
  ...remap,
  original: { ...remap.original, mntId },
})

/** The deepest mount on the way to a path. */
const mountOf = (path: Bytes, mounts: readonly Mount[]): Mount | undefined => {
  let found: Mount | undefined
  for (const mount of mounts)
    if (
      isWithin(path, mount.mountpoint) &&
      mount.mountpoint.length >= (found?.mountpoint.length ?? 0)
    )
      found = mount
  return found
}
