// What of a living container is the dump's: its mounts in the place of those of the images, and the links of files
// that it holds where the images do not list all.
import type { Bytes } from './bytes.js'
import { orRefused } from './errors.js'
import { readCheckpoint } from './checkpoint/checkpoint.js'
import type { Checkpoint, Hints } from './checkpoint/model.js'
import type { Clocks } from './host/clock.js'
import { groupBy } from './group.js'
import type { Host } from './host/host.js'
import type { HeldLink } from './host/living/held.js'
import { readLiving, type Living } from './host/living/living.js'
import { inodeOf, wantedBeside } from './images/beside.js'
import { planLiving, type HeldRemap } from './plan/living.js'
import type { Plan } from './plan/planned.js'
import { mustListAll, Wanted } from './plan/wanted.js'
import { spanOfCopy, withRows, writingSpans } from './proof/evidence.js'
import { dumpWindow, type Span } from './proof/window.js'
import { inodeKey } from './sys/stat.js'
import type { Sys } from './sys/sys.js'
import { isAfter, isBefore, plus, type Time } from './time.js'

export interface LivingOptions {
  /** When the dump began, where nothing else tells it. */
  readonly since: Time | undefined
  /** Images of checkpoints that are wanted: absolute host paths. */
  readonly keep: readonly string[]
  /** Those that the runtime of the container keeps of it, asked for where they matter. */
  readonly keptByRuntime?: () => readonly string[]
  /** Its runtime made a copy of the log when the dump was over. */
  readonly isLogCopied: boolean
  /** Links are looked for. */
  readonly seeksLinks: boolean
}

interface LivingFound {
  readonly living: Living
  readonly plan: Plan
  /** When somebody wrote the images. */
  readonly spans: readonly Span[]
  /** When a log was written that names each file which its dump came to. */
  readonly toldSpans: readonly Span[]
}

/** In seconds: what the start of a process and the time of a file may be apart though they are one moment. */
const APART = 0.05

export const prepareLiving = (
  sys: Sys,
  host: Host,
  options: LivingOptions & { readonly pid: number; readonly seeksSockets: boolean },
  checkpoint: Checkpoint,
  end: Time,
  clocks: Clocks,
): LivingFound => {
  // A whole dump lists all that it made.
  const links = options.seeksLinks && !checkpoint.complete
  const seeks = { links, sockets: options.seeksSockets }
  const living = readLiving(sys, host, clocks, options.pid, seeks)
  const isAnyHeld = living.held.length > 0
  const started = plus(living.started, APART)
  const kept = readWanted(options, checkpoint, host, clocks, started, isAnyHeld)
  const isDumped = checkpoint.directory === undefined || !isAfter(living.started, plus(end, APART))
  const held = toRemaps(living.held, kept, checkpoint.hints)
  const logs = logSpans(checkpoint, living, options.isLogCopied)
  const written = writingSpans(checkpoint.writings, logs)
  const { since } = options
  const now = { sec: clocks.realtime.sec + 1, nsec: 0 }
  const all = since === undefined ? written : [...written, { from: since, to: now }]
  const changes = living.held.map(({ ctime }) => ctime)
  return {
    living,
    plan: planLiving(checkpoint, { ...living, isDumped }, held),
    spans: withRows(all, changes),
    toldSpans: checkpoint.hints.dumpLog?.unlinked === undefined ? [] : withRows(logs, changes),
  }
}

const logSpans = (
  { hints: { dumpLog, done } }: Checkpoint,
  { held, started }: Living,
  isCopied: boolean,
): Span[] => {
  if (dumpLog === undefined) return []
  const span = { from: dumpLog.begun, to: dumpLog.written }
  if (!isCopied) return [span]
  // A file of the dump is one that this container held, under a name that no other one had.
  const named = held.flatMap(({ called, ctime }) =>
    [...called.keys()].map((path) => ({ path, ctime })),
  )
  const byPath = groupBy(named, ({ path }) => path)
  const made = done.flatMap((path) => {
    const [one, other] = byPath.get(path) ?? []
    return one === undefined || other !== undefined || isBefore(one.ctime, started) ? [] : one.ctime
  })
  return [spanOfCopy(span, made)]
}

/** CRIU cuts long lines of its log, and a line ends where a name has the end of one. */
const isTellable = (path: Bytes): boolean => path.length < 900 && !path.includes('\n')

const toRemaps = (
  links: readonly HeldLink[],
  { wanted, writtenIn }: Kept,
  { done, dumpLog }: Hints,
): HeldRemap[] => {
  const isCome = new Set(dumpLog?.unlinked)
  const made = groupBy(done, (path) => path)
  const all = links.map((one) => ({ ...one, keptFor: wanted.listing(one.mount, one.link) }))
  // Whose a name is that a wanted checkpoint lists is known: it leaves no question about the others.
  const byFile = groupBy(all, ({ file }) => inodeKey(file.inode))
  return all.map(({ namespace, mount, link, directory, file, called, isOnly, keptFor }) => {
    const names = byFile.get(inodeKey(file.inode)) ?? []
    const others = names.flatMap((name) => name.keptFor ?? [])
    const count = names.length - others.length
    const paths = [...called.keys()]
    const links = paths.map((path) => made.get(path)?.length ?? 0)
    return {
      nsId: namespace.id,
      mount,
      link,
      original: file.path,
      held: {
        ...file.inode,
        by: file.holder(),
        directory,
        isAlone: count === 1,
        // Nobody opened more of what the log names than hold it now.
        isCounted:
          isOnly() &&
          links.reduce((sum, one) => sum + one, 0) === count &&
          paths.every((path, i) => (called.get(path) ?? 0) >= (links[i] ?? 0)),
        isLogged: links.some((one) => one > 0),
        isNamed: paths.some((path) => isCome.has(path) || !isTellable(path)),
        othersMade: others.flatMap((images) => writtenIn.get(images) ?? []),
        keptFor,
      },
    }
  })
}

interface Kept {
  readonly wanted: Wanted
  /** By their images: when these were written. */
  readonly writtenIn: ReadonlyMap<string, readonly Span[]>
}

/** Checkpoints that are to be kept: those that the caller names, those beside these images, and the runtime's. */
const readWanted = (
  { keep, keptByRuntime = () => [] }: LivingOptions,
  { directory }: Checkpoint,
  host: Host,
  clocks: Clocks,
  started: Time,
  isAnyHeld: boolean,
): Kept => {
  const wanted = new Wanted(host.mounts, { booted: host.bootedAt, started })
  const writtenIn = new Map<string, readonly Span[]>()
  const add = (place: string, checkpoint: Checkpoint): void => {
    wanted.add(place, checkpoint)
    const { times, hints } = checkpoint
    const images = { ...times, logBegun: hints.dumpLog?.begun }
    writtenIn.set(place, dumpWindow(images, [], clocks).spans)
  }
  for (const place of keep) add(place, mustListAll(readCheckpoint(place)))
  // Nothing is asked of them where nothing is held.
  const beside = directory === undefined || !isAnyHeld ? [] : wantedBeside(directory)
  const others = new Set([...beside, ...(isAnyHeld ? keptByRuntime() : [])])
  const own = directory === undefined ? undefined : inodeOf(directory)
  for (const place of others) {
    if (keep.includes(place) || (own !== undefined && inodeOf(place) === own)) continue
    const other = tryRead(place)
    if (other?.complete === true) add(place, other)
  }
  return { wanted, writtenIn }
}

const tryRead = (place: string): Checkpoint | undefined =>
  orRefused<Checkpoint | undefined>(
    () => readCheckpoint(place),
    () => undefined,
  )
