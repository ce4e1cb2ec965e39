// From a container and its images to the options that a person would have typed. What the caller typed is left to the
// caller.
import { fromText, type Bytes } from '../bytes.js'
import type { Checkpoint, Mount } from '../checkpoint/model.js'
import { GcError } from '../errors.js'
import { escape, escapeText, shellQuote, toText } from '../escape.js'
import type { Clocks } from '../host/clock.js'
import type { Host } from '../host/host.js'
import { TICKS } from '../host/processes.js'
import { join, pathProblem, ROOT } from '../paths.js'
import { placeOf } from '../proof/place.js'
import { heldAt } from '../proof/window.js'
import type { Sys } from '../sys/sys.js'
import { isAfter, plus, type Time } from '../time.js'
import type { Container, RootPlace } from './container.js'
import { lookAt, normal, resolver, type Here } from './destination.js'
import { isOfNoInterest, matchMounts, neededMounts, type Candidate, type Match } from './match.js'

/** An option and its value, and where it came from. */
export interface Derived {
  readonly words: readonly [option: string, value: string]
  readonly from: string
}

export interface Derivation {
  readonly root: string | undefined
  /** No place of its root file system is there any more: the one that it had last. */
  readonly lostRoot: string | undefined
  /** By key: sources of mounts that are not there any more. */
  readonly lost: ReadonlyMap<Bytes, string>
  /** Key to host path. */
  readonly mapped: ReadonlyMap<Bytes, Bytes>
  readonly derived: readonly Derived[]
}

/** What the caller said, which wins. */
export interface Typed {
  readonly root: string | undefined
  readonly mapped: ReadonlyMap<Bytes, Bytes>
  readonly gone: ReadonlySet<Bytes>
}

/** @throws GcError refused where something else is in the place of what the dump saw. */
export const derive = (
  sys: Sys,
  host: Host,
  container: Container,
  checkpoint: Checkpoint,
  typed: Typed,
): Derivation => {
  if (checkpoint.tree === 'host') {
    const { root, mapped } = typed
    return { root, lostRoot: undefined, lost: new Map(), mapped, derived: [] }
  }
  const { written } = checkpoint.times
  const isThisBoot = written !== undefined && isAfter(written, host.bootedAt)
  const derived: Derived[] = []
  let { root } = typed
  let lostRoot: string | undefined
  if (root === undefined && !typed.gone.has(ROOT)) {
    const found = findRoot(sys, host, container, checkpoint, isThisBoot)
    if (found !== undefined) {
      root = found.path
      derived.push({ words: ['--root', found.path], from: found.from })
    } else lostRoot = lostRootOf(sys, host, container, checkpoint)
  }
  const candidates = candidatesOf(sys, host, container, root)
  const facts = { isThisBoot, isMounted: host.isMounted }
  const isRecorded = checkpoint.namespaces.some(({ mounts }) => mounts.length > 0)
  const isOpen = ({ key, mount }: Pick<Match, 'key' | 'mount'>): boolean =>
    !typed.mapped.has(key) && !typed.gone.has(key) && !typed.gone.has(mount.mountpoint)
  const { found, mismatches, lost } = matchMounts(checkpoint, candidates, facts)
  const mismatch = mismatches.find(isOpen)
  if (mismatch !== undefined) throw differs(mismatch)
  const mapped = new Map(typed.mapped)
  const map = (key: Bytes, { here, from }: Candidate, by: string): void => {
    if (here === undefined) return
    mapped.set(key, here.path)
    const value = `mnt[${escape(key)}]:${escape(here.path)}`
    derived.push({ words: ['--external', value], from: `${from}, by its ${by}` })
  }
  for (const match of found.filter(isOpen)) map(match.key, match.candidate, match.by)
  // Nothing tells what mounts there were: links are looked for in all of them.
  if (!isRecorded)
    for (const one of candidates)
      if (!isOfNoInterest(one.place) && !mapped.has(one.place) && !typed.gone.has(one.place))
        map(one.place, one, 'destination')
  const isLost = ({ candidate }: Match): boolean => host.ask(fromText(candidate.source)) >= 0
  const lostSources = lost
    .filter((one) => isOpen(one) && isLost(one))
    .map(({ key, candidate }) => [key, candidate.source] as const)
  return { root, lostRoot, lost: new Map(lostSources), mapped, derived }
}

const candidatesOf = (
  sys: Sys,
  host: Host,
  { mounts }: Container,
  root: string | undefined,
): Candidate[] => {
  const { resolve, close } = resolver(sys, host, root === undefined ? undefined : fromText(root))
  try {
    return mounts.map((mount) => ({
      ...mount,
      place: resolve(fromText(mount.destination)),
      here: lookAt(sys, host, fromText(mount.source), ({ path, address, upper }) => ({
        path,
        address,
        upper,
      })),
    }))
  } finally {
    close()
  }
}

const recordedRoot = ({ namespaces }: Checkpoint): Mount | undefined =>
  namespaces
    .find(({ isRoot }) => isRoot !== false)
    ?.mounts.find(({ mountpoint }) => mountpoint === ROOT)

/** The first that is there and is the dump's. @throws GcError refused where one is there, and none is the dump's. */
const findRoot = (
  sys: Sys,
  host: Host,
  { roots }: Container,
  checkpoint: Checkpoint,
  isThisBoot: boolean,
): { path: string; from: string } | undefined => {
  const recorded = recordedRoot(checkpoint)
  const isNeeded = recorded !== undefined && neededMounts(checkpoint).has(recorded.mntId)
  let other: string | undefined
  for (const place of roots) {
    const found = lookAt(sys, host, fromText(place.path), (here) => {
      if (place.isMountpoint && !host.mounts.some(({ mountpoint }) => mountpoint === here.path))
        return undefined
      if (recorded !== undefined && isElsewhere(recorded, here, host, isThisBoot)) {
        other ??= rootDiffers(recorded, here)
        if (isNeeded) return undefined
      }
      return toText(here.path)
    })
    if (found !== undefined) return { path: found, from: sourceOf(place) }
  }
  if (other === undefined) return undefined
  const upper = upperHere(sys, host, recorded)
  throw new GcError('refused', other, {
    next:
      upper === undefined
        ? 'nothing was touched; give the directory that it was with --root, or its images with --images-dir'
        : `nothing was touched; if that overlay is only not mounted, its upper directory has all that was written: add --root ${shellQuote(upper)}`,
  })
}

/** What an image names is for a person to give: it must not choose a directory itself. */
const upperHere = (sys: Sys, host: Host, recorded: Mount | undefined): string | undefined => {
  const { upper, root = ROOT } = recorded ?? {}
  if (upper === undefined || pathProblem(upper) !== undefined) return undefined
  const typed = toText(join(upper, root))
  const isThere = lookAt(sys, host, join(upper, root), () => true) === true
  return isThere && typed === escape(join(upper, root)) ? typed : undefined
}

/** One that is only unmounted may have a directory to be mounted on, or none: then the upper one tells. */
const lostRootOf = (
  sys: Sys,
  host: Host,
  { roots }: Container,
  checkpoint: Checkpoint,
): string | undefined => {
  const isThere = (path: Bytes): boolean =>
    lookAt(sys, host, path, () => true) === true || host.ask(path) < 0
  if (roots.some(({ isMountpoint }) => !isMountpoint))
    return roots.some(({ path }) => isThere(fromText(path))) ? undefined : roots.at(-1)?.path
  const { upper } = recordedRoot(checkpoint) ?? {}
  return upper === undefined || pathProblem(upper) !== undefined || isThere(upper)
    ? undefined
    : toText(upper)
}

const sourceOf = ({ from }: RootPlace): string => from

const isElsewhere = (mount: Mount, here: Here, host: Host, isThisBoot: boolean): boolean => {
  const { fstype, major, minor, root, upper } = mount
  const device = `${major}:${minor}`
  const { is } = placeOf({
    isHostTree: false,
    isStillMounted: false,
    recorded: { fstype, device, root, upper },
    given: here.address && {
      ...here.address,
      upper: here.upper,
      // An image may have anything there: what is no path of this host is none of a directory here.
      isUpper:
        upper !== undefined &&
        pathProblem(upper) === undefined &&
        here.isAt(join(upper, root ?? ROOT)),
    },
    isThisBoot,
    isMountedSince: false,
    isRecordedMounted: host.isMounted(device),
  })
  return is === 'elsewhere'
}

const recordedText = ({ major, minor, root, upper }: Mount): string =>
  upper === undefined
    ? `device ${major}:${minor}, ${escape(root ?? ('?' as Bytes))}`
    : `an overlay with the upper directory ${escape(upper)}`

const hereText = ({ address, upper }: Pick<Here, 'address' | 'upper'>): string =>
  upper === undefined
    ? `device ${address?.device ?? '?'}, ${escape(address?.path ?? ('?' as Bytes))}`
    : `an overlay with the upper directory ${escape(upper)}`

const rootDiffers = (mount: Mount, here: Here): string =>
  `${escape(here.path)} is not the root file system that was dumped: it is on ${hereText(here)}; the images say ${recordedText(mount)}`

const differs = ({ mount, key, candidate: { source, from, here } }: Match): GcError =>
  new GcError(
    'refused',
    `${escapeText(source)} is not what was mounted on ${escape(mount.mountpoint)} at the dump: it is on ${hereText({ address: here?.address, upper: undefined })}; the images say ${recordedText(mount)}`,
    {
      where: from,
      next: `nothing was touched; give the directory that it was with --external ${shellQuote(`mnt[${escape(key)}]:PATH`)}, or say that it is gone with --gone ${shellQuote(escape(normal(key)))}`,
    },
  )

/** In seconds: what the start of a process and the time of a file may be apart though they are one moment. */
const APART = 0.05

/** Its first process, where that ran before a whole dump had ended: one that was started later has other mounts. */
export const processOfDump = (
  { process }: Container,
  checkpoint: Checkpoint,
  end: Time,
  clocks: Clocks,
): Container['process'] => {
  if (process === undefined) return undefined
  const started = process.start / TICKS
  const held = heldAt(checkpoint.times, clocks)
  const { realtime, boottime } = clocks
  // Some restart a container within less than the times of files are exact to.
  const isLater =
    held === undefined
      ? isAfter(plus(realtime, started - boottime), plus(end, APART))
      : started > held
  return checkpoint.complete && checkpoint.directory !== undefined && isLater ? undefined : process
}
