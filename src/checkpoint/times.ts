// When images were written, as the file system says. CRIU writes pstree, timens-0, inventory, then files and
// remap-fpath at once; what a copy without times or another clock made of that is noticed here.
import type { TimensEntry } from '../images/clocks.js'
import type { ImageStat } from '../images/source.js'
import { earliestOf, isAfter, latestOf, plus, secondsBetween, type Time } from '../time.js'
import { TIMENS_IMAGE } from './timens.js'
import type { ImageTimes } from './model.js'

/** What a clock of this machine says now: seconds since 1970, and since boot with the time in suspend. */
export interface Now {
  readonly now: number
  readonly uptime: number
}

/** Images in one directory, by name. */
export type Stats = ReadonlyMap<string, ImageStat>

/** What the times alone say, before any log is looked at. */
export interface Moments {
  readonly inventory: Time | undefined
  /** Of the last image. */
  readonly last: Time | undefined
  /** The times tell which image was written first: they are not those of a copy. */
  readonly ordered: boolean
  readonly wholeSeconds: boolean
  /** How far two times may be off each other, in seconds. */
  readonly doubt: number
  /** Of the images that are written before the inventory those that are later than it, and by how much. */
  readonly newer: readonly { readonly name: string; readonly by: number }[]
}

/** Whole dumps: -0.6 to 0 s. Directories of two dumps: 1.5 to 9 s. A clock may be set a little meanwhile. */
const DOUBT = 1

const ORDER = [
  'pstree.img',
  TIMENS_IMAGE,
  'inventory.img',
  'files.img',
  'reg-files.img',
  'remap-fpath.img',
]

/** `early` are the names that a dump writes before its inventory. */
export const momentsOf = (
  stats: Stats,
  early: Iterable<string>,
  clock: TimensEntry | undefined,
  now: Now | undefined,
): Moments => {
  const inventory = stats.get('inventory.img')?.mtime
  const wholeSeconds = stats.size > 0 && [...stats.values()].every(({ mtime }) => mtime.nsec === 0)
  const ordered = !isCopy(clock, stats.get(TIMENS_IMAGE)?.mtime, now)
  const newer: { name: string; by: number }[] = []
  if (inventory !== undefined && ordered)
    for (const name of early) {
      const time = stats.get(name)?.mtime
      const by = time === undefined ? 0 : secondsBetween(inventory, time)
      if (by > DOUBT) newer.push({ name, by })
    }
  return {
    inventory,
    last: latestOf(mtimes(stats)),
    ordered,
    wholeSeconds,
    doubt: wholeSeconds ? DOUBT + 1 : DOUBT,
    newer,
  }
}

/**
 * Whether the image with the clocks is later than the moment that it speaks of. An earlier time is that of
 * another boot, of which nothing is known here.
 */
const isCopy = (
  clock: TimensEntry | undefined,
  written: Time | undefined,
  now: Now | undefined,
): boolean => {
  if (clock === undefined || written === undefined || now === undefined) return false
  const { sec, nsec } = clock.boottime
  const since = now.uptime - sec - nsec / 1e9
  return written.sec + written.nsec / 1e9 > now.now - since + DOUBT
}

/** Of images that are not there. */
export const NO_TIMES: ImageTimes = {
  written: undefined,
  earliest: undefined,
  born: undefined,
  reused: false,
  tookSeconds: undefined,
  clock: undefined,
  clockWritten: undefined,
  dumpUptime: undefined,
  inOrder: false,
  wholeSeconds: false,
}

/** What is known besides the images. */
export interface MoreTimes {
  readonly clock: TimensEntry | undefined
  /** Microseconds since boot. */
  readonly dumpUptime: number | undefined
  readonly stats: { readonly written: Time; readonly took: number } | undefined
  /** Of the dump that wrote here last. */
  readonly log: { readonly begun: Time; readonly written: Time } | undefined
  readonly mixed: boolean
}

export const imageTimes = (all: Stats, moments: Moments, more: MoreTimes): ImageTimes => {
  const { clock, stats, log } = more
  const ends = [stats?.written, log?.written].filter((time) => time !== undefined)
  const inOrder = ORDER.map((name) => all.get(name)?.mtime).filter((time) => time !== undefined)
  if (stats !== undefined) inOrder.push(stats.written)
  return {
    written: latestOf([...mtimes(all), ...ends]),
    earliest: earliestOf(mtimes(more.mixed ? ofLast(all, moments, log?.begun) : all)),
    born: earliestOf([...all.values()].flatMap(({ btime }) => btime ?? [])),
    reused: isReused(all.get('inventory.img')),
    tookSeconds: stats?.took,
    clock: clock && { boottime: clock.boottime, monotonic: clock.monotonic },
    clockWritten: all.get(TIMENS_IMAGE)?.mtime,
    dumpUptime: more.dumpUptime === undefined ? undefined : more.dumpUptime / 1e6,
    inOrder: inOrder.every((time, i) => i === 0 || !isAfter(inOrder[i - 1] as Time, time)),
    wholeSeconds: moments.wholeSeconds,
  }
}

/** It is small and written in one go, where it was made for it. */
const isReused = (inventory: ImageStat | undefined): boolean =>
  inventory?.btime !== undefined && secondsBetween(inventory.btime, inventory.mtime) > DOUBT

/** Images of the last of two dumps, as far as times can tell; all of them where they cannot. */
const ofLast = (
  all: Stats,
  { inventory, newer, doubt }: Moments,
  begun: Time | undefined,
): Stats => {
  const since =
    begun !== undefined
      ? plus(begun, -doubt)
      : newer.length > 0 && inventory !== undefined
        ? plus(inventory, DOUBT)
        : undefined
  if (since === undefined) return all
  const last = new Map([...all].filter(([, { mtime }]) => !isAfter(since, mtime)))
  return last.size === 0 ? all : last
}

const mtimes = (stats: Stats): Time[] => [...stats.values()].map(({ mtime }) => mtime)
