// Links that were found below a directory: directory by directory, each held again and compared with what was seen, then
// one by one as those that images list. Looks, asks `proof`, unlinks, looks again.
import type { Bytes } from '../bytes.js'
import { isExactLinkName } from '../link-name.js'
import { groupBy } from '../group.js'
import type { Acts } from '../host/acts.js'
import { openBelow, openBeneath } from '../host/below/top.js'
import type { FoundDirectory, FoundName } from '../host/below/walk.js'
import type { Consent } from '../proof/doubts.js'
import { judgeFound, momentOf, type FoundFacts } from '../proof/found.js'
import type { Span } from '../proof/window.js'
import {
  BENEATH_MOUNT,
  ENOENT,
  EXDEV,
  O_NOFOLLOW,
  O_PATH,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
} from '../sys/constants.js'
import type { SignalName } from '../sys/signals.js'
import { isImmutable, isSameInode, isWhiteout, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import {
  MOUNTED_ON,
  NO_DIRECTORY,
  notLookedAt,
  OTHER_DIRECTORY,
  REMOVED_MEANWHILE,
} from './explain.js'
import { explainFound } from './explain-found.js'
import type { Outcome } from './outcome.js'
import { Removal, type HeldDirectory, type RemovalOptions } from './removal.js'
import { failed, failedBy, isGone, pathFailed, silent, wentMeanwhile } from './unlink.js'

/** What was gathered of a name before privileges were given up. */
export interface About {
  readonly heldBy: readonly string[]
  readonly wantedBy: string | undefined
  /** On it, in whatever mount namespace. */
  readonly isMountpoint: boolean
}

export interface FoundOptions extends RemovalOptions {
  readonly window: Span
  readonly accept: Consent
  readonly about: (found: FoundName) => About
  /** Why somebody may hold a file who was not seen. */
  readonly unseen: string | undefined
  readonly onProgress: (done: number) => void
  /** The signal that asks us to end; asked before each link. */
  readonly interrupted: () => SignalName | undefined
}

/** In the order of the names. */
export const collectFound = (
  sys: Sys,
  names: readonly FoundName[],
  acts: Acts,
  options: FoundOptions,
): Outcome[] => {
  const outcomes: Outcome[] = []
  const collector = new Collector(sys, acts, options)
  for (const [directory, indices] of groupBy(
    names.keys(),
    (index) => (names[index] as FoundName).directory,
  )) {
    const group = indices.map((index) => names[index] as FoundName)
    const found = collector.collectDirectory(directory, group)
    indices.forEach((index, i) => (outcomes[index] = found[i] as Outcome))
  }
  acts.flush()
  return outcomes
}

class Collector {
  private readonly sys: Sys
  private readonly acts: Acts
  private readonly options: FoundOptions
  private readonly removal: Removal
  private done = 0

  constructor(sys: Sys, acts: Acts, options: FoundOptions) {
    this.sys = sys
    this.acts = acts
    this.options = options
    this.removal = new Removal(sys, acts, options)
  }

  collectDirectory(directory: FoundDirectory, names: readonly FoundName[]): Outcome[] {
    const stopped = this.stopped()
    if (stopped !== undefined) return names.map(() => stopped)
    const place = this.open(directory)
    if ('verdict' in place) return names.map(() => place)
    try {
      const outcomes = names.map(
        (name) =>
          this.stopped() ?? this.asked(directory, place, name.name) ?? this.collect(place, name),
      )
      const removed = names.filter((_, i) => outcomes[i]?.verdict === 'removed')
      this.remember(place, removed)
      return outcomes
    } finally {
      this.sys.close(place.fd)
    }
  }

  /** A link that is in hand is finished; no other is begun. */
  private stopped(): Outcome | undefined {
    const signal = this.options.interrupted()
    return signal === undefined ? undefined : notLookedAt(signal)
  }

  /** Where somebody else answers look-ups, a child makes each of them first. */
  private asked({ top }: FoundDirectory, { fd }: HeldDirectory, name: Bytes): Outcome | undefined {
    if (!top.isRemote) return undefined
    const answer = this.sys.answers(fd, '.' as Bytes, BENEATH_MOUNT, name)
    return answer < 0 ? silent(answer) : undefined
  }

  private open(directory: FoundDirectory): HeldDirectory | Outcome {
    const { sys } = this
    const { top, path, stat: before } = directory
    if (top.isRemote) {
      const answer = sys.answers(top.fd, '.' as Bytes, BENEATH_MOUNT)
      if (answer < 0) return silent(answer)
    }
    const fd = openBelow(sys, top, path)
    if (fd === ENOENT) return NO_DIRECTORY
    if (fd < 0) return pathFailed(fd)
    try {
      const stat = sys.fstat(fd)
      if (isSameInode(stat, before)) return { fd, stat }
      sys.close(fd)
      return OTHER_DIRECTORY
    } catch (error) {
      sys.close(fd)
      return failedBy(error)
    }
  }

  private collect(place: HeldDirectory, found: FoundName): Outcome {
    if (++this.done % 256 === 0) this.options.onProgress(this.done)
    const { sys } = this
    const { name } = found
    const file = openBeneath(sys, place.fd, name, O_PATH | O_NOFOLLOW)
    if (file === ENOENT) return REMOVED_MEANWHILE
    if (file === EXDEV) return MOUNTED_ON
    if (file < 0) return failed('openat2', file)
    try {
      const stat = sys.fstat(file)
      const objection = this.judge(place, found, stat)
      if (objection !== undefined)
        return wentMeanwhile(sys, place.fd, name) ? REMOVED_MEANWHILE : objection
      return this.removal.of(place, name, file, stat) ?? REMOVED_MEANWHILE
    } catch (error) {
      return failedBy(error)
    } finally {
      sys.close(file)
    }
  }

  /** Undefined: it is a leftover and may go. */
  private judge(place: HeldDirectory, found: FoundName, stat: Stat): Outcome | undefined {
    const { acts, options } = this
    const { window, unseen } = options
    const { heldBy, wantedBy, isMountpoint } = options.about(found)
    const changed = acts.ctimeBefore(stat)
    const directoryChanged = acts.ctimeBefore(place.stat)
    const facts: FoundFacts = {
      isName: isExactLinkName(found.name),
      isType: TYPES.has(stat.mode & S_IFMT) && !isWhiteout(stat),
      isMountpoint,
      isImmutable: isImmutable(stat),
      isSameInode: found.stat !== undefined && isSameInode(stat, found.stat),
      isWanted: wantedBy !== undefined,
      held: heldBy.length > 0 ? 'yes' : unseen === undefined ? 'no' : 'unknown',
      changed: momentOf(changed, window),
      directoryChanged: momentOf(directoryChanged, window),
    }
    const verdict = judgeFound(facts, (doubt) => options.accept.has(doubt))
    if (verdict.is === 'leftover') return undefined
    const details = { stat, changed, directoryChanged, window, heldBy, wantedBy, unseen }
    return explainFound(verdict, details)
  }

  /** After the last removal: that the directory was changed by us. */
  private remember({ fd, stat }: HeldDirectory, removed: readonly FoundName[]): void {
    if (removed.length === 0) return
    // A name that is there again was made by somebody else meanwhile.
    const isOurs = removed.every(({ name }) => isGone(this.sys, fd, name))
    if (isOurs) this.acts.changed('directory', stat, this.sys.fstat(fd).ctime)
  }
}

/** Of which CRIU makes links. */
const TYPES: ReadonlySet<number> = new Set([S_IFREG, S_IFIFO, S_IFCHR, S_IFBLK])
