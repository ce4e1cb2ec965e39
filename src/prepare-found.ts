// What is below the directories of `scan`: names of the form of a link remap, who holds their files, and which images
// list them. Comes before the first deletion, and with all privileges.
import type { Bytes } from './bytes.js'
import { readFrom } from './checkpoint/checkpoint.js'
import type { Checkpoint } from './checkpoint/model.js'
import type { About } from './collect/found.js'
import { addressIn, type Address } from './host/address.js'
import { Holding } from './host/below/holding.js'
import { isOfLink, shownElsewhere } from './host/below/mounted.js'
import { openTops, pathBelow, type Top } from './host/below/top.js'
import { Walk, type FoundName } from './host/below/walk.js'
import { readClocks, toNow } from './host/clock.js'
import { hostOf, type Host } from './host/host.js'
import { mountpointTest } from './host/mountpoints.js'
import { otherNamespaces } from './host/namespaces.js'
import { hostView } from './host/view.js'
import type { ImageSource } from './images/source.js'
import { LIMITS } from './limits.js'
import { inDirectory } from './paths.js'
import { mustListAll, Wanted } from './plan/wanted.js'
import type { Sys } from './sys/sys.js'
import type { Time } from './time.js'

/** A directory of images, and whether its checkpoint is wanted. */
export interface Images {
  readonly directory: ImageSource
  readonly isKept: boolean
}

export interface ReadImages {
  readonly checkpoint: Checkpoint
  readonly isKept: boolean
}

/** What is known of a name besides itself. */
export interface Known extends About {
  /** Of all images that were given. */
  readonly listedBy: readonly string[]
}

export interface Found {
  readonly tops: readonly Top[]
  readonly images: readonly ReadImages[]
  readonly names: readonly FoundName[]
  readonly about: (name: FoundName) => Known
  /** Directories that were read, and those of other mounts, which were not. */
  readonly directories: number
  readonly otherMounts: number
  /** What could not be looked at below them, and of processes and mounts, a phrase each. */
  readonly unread: readonly string[]
  readonly unseen: readonly string[]
  /** When the look began, by this machine's clock. */
  readonly begun: Time
}

export interface FindOptions {
  /** Absolute host paths. */
  readonly directories: readonly string[]
  readonly maxRemaps: number | undefined
  readonly onDirectories: (count: number) => void
}

export const prepareFound = (
  sys: Sys,
  images: readonly Images[],
  { directories, maxRemaps = LIMITS.remaps, onDirectories }: FindOptions,
): Found => {
  const clocks = readClocks()
  const host = hostOf(sys, hostView(clocks))
  const read = images.map(({ directory, isKept }) => {
    const checkpoint = readFrom(directory, { clocks: toNow(clocks), isLiving: true })
    return { isKept, checkpoint: isKept ? mustListAll(checkpoint) : checkpoint }
  })
  const tops = openTops(sys, host, directories)
  const walk = new Walk(sys, { most: maxRemaps, onProgress: onDirectories })
  for (const top of tops) walk.look(top)
  walk.end()
  const names = inOrder(walk.found)
  const holding = new Holding(
    sys,
    names.flatMap(({ stat }) => stat ?? []),
  )
  holding.look()
  const others = names.length === 0 ? NOTHING : otherNamespaces(sys, isOfLink)
  const tables = [host, ...others.tables]
  const isMountpoint = mountpointTest(tables)
  const shown = shownElsewhere(tables)
  const lists = read.map(({ checkpoint, isKept }) => ({
    isKept,
    list: listOf(checkpoint, host, clocks.realtime),
  }))
  return {
    tops,
    images: read,
    names,
    about: (found) => {
      const address = addressOf(found)
      const listing = lists.map(({ list }) => list.listingAt(found.name, address))
      return {
        listedBy: listing.filter((place) => place !== undefined),
        wantedBy: listing.find((place, index) => place !== undefined && lists[index]?.isKept),
        heldBy: [
          ...(found.stat === undefined ? [] : holding.of(found.stat)),
          ...shown(found.name, address),
        ],
        isMountpoint:
          found.stat === undefined || isMountpoint(found.name, () => directoryAddress(found)),
      }
    },
    directories: walk.directories,
    otherMounts: walk.otherMounts,
    unread: walk.unread,
    unseen: [...holding.unread, ...(others.unseen === undefined ? [] : [others.unseen])],
    begun: clocks.realtime,
  }
}

/** As in a listing, whatever order the file system has. */
const inOrder = (names: readonly FoundName[]): FoundName[] =>
  names
    .map((name) => ({ name, path: pathOf(name) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ name }) => name)

const NOTHING = { tables: [], unseen: undefined }

/** File systems without a disk may be others by now: nothing says since when they are mounted. */
const listOf = (checkpoint: Checkpoint, host: Host, now: Time): Wanted => {
  const list = new Wanted(host.mounts, { booted: host.bootedAt, started: now })
  list.add(checkpoint.directory ?? '', checkpoint)
  return list
}

const directoryAddress = ({ directory: { top, path } }: FoundName): Address | undefined =>
  top.row && addressIn(top.row, pathBelow(top, path))

const addressOf = (found: FoundName): Address | undefined => {
  const address = directoryAddress(found)
  return address && { ...address, path: inDirectory(address.path, found.name) }
}

/** From the root of this host. */
export const pathOf = ({ directory: { top, path }, name }: FoundName): Bytes =>
  inDirectory(pathBelow(top, path), name)
