// The whole order of `scan`: images → directories → holders → collect → report.
import { collectFound } from './collect/found.js'
import { Acts } from './host/acts.js'
import { lockImages, whileIdle } from './host/lock.js'
import { openNotes, PLACE } from './host/notes.js'
import { openImages } from './images/open.js'
import { prepareFound, type Found, type Images } from './prepare-found.js'
import { dropPrivileges } from './privilege/drop.js'
import type { Consent } from './proof/doubts.js'
import type { Span } from './proof/window.js'
import type { FoundReport } from './report/found.js'
import { notedSignal, noteSignals } from './sys/signals.js'
import type { Sys } from './sys/sys.js'
import type { Time } from './time.js'

export interface ScanOptions {
  /** Absolute host paths. */
  readonly directories: readonly string[]
  /** Images that may list what is found, and those of checkpoints that are wanted. */
  readonly images: readonly string[]
  readonly keep: readonly string[]
  readonly remove: boolean
  /** When the dump that was given up was; only then anything is judged. */
  readonly since: Time | undefined
  /** Undefined: until now. */
  readonly until: Time | undefined
  readonly accept: Consent
  readonly keepLastLink: boolean
  readonly maxRemaps: number | undefined
  /** The images are ours alone from now on. */
  readonly onLocked: () => void
  readonly onDirectories: (count: number) => void
  readonly onProgress: (done: number, total: number) => void
}

/**
 * One run, synchronous from end to end. What it did is remembered in the folder `acts`.
 * @throws GcError for whatever ends a run as a whole, with nothing touched.
 */
export const scan = (sys: Sys, options: ScanOptions, acts = PLACE): FoundReport => {
  const images = openAll(options)
  for (const { directory } of images) lockImages(sys, directory)
  options.onLocked()
  const prepare = (): Found => prepareFound(sys, images, options)
  const found = images.reduce(
    (inner, { directory }) =>
      () =>
        whileIdle(sys, directory, inner),
    prepare,
  )()
  const window = windowOf(options, found.begun)
  const report = {
    ...found,
    window,
    names: found.names.map((name) => ({
      found: name,
      about: found.about(name),
      outcome: undefined,
    })),
    interrupted: undefined,
  }
  if (window === undefined || found.names.length === 0) return report

  const { remove, accept, keepLastLink } = options
  const memory = new Acts(remove ? openNotes(nameOf(found), acts) : undefined, acts)
  // Up to here nothing was done, and a signal just ends us.
  noteSignals(sys)
  dropPrivileges(sys)
  const known = new Map(report.names.map(({ found: name, about }) => [name, about]))
  const outcomes = collectFound(sys, found.names, memory, {
    remove,
    window,
    accept,
    keepLastLink,
    about: (name) => known.get(name) ?? found.about(name),
    unseen: found.unseen[0],
    onProgress: (done) => {
      options.onProgress(done, found.names.length)
    },
    interrupted: () => notedSignal(sys),
  })
  return {
    ...report,
    names: report.names.map((name, index) => ({ ...name, outcome: outcomes[index] })),
    interrupted: notedSignal(sys),
  }
}

const windowOf = ({ since, until }: ScanOptions, now: Time): Span | undefined =>
  since === undefined ? undefined : { from: since, to: until ?? now }

/** Each once, in an order that is the same for all runs: two of them may wait for each other's. */
const openAll = ({ images, keep }: ScanOptions): Images[] => {
  const found = new Map<string, Images>()
  for (const [paths, isKept] of [
    [images, false],
    [keep, true],
  ] as const)
    for (const path of paths) {
      const directory = openImages(path)
      const inode = directory.inode()
      const known = found.get(inode)
      if (known !== undefined) directory.close()
      found.set(inode, { directory: known?.directory ?? directory, isKept })
    }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

/** Of a file of notes: by the first directory. */
const nameOf = ({ tops: [top] }: Found): string => {
  const { major = 0, minor = 0, inoHigh = 0, inoLow = 0 } = top?.stat ?? {}
  return `scan-${major}-${minor}-${inoHigh}-${inoLow}`
}
