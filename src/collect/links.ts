// One link in its held directory: hold what has its name, ask `proof`, unlink it, look again.
import type { Held, Original } from '../checkpoint/model.js'
import type { Acts } from '../host/acts.js'
import type { Address } from '../host/address.js'
import type { MountpointTest } from '../host/mountpoints.js'
import type { Consent } from '../proof/doubts.js'
import { judgeEvidence, whenChanged } from '../proof/evidence.js'
import { judgeKnown, judgeLink, type LinkFacts } from '../proof/link.js'
import { whenBorn, whenWas, type Span, type When, type Window } from '../proof/window.js'
import {
  ENOENT,
  O_NOFOLLOW,
  O_PATH,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  STATX_ATTR_MOUNT_ROOT,
} from '../sys/constants.js'
import type { SignalName } from '../sys/signals.js'
import { isImmutable, isSameInode, isWhiteout, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import type { Time } from '../time.js'
import type { Reach } from './directories.js'
import { explainDoubt, explainKnown } from './explain.js'
import { explainEvidence } from './explain-evidence.js'
import type { Outcome } from './outcome.js'
import { Removal, type RemovalOptions } from './removal.js'
import { failed, failedBy, isGone, wentMeanwhile } from './unlink.js'

export interface LinkOptions extends RemovalOptions {
  readonly accept: Consent
  readonly window: Window
  /** When somebody wrote the images, for links that they do not list. */
  readonly spans: readonly Span[]
  /** When a log was written that names each file which its dump came to. */
  readonly toldSpans: readonly Span[]
  readonly isMountpoint: MountpointTest
  readonly onProgress: (done: number) => void
  /** The signal that asks us to end; asked before each link. */
  readonly interrupted: () => SignalName | undefined
}

/** A directory that is held, and what is known of it. */
export interface Place {
  readonly fd: number
  readonly stat: Stat
  readonly changed: When
  /** The same, but for what clean-ups did themselves. */
  readonly changedByOthers: () => When
  readonly is: LinkFacts['place']
  /** Somebody else answers look-ups in it. */
  readonly isRemote: boolean
  readonly address: () => Address | undefined
}

export class Links {
  private readonly sys: Sys
  private readonly acts: Acts
  private readonly options: LinkOptions
  private readonly accepts: (doubt: Parameters<Consent['has']>[0]) => boolean
  private readonly removal: Removal
  private done = 0

  constructor(sys: Sys, acts: Acts, options: LinkOptions) {
    this.sys = sys
    this.acts = acts
    this.options = options
    this.removal = new Removal(sys, acts, options)
    this.accepts = (doubt) => options.accept.has(doubt)
  }

  /** Undefined: nothing has its name. */
  collect(place: Place, { remap: { original, held }, base }: Reach): Outcome | undefined {
    if (++this.done % 256 === 0) this.options.onProgress(this.done)
    const { sys, options } = this
    const file = sys.tryOpenat(place.fd, base, O_PATH | O_NOFOLLOW)
    // Asked twice: an ENOENT for a name that is there would pass for "already gone".
    if (file === ENOENT && isGone(sys, place.fd, base)) return undefined
    if (file < 0) return failed('openat', file)
    try {
      const stat = sys.fstat(file)
      if (isWhiteout(stat)) return undefined
      const isMountpoint =
        (stat.attributes & STATX_ATTR_MOUNT_ROOT) !== 0 || options.isMountpoint(base, place.address)
      const objection =
        held === undefined
          ? this.judge(stat, original, place, isMountpoint)
          : this.judgeHeld(stat, held, place, isMountpoint)
      if (objection !== undefined)
        return wentMeanwhile(sys, place.fd, base) ? undefined : found(stat, objection)
      const outcome = this.removal.of(place, base, file, stat)
      return outcome && found(stat, outcome)
    } catch (error) {
      return failedBy(error)
    } finally {
      sys.close(file)
    }
  }

  /** Undefined: it is the dump's link and may go. */
  private judge(
    stat: Stat,
    original: Original,
    place: Place,
    isMountpoint: boolean,
  ): Outcome | undefined {
    const { window } = this.options
    const facts = factsOf(stat, original, place, isMountpoint, window)
    let verdict = judgeLink(facts, this.accepts)
    let { ctime } = stat
    if (verdict.is === 'doubt' && place.changed === 'after') {
      // Another name of the file, or of another link in the directory, may have gone by our own hand.
      ctime = this.acts.ctimeBefore(stat)
      const changed = whenWas(ctime, window, place.isRemote)
      const directoryChanged = place.changedByOthers()
      verdict = judgeLink({ ...facts, changed, directoryChanged }, this.accepts)
    }
    if (verdict.is === 'own') return undefined
    if (verdict.is === 'known') return explainKnown(verdict.why, stat, original)
    return explainDoubt(verdict.why, {
      stat: { ...stat, ctime },
      changed: place.stat.ctime,
      original,
      window,
    })
  }

  /** The same of one that no image lists. */
  private judgeHeld(
    stat: Stat,
    held: Held,
    place: Place,
    isMountpoint: boolean,
  ): Outcome | undefined {
    const known = judgeKnown({
      isType: (stat.mode & S_IFMT) !== S_IFDIR,
      isMountpoint,
      isImmutable: isImmutable(stat),
    })
    if (known !== undefined) return explainKnown(known, stat)
    const { spans, toldSpans } = this.options
    // Another name of the file may have gone by our own hand.
    const isAfter = whenChanged(stat.ctime, spans) === 'after'
    const ctime = isAfter ? this.acts.ctimeBefore(stat) : stat.ctime
    const isTold = whenChanged(ctime, toldSpans) === 'within'
    const verdict = judgeEvidence(
      {
        isSameInode: isSameInode(stat, held),
        isWanted: held.keptFor !== undefined,
        isAlone: held.isAlone,
        isCounted: held.isCounted && isTold,
        isExplained: held.isCounted && this.isExplained(ctime, place.stat, held),
        isLogged: held.isLogged && this.isUnchangedSince(place.stat),
        isUnlogged: !held.isNamed && isTold,
        changed: whenChanged(ctime, spans),
      },
      this.accepts,
    )
    return verdict.is === 'own' ? undefined : explainEvidence(verdict, { ctime }, held, spans)
  }

  /** Others changed the file, and perhaps the directory, when they made links of theirs. */
  private isExplained(ctime: Time, directory: Stat, { othersMade }: Held): boolean {
    const { spans } = this.options
    return (
      whenChanged(ctime, othersMade) === 'within' &&
      whenChanged(this.acts.ctimeBefore(directory), [...spans, ...othersMade]) === 'within'
    )
  }

  /** No name was made in the directory, or taken out of it, since the images were written, but by clean-ups. */
  private isUnchangedSince(directory: Stat): boolean {
    return whenChanged(this.acts.ctimeBefore(directory), this.options.spans) === 'within'
  }
}

const factsOf = (
  { mode, size, attributes, ctime, btime }: Stat,
  original: Original,
  { changed: directoryChanged, is, isRemote }: Place,
  isMountpoint: boolean,
  window: Window,
): LinkFacts => {
  const type = mode & S_IFMT
  const expected = original.mode === undefined ? S_IFREG : original.mode & S_IFMT
  return {
    born: whenBorn(btime, window, isRemote),
    changed: whenWas(ctime, window, isRemote),
    directoryChanged,
    place: is,
    isType: type === expected && type !== S_IFDIR,
    isMountpoint,
    isImmutable: isImmutable({ attributes }),
    isMode: original.mode === undefined || (original.mode & 0o7777) === (mode & 0o7777),
    isSize: original.size === undefined || original.size === size,
  }
}

/** The outcome with what the link was. */
const found = ({ size, mode, nlink, ctime }: Stat, outcome: Outcome): Outcome => {
  const { verdict, message } = outcome
  // Nearly all have nothing else to say, and a spread costs as much as two system calls.
  return message === undefined
    ? { verdict, size, mode, nlink, ctime: ctime.sec }
    : { ...outcome, size, mode, nlink, ctime: ctime.sec }
}
