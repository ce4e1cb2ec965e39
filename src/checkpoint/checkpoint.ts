// Reads an image directory in the order of restore: inventory, process tree, remaps and the files
// that they join, mount namespaces.
import { badImages, type GcError } from '../errors.js'
import { shellQuote } from '../escape.js'
import { openImages } from '../images/open.js'
import type { ImageSource } from '../images/source.js'
import { LIMITS } from '../limits.js'
import { classify, timesOfPreDump } from './classify.js'
import { readClock } from './timens.js'
import { hintsOfLog, NO_HINTS, type LogOptions } from './hints.js'
import { readInventory } from './inventory.js'
import type { Checkpoint, DumpKind, MountNamespace } from './model.js'
import { readMountNamespace } from './mounts.js'
import { NO_NETWORK, readNetwork } from './network.js'
import { withRecovered } from './recovered.js'
import { readRemaps, type Remaps } from './remaps.js'
import { hasImages } from './survey.js'
import { readTasks, type Tasks } from './tasks.js'
import { NO_TIMES, type Now } from './times.js'
import { writingsIn } from './writings.js'

/** What is known of the dump besides its images. */
export interface ReadOptions extends LogOptions {
  /** This machine's clocks: without them a copy of the images is not told from a second dump. */
  readonly clocks?: Now | undefined
  /** In the place of the usual limit. */
  readonly maxRemaps?: number | undefined
  /** The container lives, and tells what images do not: links are recovered, and none at all are no mistake. */
  readonly isLiving?: boolean
}

/**
 * Reads the images of one dump. Needs no privilege but to read them, and changes nothing.
 * @throws GcError bad-images (not CRIU's, unsupported, corrupt, over a limit), usage (no directory, or no
 * log where one is named).
 */
export const readCheckpoint = (directory: string, options: ReadOptions = {}): Checkpoint => {
  const images = openImages(directory)
  try {
    return readFrom(images, options)
  } finally {
    images.close()
  }
}

/** A pre-dump writes memory and its inventory, none of these. */
const NOT_OF_PRE_DUMP = new Set(['pstree.img', 'files.img', 'reg-files.img', 'remap-fpath.img'])

/** The same from a directory that is open already. */
export const readFrom = (images: ImageSource, options: ReadOptions = {}): Checkpoint => {
  const inventory = readInventory(images)
  const names = images.names()
  if (
    inventory.preDump &&
    images.cut === undefined &&
    !names.some((name) => NOT_OF_PRE_DUMP.has(name))
  )
    return preDump(images)
  const tasks = readTasks(images, inventory.entry?.root_ids)
  const remaps = readRemaps(images, options.maxRemaps)
  if (
    options.isLiving !== true &&
    images.states.every(({ state }) => state === 'absent') &&
    !hasImages(images, names)
  )
    throw noImages(images, names)
  const namespaces = readNamespaces(images, names, tasks)
  const clock = readClock(images)
  const tree = tasks.tree === 'unknown' ? guessTree(namespaces, remaps) : tasks.tree
  const kind = classify({ images, names, inventory, tasks, remaps, namespaces, clock }, options)
  return {
    directory: images.path,
    images: images.states,
    ...kind,
    complete: kind.dump === 'whole',
    preDump: false,
    tree,
    tasks: tasks.count,
    network: readNetwork(images, inventory.entry, tasks, remaps.entries.sockets),
    pids: tasks.pids ?? [],
    namespaces,
    writings: options.isLiving === true ? writingsIn(images, names) : [],
    ...(options.isLiving === true && kind.dump !== 'whole'
      ? withRecovered(ofRemaps(remaps, kind.dump), remaps)
      : ofRemaps(remaps, kind.dump)),
    // Nobody restores what is not whole.
    ghosts: kind.dump === 'whole' ? remaps.ghosts : [],
    counts: remaps.counts,
    notes: [...tasks.notes, ...kind.notes],
  }
}

const noImages = (images: ImageSource, names: readonly string[]): GcError => {
  const below = images.below(names)
  return badImages(
    `no images of a CRIU dump in this ${images.what === 'archive' ? 'archive' : 'directory'}`,
    {
      where: images.path,
      next:
        below === undefined
          ? 'nothing was deleted; give the directory with inventory.img in it (a streamed dump has to be extracted first)'
          : `nothing was deleted; there are images below it: -D ${shellQuote(below)}`,
    },
  )
}

/** Of two dumps one may list what only the other has: such a link is not known, as one that was cut off. */
const ofRemaps = (
  { remaps, lost, unlisted }: Remaps,
  dump: DumpKind,
): Pick<Checkpoint, 'remaps' | 'unlisted'> =>
  dump === 'mixed'
    ? {
        remaps: remaps.filter((remap) => !lost.has(remap)),
        unlisted: [
          ...unlisted,
          ...[...lost].map(({ remapId: id, link }) => ({
            id,
            link: link === '' ? undefined : link,
          })),
        ],
      }
    : { remaps, unlisted }

const readNamespaces = (
  images: ImageSource,
  names: readonly string[],
  tasks: Tasks,
): MountNamespace[] => {
  const known = tasks.tree !== 'unknown'
  const ids = known ? tasks.mountNamespaces : present(names)
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
const present = (names: readonly string[]): number[] =>
  names
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

const NOTHING = {
  signs: [],
  runId: undefined,
  hints: NO_HINTS,
  writings: [],
  tree: 'host',
  tasks: 0,
  network: NO_NETWORK,
  pids: [],
  namespaces: [],
  remaps: [],
  unlisted: [],
  ghosts: [],
  counts: { ghost: 0, procfs: 0, unknown: 0 },
} as const

const preDump = (images: ImageSource): Checkpoint => ({
  ...NOTHING,
  directory: images.path,
  images: images.states,
  dump: 'pre-dump',
  times: timesOfPreDump(images),
  complete: true,
  preDump: true,
  notes: ['a pre-dump: it made no link remaps'],
})

/** Where no images were given: only the living tree tells. @throws GcError usage where a named log cannot be read. */
export const withoutImages = ({ dumpLog }: LogOptions): Checkpoint => ({
  ...NOTHING,
  directory: undefined,
  images: [],
  dump: 'none',
  hints: dumpLog === undefined ? NO_HINTS : hintsOfLog(dumpLog),
  times: NO_TIMES,
  complete: false,
  preDump: false,
  notes: [],
})
