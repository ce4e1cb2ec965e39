// When was the dump? Every link of it was made within, and changed its directory then.
//
// | images | kernel's clock of the dump | the dump was |
// |---|---|---|
// | any | not known, of another boot, or suspended since | by the images |
// | written when that clock says | this boot | by the images; where they keep whole seconds the clock says which part of the last one |
// | later than it says, in CRIU's order and for as long as the dump took | this boot | by either: the clock was set back since, or the store's runs ahead |
// | later than it says, otherwise | this boot | by the clock: they are copies that have not kept their times |
// | earlier than it says | this boot | by either: the clock was set forward since, or the store's runs behind |
//
// By the images: the end is the last of them. The begin is that less what stats-dump says the dump took,
// else when dump.log began, else the earliest time of an image; a birth time only where the directory
// was not used before.
import type { Clocks } from '../host/clock.js'
import { isAfter, isBefore, latestMeaning, plus, secondsBetween, type Time } from '../time.js'

/** What the images say; see `ImageTimes` of the checkpoint. */
export interface ImageFacts {
  readonly written: Time | undefined
  readonly earliest: Time | undefined
  readonly born: Time | undefined
  /** The inventory was born long before it was written. */
  readonly reused: boolean
  readonly tookSeconds: number | undefined
  readonly logBegun: Time | undefined
  readonly clock: { readonly boottime: Time; readonly monotonic: Time } | undefined
  readonly clockWritten: Time | undefined
  readonly inOrder: boolean
  readonly wholeSeconds: boolean
}

export interface Span {
  readonly from: Time
  readonly to: Time
}

export interface Window {
  /** When the dump may have been; more than one where clocks disagree. */
  readonly spans: readonly Span[]
  /** When a restore of these images failed, which links the file back and takes that away again. */
  readonly restores: readonly Span[]
}

/** Of images that are all missing. */
const NEVER: Time = { sec: 0, nsec: 0 }

/** In seconds. File times are those of the last timer tick, which is ten ms ago at most; clocks are read one after another. */
const TICK = 0.025
/** How far two readings of one moment are apart. */
const AGREE = 0.05
/** From here on two clocks of the kernel disagree: the machine was suspended meanwhile, or it is another boot. */
const DISAGREE = 1
/**
 * How much before the begin that was found the dump may really have begun: what stats-dump counts ends a
 * little before the last file is written, and the earliest time of an image is that of one that was
 * finished, on a file system that may count in steps of two seconds.
 */
const COUNTED = 1
const SEEN = 2
/** Network file systems and FUSE remove their names of unlinked files when the task is dead. */
const REMOTE = 2

export const dumpWindow = (
  images: ImageFacts,
  restores: readonly Span[],
  clocks: Clocks,
): Window => ({ spans: spansOf(images, clocks), restores })

const spansOf = (images: ImageFacts, clocks: Clocks): Span[] => {
  const { written = NEVER, clockWritten, tookSeconds, wholeSeconds } = images
  const doubt = isCounted(images) ? COUNTED : SEEN
  const byImages = { from: plus(beginOf(images), -doubt), to: written }
  const moment = momentOf(images, clocks)
  if (moment === undefined || clockWritten === undefined) return [byImages]
  const end = plus(moment, TICK)
  const ahead = secondsBetween(moment, clockWritten)
  if (ahead <= AGREE && ahead >= (wholeSeconds ? -1 - AGREE : -AGREE))
    return [{ from: byImages.from, to: wholeSeconds && isAfter(end, written) ? end : written }]
  const took = tookSeconds ?? Math.max(0, secondsBetween(beginOf(images), written))
  const byClock = { from: plus(moment, -took - doubt), to: end }
  return ahead > 0 && !isOriginal(images, took) ? [byClock] : [byClock, byImages]
}

/** A copy is made in another order, and its files were not being written for as long as the dump took. */
const isOriginal = ({ inOrder, born, clockWritten }: ImageFacts, took: number): boolean =>
  inOrder &&
  born !== undefined &&
  clockWritten !== undefined &&
  !isAfter(born, plus(clockWritten, TICK - took))

const isCounted = ({ tookSeconds, logBegun }: ImageFacts): boolean =>
  tookSeconds !== undefined || logBegun !== undefined

const beginOf = ({
  written = NEVER,
  earliest = written,
  born,
  reused,
  tookSeconds,
  logBegun,
}: ImageFacts): Time => {
  if (tookSeconds !== undefined) return plus(written, -tookSeconds)
  if (logBegun !== undefined) return logBegun
  return born !== undefined && !reused && isBefore(born, earliest) ? born : earliest
}

/** By this machine's clock, when the kernel's was what timens-0.img says. */
const momentOf = ({ clock }: Pick<ImageFacts, 'clock'>, clocks: Clocks): Time | undefined => {
  if (clock === undefined) return undefined
  const boottime = toSeconds(clock.boottime)
  const suspended = boottime - toSeconds(clock.monotonic)
  const isThisBoot =
    boottime <= clocks.boottime &&
    Math.abs(clocks.boottime - clocks.monotonic - suspended) <= DISAGREE
  return isThisBoot ? plus(clocks.realtime, boottime - clocks.boottime) : undefined
}

/**
 * A moment of the dump in seconds of boottime, as exact as the kernel has it: all tasks were held then. Undefined where
 * that is another clock than this machine's, such as that of a time namespace.
 */
export const heldAt = (
  images: Pick<ImageFacts, 'clock' | 'clockWritten'>,
  clocks: Clocks,
): number | undefined => {
  const { clock, clockWritten } = images
  const moment = momentOf(images, clocks)
  if (clock === undefined || moment === undefined || clockWritten === undefined) return undefined
  const isOne = Math.abs(secondsBetween(moment, clockWritten)) <= AGREE
  return isOne ? toSeconds(clock.boottime) : undefined
}

const toSeconds = ({ sec, nsec }: Time): number => sec + nsec / 1e9

/** `restored`: within a failed restore of these images, which explains it. */
export type When = 'before' | 'within' | 'restored' | 'after'

/**
 * A time without nanoseconds comes from a file system that keeps whole seconds and may mean any part of
 * its second; after the end where it cannot be told.
 */
export const whenWas = (time: Time, { spans, restores }: Window, isRemote: boolean): When => {
  // What file systems answer that keep no times: neither speaks against anything.
  if (time.sec === 0) return 'within'
  const latest = latestMeaning(time)
  const grace = isRemote ? REMOTE : 0
  // Loops: asked of each link, and some() would make a function each time.
  for (const span of spans) if (isIn(time, latest, span, 0, grace)) return 'within'
  for (const span of restores) if (isIn(time, latest, span, TICK, TICK + grace)) return 'restored'
  return spans.every(({ from }) => isBefore(time, from)) ? 'before' : 'after'
}

/** 0 is what file systems say of a file that they did not see made, as those in an image of a disk. */
export const whenBorn = (
  time: Time | undefined,
  window: Window,
  isRemote: boolean,
): When | undefined =>
  time === undefined || time.sec === 0 ? undefined : whenWas(time, window, isRemote)

const isIn = (from: Time, to: Time, span: Span, before: number, after: number): boolean =>
  !isBefore(from, plus(span.from, -before)) && !isAfter(to, plus(span.to, after))

/** The first moment of the dump, and its last. */
export const beginAndEnd = ({ spans }: Window): Span => ({
  from: spans.reduce(
    (found, { from }) => (isBefore(from, found) ? from : found),
    spans[0]?.from ?? NEVER,
  ),
  to: spans.reduce((found, { to }) => (isAfter(to, found) ? to : found), spans[0]?.to ?? NEVER),
})
