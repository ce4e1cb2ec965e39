// Each remap under its namespace's root: by mount, then by directory, then one by one. Looks, asks `proof`,
// acts.
import { groupBy } from '../group.js'
import type { Acts } from '../host/acts.js'
import { addressBelow } from '../host/address.js'
import type { Host } from '../host/host.js'
import type { Constructed, ConstructedMount } from '../namespaces/construct.js'
import { ROOT } from '../paths.js'
import type { Plan, PlannedRemap } from '../plan/planned.js'
import { judgeAbsence } from '../proof/absence.js'
import type { Place as PlaceVerdict } from '../proof/place.js'
import { whenBorn, whenWas, type When } from '../proof/window.js'
import { isEmptyDirectory } from '../sys/directory.js'
import { isSameInode, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { Directories, inMount, type Reach } from './directories.js'
import {
  explainAbsence,
  explainElsewhere,
  GONE_FOR_GOOD,
  NO_DIRECTORY,
  notLookedAt,
  OTHER_DIRECTORY,
  PARENT_GONE,
  REMOVED_MEANWHILE,
  VANISHED,
  withoutContents,
} from './explain.js'
import { Links, type LinkOptions, type Place } from './links.js'
import { Others, type OtherLinks } from './others.js'
import { kept, type Outcome } from './outcome.js'
import { placeOfMount } from './places.js'

export interface CollectOptions extends LinkOptions {
  /** fd on `/` for a host tree. */
  readonly hostRoot: number
  /** What became of remaps whose file system is in memory and out of reach. */
  readonly deaths: ReadonlyMap<PlannedRemap, Outcome>
  /** CRIU's log says that it removed the links of this dump itself. */
  readonly rolledBack: boolean
}

export interface Collected {
  /** In the order of the plan's remaps. */
  readonly outcomes: readonly Outcome[]
  readonly others: readonly OtherLinks[]
}

export const collect = (
  sys: Sys,
  plan: Plan,
  constructed: Constructed,
  host: Host,
  acts: Acts,
  options: CollectOptions,
): Collected => {
  const outcomes = plan.remaps.map((planned) => settled(planned, options))
  // There may be very many: they are counted through, and not each put into one more object.
  const planned = (index: number): PlannedRemap => plan.remaps[index] as PlannedRemap
  const reachable = [...plan.remaps.keys()].filter((index) => planned(index).kind === 'reach')
  const run = new Run(sys, constructed, host, acts, options)
  for (const [mntId, indices] of groupBy(reachable, (index) => planned(index).mount?.mntId)) {
    const mount = mntId === undefined ? undefined : constructed.mounts.get(mntId)
    // Without a mount is only a host tree: nothing else may be looked for under the host's root.
    if (mount === undefined && mntId !== undefined) continue
    const found = run.collectMount(
      mount,
      indices.map((index) => planned(index) as Reach),
    )
    indices.forEach((index, i) => (outcomes[index] = found[i] as Outcome))
  }
  acts.flush()
  return { outcomes, others: run.others.found() }
}

const settled = (planned: PlannedRemap, { deaths }: CollectOptions): Outcome => {
  switch (planned.kind) {
    case 'kept':
      return kept(planned.reason, planned.message, planned.next)
    case 'gone':
      return GONE_FOR_GOOD
    case 'vanished':
      return deaths.get(planned) ?? VANISHED
    case 'duplicate':
      return {
        verdict: 'absent',
        reason: 'duplicate',
        message: 'an earlier remap has the same link',
      }
    case 'reach':
      return { verdict: 'failed', message: 'not reached' }
  }
}

/** A link that is not there, and what its directory, or what is left of the path to it, was like. */
interface Missing {
  readonly isDirectoryThere: boolean
  readonly changed: When
  readonly born: When | undefined
  /** Whether a clean-up removed it. */
  readonly byUs: () => boolean
}

type Found = Outcome | Missing

const isRemoved = (found: Found): boolean => !isMissing(found) && found.verdict === 'removed'

/** Asked of each link, more than once: a look at a property is cheaper than the question whether there is one. */
const isMissing = (found: Found): found is Missing => (found as Partial<Missing>).byUs !== undefined

class Run {
  readonly others: Others
  private readonly sys: Sys
  private readonly host: Host
  private readonly acts: Acts
  private readonly options: CollectOptions
  private readonly directories: Directories
  private readonly links: Links

  constructor(sys: Sys, constructed: Constructed, host: Host, acts: Acts, options: CollectOptions) {
    this.sys = sys
    this.host = host
    this.acts = acts
    this.options = options
    this.others = new Others(sys)
    this.directories = new Directories(sys, constructed, host, options.hostRoot)
    this.links = new Links(sys, acts, options)
  }

  /** All remaps of one mount together, so that a wrong mount is told from links that are gone. */
  collectMount(mount: ConstructedMount | undefined, remaps: readonly Reach[]): Outcome[] {
    const stopped = this.stopped()
    if (stopped !== undefined) return remaps.map(() => stopped)
    const place = placeOfMount(mount, this.host, this.options.window)
    if (mount?.contents === 'stand-in') {
      const lost = mount.loss === 'removed' && place.is === 'the-one'
      const outcome = lost ? PARENT_GONE : withoutContents(mount)
      return remaps.map(() => outcome)
    }
    if (mount !== undefined && place.is === 'elsewhere' && !this.options.accept.has('elsewhere')) {
      const outcome = explainElsewhere(mount, place.why)
      return remaps.map(() => outcome)
    }
    const found: Found[] = []
    // One that was recognised by its mount id is the right one to look in, and so is a host tree.
    let isReached = mount === undefined || isRecognised(mount)
    for (const [, indices] of groupBy(remaps.keys(), (index) => keyOf(remaps[index] as Reach))) {
      const group = indices.map((index) => remaps[index] as Reach)
      const looked = this.collectDirectory(mount, place, group)
      isReached ||= looked.isReached
      indices.forEach((index, i) => (found[index] = looked.found[i] as Found))
    }
    // Where not all of its directories were looked into, nothing is known of the mount.
    const unknown = isReached ? undefined : this.stopped()
    return found.map((one) =>
      isMissing(one) ? (unknown ?? this.absence(mount, place, one, isReached)) : one,
    )
  }

  /** A link that is in hand is finished; no other is begun. */
  private stopped(): Outcome | undefined {
    const signal = this.options.interrupted()
    return signal === undefined ? undefined : notLookedAt(signal)
  }

  private absence(
    mount: ConstructedMount | undefined,
    place: PlaceVerdict,
    missing: Missing,
    isReached: boolean,
  ): Outcome {
    // The one that the dump saw died, and its links with it.
    if (mount?.reborn === true) return VANISHED
    const facts = {
      place: place.is === 'elsewhere' ? 'possible' : place.is,
      isReached,
      isOurAct: false,
      isRolledBack: this.options.rolledBack,
      ...missing,
    } as const
    let verdict = judgeAbsence(facts)
    // What clean-ups remember is read where it can make a difference.
    if (verdict !== 'proven' && missing.byUs()) verdict = judgeAbsence({ ...facts, isOurAct: true })
    if (verdict === 'elsewhere') throw new TypeError('a place elsewhere was looked into')
    // That it is the dump's directory, moved here, is the caller's word.
    const known = place.is === 'elsewhere' && verdict === 'proven' ? 'unproven' : verdict
    const outcome = explainAbsence(known, mount, missing.isDirectoryThere)
    return outcome.verdict === 'kept' && this.options.accept.has('gone')
      ? explainAbsence('unproven', mount, missing.isDirectoryThere)
      : outcome
  }

  private collectDirectory(
    mount: ConstructedMount | undefined,
    place: PlaceVerdict,
    remaps: readonly Reach[],
  ): { readonly found: readonly Found[]; readonly isReached: boolean } {
    const stopped = this.stopped()
    if (stopped !== undefined) return { found: remaps.map(() => stopped), isReached: false }
    const first = remaps[0] as Reach
    const directory = this.directories.open(mount, first)
    if (directory.kind === 'outcome')
      return { found: remaps.map(() => directory.outcome), isReached: false }
    if (directory.kind === 'missing') {
      const missing = this.missing(directory.above, false, () => false)
      const found = remaps.map(({ remap }) => (remap.held === undefined ? missing : NO_DIRECTORY))
      return { found, isReached: false }
    }
    const { fd, stat, asksFirst } = directory
    // A path of the namespace may lead over a mount that others serve; the times are those of this one.
    const isRemote = mount?.remote ?? asksFirst
    try {
      const held: Place = {
        fd,
        stat,
        changed: whenWas(stat.ctime, this.options.window, isRemote),
        changedByOthers: () => whenWas(this.acts.ctimeBefore(stat), this.options.window, isRemote),
        // A mount that was recognised by what the images say of it is not proven by the same words.
        is: place.is === 'the-one' && !isRecognised(mount) ? 'the-one' : 'possible',
        isRemote,
        address: () =>
          mount === undefined
            ? this.host.findAt(first.dir, stat)
            : addressBelow(mount.given, inMount(first, mount)),
      }
      // The root of a mount is always there: only what is in it tells that it is the right one.
      const isReached =
        place.is === 'the-one' || !isMountRoot(first, mount) || !isEmptyDirectory(this.sys, fd)
      const found = remaps.map(
        (remap): Found =>
          this.stopped() ??
          (asksFirst ? this.directories.ask(mount, remap, remap.base) : undefined) ??
          this.links.collect(held, remap) ??
          this.nothingAt(stat, remap),
      )
      if (!asksFirst) this.lookAround(fd, stat, remaps, found)
      return { found, isReached }
    } finally {
      this.sys.close(fd)
    }
  }

  /**
   * After the last removal: what else is there, and whether the directory's change was ours alone. A name that
   * is there again was made by somebody else meanwhile.
   */
  private lookAround(
    fd: number,
    before: Stat,
    remaps: readonly Reach[],
    found: readonly Found[],
  ): void {
    const removed = remaps.filter((_, i) => isRemoved(found[i] as Found))
    const after = removed.length > 0 ? this.directories.lookAgain(fd) : undefined
    const listed = remaps.map(({ base }) => base)
    const names = this.others.look(fd, before, (remaps[0] as Reach).dir, listed)
    if (after === undefined || names === undefined) return
    if (names.size === 0 || removed.every(({ base }) => !names.has(base)))
      this.acts.changed('directory', before, after.ctime)
  }

  /** What the living tree held was in its directory a moment ago. */
  private nothingAt(directory: Stat, { remap: { held }, base }: Reach): Found {
    if (held !== undefined)
      return isSameInode(directory, held.directory) ? REMOVED_MEANWHILE : OTHER_DIRECTORY
    return this.missing(directory, true, () => this.acts.hasRemoved(directory, base))
  }

  private missing(stat: Stat, isDirectoryThere: boolean, byUs: Missing['byUs']): Missing {
    const { window } = this.options
    const changed = whenWas(stat.ctime, window, false)
    return {
      isDirectoryThere,
      // What a clean-up of another dump removed from it does not make it the one that this dump saw.
      changed: changed === 'after' ? whenWas(this.acts.ctimeBefore(stat), window, false) : changed,
      born: whenBorn(stat.btime, window, false),
      byUs,
    }
  }
}

/** Still mounted here, and not given by the caller. */
const isRecognised = (mount: ConstructedMount | undefined): boolean =>
  mount?.attachment.provider.kind === 'host'

/** Every path begins with a slash: the same string for the usual case, not one more for each link. */
const keyOf = ({ via, dir }: Reach): string => (via === 'mount' ? `mount ${dir}` : dir)

const isMountRoot = (remap: Reach, mount: ConstructedMount | undefined): boolean =>
  mount !== undefined && inMount(remap, mount) === ROOT
