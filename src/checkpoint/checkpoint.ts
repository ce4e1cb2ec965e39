// Reads an image directory in the order of restore: inventory, process tree, remaps and the files
// that they join, mount namespaces.
import { badImages } from '../errors.js'
import { ImageDirectory, type ImageState } from '../images/directory.js'
import { LIMITS } from '../limits.js'
import { readBootClock } from './clock.js'
import { readInventory } from './inventory.js'
import type { Checkpoint, MountNamespace } from './model.js'
import { readMountNamespace } from './mounts.js'
import { readRemaps, type Remaps } from './remaps.js'
import { readTasks, type Tasks } from './tasks.js'

/**
 * Reads the images of one dump. Needs no privilege but to read them, and changes nothing.
 * @throws GcError bad-images (not CRIU's, unsupported, corrupt, over a limit), usage (no directory).
 */
export const readCheckpoint = (directory: string): Checkpoint => {
  const images = new ImageDirectory(directory)
  try {
    return readFrom(images)
  } finally {
    images.close()
  }
}

/** A pre-dump writes memory and its inventory, none of these. */
const NOT_OF_PRE_DUMP = new Set(['pstree.img', 'files.img', 'reg-files.img', 'remap-fpath.img'])

/** The same from a directory that is open already. */
export const readFrom = (images: ImageDirectory): Checkpoint => {
  const inventory = readInventory(images)
  const isPreDump = inventory.preDump && !images.names().some((name) => NOT_OF_PRE_DUMP.has(name))
  if (isPreDump) return preDump(images)
  const tasks = readTasks(images, inventory.entry?.root_ids)
  // One of a pre-dump beside images of a dump that was killed before it wrote its own.
  const { state, entry, preDump: isOld } = inventory
  const finished = state.state === 'complete' && entry !== undefined && !isOld
  const remaps = readRemaps(images)
  if (images.states.every(({ state }) => state === 'absent'))
    throw badImages('no images of a CRIU dump in this directory', {
      where: images.path,
      next: 'nothing was deleted; give the directory with inventory.img in it (a streamed dump has to be extracted first)',
    })
  const namespaces = readNamespaces(images, tasks)
  const bootClock = readBootClock(images)
  const tree = tasks.tree === 'unknown' ? guessTree(namespaces, remaps) : tasks.tree
  return {
    directory: images.path,
    images: images.states,
    complete:
      finished &&
      tasks.complete &&
      remaps.files.state === 'complete' &&
      isWhole(remaps.listing) &&
      remaps.unlisted.length === 0 &&
      namespaces.every((ns) => ns.complete),
    preDump: false,
    tree,
    tasks: tasks.count,
    namespaces,
    remaps: remaps.remaps,
    unlisted: remaps.unlisted,
    counts: remaps.counts,
    writtenAt: images.writtenAt,
    begunAt: images.begunAt,
    bootClock,
    notes: tasks.notes,
  }
}

/** A finished dump without remaps has no remap-fpath.img at all; an empty one was being written. */
const isWhole = ({ state }: ImageState): boolean => state === 'complete' || state === 'absent'

const readNamespaces = (images: ImageDirectory, tasks: Tasks): MountNamespace[] => {
  const known = tasks.tree !== 'unknown'
  const ids = known ? tasks.mountNamespaces : present(images)
  if (ids.length > LIMITS.namespaces)
    throw badImages(`more than ${LIMITS.namespaces} mount namespaces`, { where: images.path })
  // Without remaps no mount matters, but an image that is not there still says "incomplete".
  const namespaces = ids.map((id, index) =>
    readMountNamespace(images, id, known ? index === 0 : ids.length === 1 ? true : undefined),
  )
  const owners = new Map<number, number>()
  let count = 0
  for (const { id, mounts } of namespaces)
    for (const { mntId } of mounts) {
      const owner = owners.get(mntId)
      if (owner !== undefined || ++count > LIMITS.mounts)
        throw badImages(
          owner === undefined
            ? `more than ${LIMITS.mounts} mounts`
            : `mount ${mntId} is in the namespaces ${owner} and ${id}`,
          { where: `${images.path}/mountpoints-${id}.img`, next: 'nothing was deleted' },
        )
      owners.set(mntId, id)
    }
  return namespaces
}

/** Where the tree's tasks are not known, the images of mounts tell which namespaces there were. */
const present = (images: ImageDirectory): number[] =>
  images
    .names()
    .map((name) => /^mountpoints-(\d{1,10})\.img$/.exec(name)?.[1])
    .filter((id) => id !== undefined)
    .map(Number)
    .sort((a, b) => a - b)

/** CRIU records mounts, and the mnt_id of a file, exactly where the tree had its own namespace. */
const guessTree = (
  namespaces: readonly MountNamespace[],
  { remaps }: Remaps,
): Checkpoint['tree'] =>
  namespaces.length > 0 || remaps.some(({ original }) => original.mntId !== undefined)
    ? 'namespaced'
    : 'host'

const preDump = (images: ImageDirectory): Checkpoint => ({
  directory: images.path,
  images: images.states,
  complete: true,
  preDump: true,
  tree: 'host',
  tasks: 0,
  namespaces: [],
  remaps: [],
  unlisted: [],
  counts: { ghost: 0, procfs: 0, unknown: 0 },
  writtenAt: images.writtenAt,
  begunAt: images.begunAt,
  bootClock: undefined,
  notes: ['a pre-dump: it made no link remaps'],
})
