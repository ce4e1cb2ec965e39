// The process tree and the namespace ids of each task: was there a mount namespace of its own, and
// which ones has the tree.
import { badImages } from '../errors.js'
import type { ImageSource } from '../images/source.js'
import { decodeIds, decodePstree, type PstreeEntry, type TaskKobjIds } from '../images/entries.js'
import { LIMITS } from '../limits.js'
import { bounded, whenDecodes } from './decoding.js'

export interface Tasks {
  readonly complete: boolean
  readonly count: number
  /** In the order of the image; undefined where it does not have them all. */
  readonly pids: readonly number[] | undefined
  readonly tree: 'host' | 'namespaced' | 'unknown'
  /** Distinct mnt_ns_id of all tasks, the root task's first; empty for a host tree. */
  readonly mountNamespaces: readonly number[]
  /** The same of its network namespace, and the id of one of its own. */
  readonly netns: 'host' | 'own' | 'unknown'
  readonly netnsId: number | undefined
  readonly notes: readonly string[]
}

const UNKNOWN = {
  complete: false,
  tree: 'unknown',
  mountNamespaces: [],
  netns: 'unknown',
  netnsId: undefined,
} as const

/** @throws GcError bad-images where the tree has not exactly one root or passes a limit. */
export const readTasks = (images: ImageSource, criu: TaskKobjIds | undefined): Tasks => {
  const tasks: PstreeEntry[] = []
  const state = images.read('pstree.img', 'pstree', (data) =>
    whenDecodes(() => decodePstree, bounded(tasks, LIMITS.tasks, 'tasks'), data),
  )
  const count = tasks.length
  const pids = state.state === 'complete' ? tasks.map(({ pid }) => pid) : undefined
  if (pids === undefined || criu === undefined) return { ...UNKNOWN, count, pids, notes: [] }
  const roots = tasks.filter((task) => task.ppid === 0)
  const root = roots[0]
  if (root === undefined || roots.length > 1)
    throw badImages(`${roots.length} tasks have no parent, exactly one has to`, {
      where: `${images.path}/pstree.img`,
      next: 'nothing was deleted; the images are not those of one process tree',
    })
  return { ...withIds(images, criu, root, tasks), count, pids }
}

const withIds = (
  images: ImageSource,
  criu: TaskKobjIds,
  root: PstreeEntry,
  tasks: readonly PstreeEntry[],
): Omit<Tasks, 'count' | 'pids'> => {
  const notes: string[] = []
  const namespaces = new Set<number>()
  let rootIds: TaskKobjIds | undefined
  let complete = true
  let without = 0
  for (const task of [root, ...tasks.filter((other) => other !== root)]) {
    let ids: TaskKobjIds | undefined
    const state = images.read(`ids-${task.pid}.img`, 'ids', (data) =>
      whenDecodes(
        () => decodeIds,
        (value) => (ids = value),
        data,
      ),
    )
    // A zombie has no ids image at all, or one without an entry; it has no files either.
    if (state.state === 'truncated' || state.state === 'empty') complete = false
    else if (ids === undefined) without += 1
    if (task === root) rootIds = ids
    if (ids?.mnt_ns_id !== undefined) namespaces.add(ids.mnt_ns_id)
  }
  const count = tasks.length
  if (without > 0)
    notes.push(
      `${without} of ${count} tasks have no ids, as zombies have none: a mount namespace that only they were in is not known`,
    )
  if (rootIds === undefined) return { ...UNKNOWN, notes }
  // root_ns_mask: a namespace is the tree's own where the root task's id differs from CRIU's.
  const namespaced = (rootIds.mnt_ns_id ?? 0) !== (criu.mnt_ns_id ?? 0)
  if (!namespaced && namespaces.size > 1)
    throw badImages('tasks have mount namespaces of their own but the root task has not', {
      where: images.path,
      next: 'nothing was deleted; CRIU cannot have written these images',
    })
  return {
    complete,
    tree: namespaced ? 'namespaced' : 'host',
    mountNamespaces: namespaced ? [...namespaces] : [],
    ...netnsOf(rootIds, criu),
    notes,
  }
}

const netnsOf = (root: TaskKobjIds, criu: TaskKobjIds): Pick<Tasks, 'netns' | 'netnsId'> =>
  (root.net_ns_id ?? 0) === (criu.net_ns_id ?? 0)
    ? { netns: 'host', netnsId: undefined }
    : { netns: 'own', netnsId: root.net_ns_id }
