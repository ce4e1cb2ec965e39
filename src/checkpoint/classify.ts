// Gathers what tells whole dumps from others, and asks kind.ts: presence and times of images, then the logs
// that these times say are about them.
import type { TimensEntry } from '../images/clocks.js'
import type { ImageSource, ImageState, ImageStat } from '../images/source.js'
import { dumpLogOf, hintsOf, restoreLogsOf, type LogOptions } from './hints.js'
import type { Inventory } from './inventory.js'
import { kindOf, type KindFacts } from './kind.js'
import type { Checkpoint, ImageTimes, MountNamespace } from './model.js'
import type { Remaps } from './remaps.js'
import { readStats } from './stats.js'
import { survey } from './survey.js'
import type { Tasks } from './tasks.js'
import { imageTimes, momentsOf, type Now } from './times.js'

/** All that was read of the images. */
export interface Contents {
  readonly images: ImageSource
  readonly names: readonly string[]
  readonly inventory: Inventory
  readonly tasks: Tasks
  readonly remaps: Remaps
  readonly namespaces: readonly MountNamespace[]
  readonly clock: TimensEntry | undefined
}

export const classify = (
  contents: Contents,
  options: LogOptions & { readonly clocks?: Now | undefined },
): Pick<Checkpoint, 'dump' | 'signs' | 'runId' | 'times' | 'hints' | 'notes'> => {
  const { images, names, inventory, tasks, clock } = contents
  const { early, coreless, strays } = survey(images, names, tasks.pids)
  const all = new Map([...early, ...statsOf(images)])
  const moments = momentsOf(all, early.keys(), clock, options.clocks)
  const lacking = whatLacks(contents, early)
  const whole = lacking.length === 0
  const facts = { runId: inventory.entry?.dump_criu_run_id, whole, moments }
  const own = dumpLogOf(images, options, facts)
  const { listing, files, unlisted } = contents.remaps
  const { dump, signs } = kindOf({
    inventory: stateOf(inventory),
    beyondPreDump: true,
    whole,
    lacking,
    listed: listing.entries + files.entries > 0,
    closed: isClosed(images.states, early) && unlisted.length === 0,
    coreless,
    strays,
    newer: moments.newer,
    log: own && {
      path: own.log.path,
      ended: own.log.ended,
      of: own.of,
      tells: own.log.stamped,
    },
  })
  const times = imageTimes(all, moments, {
    clock,
    dumpUptime: inventory.entry?.dump_uptime,
    stats: readStats(images, options.workDir, moments.last, moments.doubt),
    // Of two dumps the first has its log, too.
    log: own?.of === (dump === 'mixed' ? 'later' : 'this') ? own.log : undefined,
    mixed: dump === 'mixed',
  })
  const restores = restoreLogsOf(images, options, facts, times.written)
  const notes = [
    ...(own === undefined ? notUsed(options.dumpLog) : []),
    ...(restores.length === 0 ? notUsed(options.restoreLog) : []),
  ]
  return {
    dump,
    signs,
    runId: facts.runId,
    times,
    hints: hintsOf(own, restores, times.written),
    notes,
  }
}

/** What is said of a log that the caller named and that tells nothing of these images. */
const notUsed = (path: string | undefined): string[] =>
  path === undefined ? [] : [`${path} is not of these images: it was not used`]

/** Of a directory that has nothing but what a pre-dump writes; no log tells of links that it did not make. */
export const timesOfPreDump = (images: ImageSource): ImageTimes => {
  const all = statsOf(images)
  return imageTimes(all, momentsOf(all, [], undefined, undefined), {
    clock: undefined,
    dumpUptime: undefined,
    stats: undefined,
    log: undefined,
    mixed: false,
  })
}

/** Of the images that were read. */
const statsOf = (images: ImageSource): Map<string, ImageStat> => {
  const stats = new Map<string, ImageStat>()
  for (const { name, state } of images.states) {
    const stat = state === 'absent' ? undefined : images.stat(name)
    if (stat !== undefined) stats.set(name, stat)
  }
  return stats
}

const stateOf = ({ state, entry, preDump }: Inventory): KindFacts['inventory'] => {
  if (preDump) return 'pre-dump'
  if (state.state === 'absent') return 'absent'
  return state.state === 'complete' && entry !== undefined ? 'complete' : 'broken'
}

/** What a finished dump has and this one has not, a line each. */
const whatLacks = (
  { images, inventory, tasks, remaps, namespaces }: Contents,
  early: ReadonlyMap<string, ImageStat>,
): string[] => {
  const { state, entry, preDump } = inventory
  const lines = [
    ...(images.cut === undefined ? [] : [images.cut]),
    // One of a pre-dump, beside images of a dump that did not come to write its own.
    ...(state.state === 'complete' && (entry === undefined || preDump)
      ? ['inventory.img has no entry of a finished dump']
      : unless(isComplete, state)),
    ...ofName(images, /^pstree\.img$/).flatMap((one) => unless(isComplete, one)),
    // A zombie has none.
    ...ofName(images, /^ids-/).flatMap((one) => unless(isRead, one)),
    ...unless(isComplete, remaps.files),
    // A finished dump without remaps has no such image; an empty one was being written.
    ...unless(isRead, remaps.listing),
    ...namespaces
      .filter(({ complete }) => !complete)
      .map(({ id }) => `mountpoints-${id}.img is missing or cut`),
    ...[...early]
      .filter(([name, { size }]) => size === 0 && !images.states.some((one) => one.name === name))
      .map(([name]) => `${name} is empty`),
  ]
  const { length } = remaps.unlisted
  if (length > 0) lines.push(`${length} of the links lack one of their entries`)
  if (!tasks.complete && !lines.some((line) => /^(?:inventory|pstree|ids-\d+)\.img/.test(line)))
    lines.push('the root task has no ids image')
  return lines
}

const ofName = (images: ImageSource, name: RegExp): ImageState[] =>
  images.states.filter((state) => name.test(state.name))

const isComplete = ({ state }: ImageState): boolean => state === 'complete'
const isRead = ({ state }: ImageState): boolean => state === 'complete' || state === 'absent'

const WORDS = { absent: 'missing', empty: 'empty', complete: 'complete' } as const

const unless = (fine: (state: ImageState) => boolean, state: ImageState): string[] =>
  fine(state) ? [] : [`${state.name} is ${stateText(state)}`]

const stateText = ({ state, offset = 0, detail, entries }: ImageState): string =>
  state === 'truncated'
    ? `cut at byte ${offset} (${detail}; ${entries} whole entries)`
    : WORDS[state]

/** What a dump leaves that ends by itself: it writes its buffers out before it goes. */
const isClosed = (states: readonly ImageState[], early: ReadonlyMap<string, ImageStat>): boolean =>
  states.every(isRead) && [...early.values()].every(({ size }) => size > 0)
