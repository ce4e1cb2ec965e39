// Each remap under its namespace's root: resolve its directory, verify what has its name, unlink.
import type { Bytes } from '../bytes.js'
import { groupBy } from '../group.js'
import type { Address } from '../host/address.js'
import type { MountpointTest } from '../host/evidence.js'
import type { Constructed, ConstructedMount } from '../namespaces/construct.js'
import { IN_NAMESPACE } from '../namespaces/construct.js'
import { below, relative, ROOT } from '../paths.js'
import type { Plan, PlannedRemap } from '../plan/model.js'
import {
  AT_SYMLINK_NOFOLLOW,
  ENOENT,
  ETIMEDOUT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_NO_XDEV,
} from '../sys/constants.js'
import { isEmptyDirectory } from '../sys/directory.js'
import { isSameInode, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import type { Time } from '../time.js'
import { kept, type Outcome } from './outcome.js'
import { failed, orFailed, unlinkVerified } from './unlink.js'
import { verify } from './verify.js'
import {
  notInThere,
  PARENT_GONE,
  pathFailed,
  VANISHED,
  withoutContents,
  WRONG_MOUNT,
} from './whole.js'

export interface CollectOptions {
  readonly remove: boolean
  readonly force: boolean
  readonly keepLastLink: boolean
  readonly writtenAt: Time
  /** fd on `/` for a host tree. */
  readonly hostRoot: number
  readonly isMountpoint: MountpointTest
  /** Whether a path of the host may lead over a mount that never answers. */
  readonly isRemoteAt: (path: Bytes) => boolean
  /** Of a directory in a mount, or in the host tree. */
  readonly addressOf: (
    mount: ConstructedMount | undefined,
    directory: Bytes,
    stat: Stat,
  ) => Address | undefined
  /** Whether a mount is what the images say even if it looks empty. */
  readonly isProven: (mount: ConstructedMount) => boolean
  readonly onProgress: (done: number) => void
}

type Reach = Extract<PlannedRemap, { kind: 'reach' }>

/** Outcomes in the order of the plan's remaps. */
export const collect = (
  sys: Sys,
  plan: Plan,
  constructed: Constructed,
  options: CollectOptions,
): Outcome[] => {
  const outcomes = plan.remaps.map((planned) => settled(planned))
  const reachable = plan.remaps.flatMap((planned, index) =>
    planned.kind === 'reach' ? [{ planned, index }] : [],
  )
  const run = new Run(sys, constructed, options)
  for (const [mntId, items] of groupBy(reachable, ({ planned }) => planned.mount?.mntId)) {
    const mount = mntId === undefined ? undefined : constructed.mounts.get(mntId)
    const found = run.collectMount(
      mount,
      items.map(({ planned }) => planned),
    )
    items.forEach(({ index }, i) => (outcomes[index] = found[i] as Outcome))
  }
  return outcomes
}

const settled = (planned: PlannedRemap): Outcome => {
  switch (planned.kind) {
    case 'kept':
      return kept(planned.reason, planned.message, planned.next)
    case 'vanished':
      return { verdict: 'vanished', message: VANISHED }
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

class Run {
  private readonly sys: Sys
  private readonly constructed: Constructed
  private readonly options: CollectOptions
  /** Inodes of which this run removed a link, which changed their times; by low half of the number. */
  private readonly touched = new Map<number, Stat>()
  /** Mounts, by mnt_id, that did not answer once: nobody waits for them again. */
  private readonly silent = new Set<number | undefined>()
  private done = 0

  constructor(sys: Sys, constructed: Constructed, options: CollectOptions) {
    this.sys = sys
    this.constructed = constructed
    this.options = options
  }

  /** All remaps of one mount together, so that a wrong mount is told from links that are gone. */
  collectMount(mount: ConstructedMount | undefined, remaps: readonly Reach[]): Outcome[] {
    const unusable = mount?.contents === 'stand-in' ? withoutContents(mount) : undefined
    if (unusable !== undefined) return remaps.map(() => unusable)
    const outcomes: (Outcome | undefined)[] = remaps.map(() => undefined)
    const byDirectory = groupBy(remaps.keys(), (index) => {
      const { via, dir } = remaps[index] as Reach
      // Every path begins with a slash: the same string for the usual case, not one more for each link.
      return via === 'mount' ? `mount ${dir}` : dir
    })
    // A mount that was recognised by what the images say of it is not proven by the same words. It is
    // the right one to look in, though, and so is the one root of a host tree.
    const recognised = mount?.attachment.provider.kind === 'host'
    const proven = mount === undefined || (!recognised && this.options.isProven(mount))
    let opened = false
    let reached = mount === undefined || recognised
    for (const indices of byDirectory.values()) {
      const first = remaps[indices[0] as number] as Reach
      const directory = this.openDirectory(mount, first)
      if (directory.kind === 'missing') continue
      if (directory.kind === 'outcome') {
        for (const index of indices) outcomes[index] = directory.outcome
        continue
      }
      opened = true
      const address = (): Address | undefined =>
        this.options.addressOf(mount, inMount(first, mount), directory.stat)
      try {
        // The root of a mount is always there: only what is in it tells that it is the right one.
        reached ||= !isMountRoot(first, mount) || !isEmptyDirectory(this.sys, directory.fd)
        const asksFirst = this.asksFirst(mount, first)
        for (const index of indices) {
          const remap = remaps[index] as Reach
          outcomes[index] =
            (asksFirst ? this.ask(mount, remap, remap.base) : undefined) ??
            orFailed(() => this.collectOne(directory, remap, proven, address))
        }
      } finally {
        this.sys.close(directory.fd)
      }
    }
    if (mount === undefined || reached || (opened && proven))
      return outcomes.map((outcome) => outcome ?? PARENT_GONE)
    const wrong = notInThere(mount)
    return outcomes.map((outcome) =>
      outcome === undefined || outcome.verdict === 'absent' ? wrong : outcome,
    )
  }

  private openDirectory(mount: ConstructedMount | undefined, remap: Reach): Directory {
    const { from, dir, resolve } = this.startOf(mount, remap)
    if (this.asksFirst(mount, remap)) {
      const silence = this.ask(mount, remap)
      if (silence !== undefined) return { kind: 'outcome', outcome: silence }
    }
    const open = (): number =>
      this.sys.tryOpenat2(from, relative(dir), O_PATH | O_DIRECTORY, resolve)
    const fd = open()
    if (fd === ENOENT) return this.missing(open())
    if (fd < 0) return { kind: 'outcome', outcome: pathFailed(fd) }
    const checked = orFailed((): Directory => {
      const stat = this.sys.fstat(fd)
      return mount === undefined || stat.mntId === mount.stat.mntId || stat.mntId === mount.asideId
        ? { kind: 'fd', fd, stat }
        : { kind: 'outcome', outcome: WRONG_MOUNT }
    })
    const directory = 'kind' in checked ? checked : { kind: 'outcome' as const, outcome: checked }
    if (directory.kind !== 'fd') this.sys.close(fd)
    return directory
  }

  private asksFirst(mount: ConstructedMount | undefined, { dir }: Reach): boolean {
    return mount === undefined
      ? this.options.isRemoteAt(dir)
      : this.constructed.remote.has(mount.nsId)
  }

  /** Undefined: the directory, and the link if it is named, were looked up in time. */
  private ask(
    mount: ConstructedMount | undefined,
    remap: Reach,
    link?: Bytes,
  ): Outcome | undefined {
    const { mntId } = mount?.attachment.mount ?? {}
    const { from, dir, resolve } = this.startOf(mount, remap)
    const result = this.silent.has(mntId)
      ? ETIMEDOUT
      : this.sys.answers(from, relative(dir), resolve, link)
    if (result >= 0) return undefined
    if (result !== ETIMEDOUT) return failed('clone', result)
    this.silent.add(mntId)
    return {
      ...failed('openat2', result),
      message: 'its file system does not answer',
      next: 'see to its server, then run the same command again',
    }
  }

  /** Asked twice: an ENOENT for a directory that is there would pass for "already gone". */
  private missing(again: number): Directory {
    if (again >= 0) this.sys.close(again)
    return again === ENOENT
      ? { kind: 'missing' }
      : { kind: 'outcome', outcome: failed('openat2', ENOENT) }
  }

  /** From the namespace's root; from the mount's own where that has no place in the namespace. */
  private startOf(
    mount: ConstructedMount | undefined,
    remap: Reach,
  ): { from: number; dir: Bytes; resolve: number } {
    const { via, dir } = remap
    if (mount === undefined) return { from: this.options.hostRoot, dir, resolve: IN_NAMESPACE }
    const root = this.constructed.roots.get(mount.nsId)
    if (via === 'namespace' && mount.state === 'attached' && root !== undefined)
      return { from: root, dir, resolve: IN_NAMESPACE }
    return {
      from: mount.aside,
      dir: inMount(remap, mount),
      resolve: IN_NAMESPACE | RESOLVE_NO_XDEV,
    }
  }

  private collectOne(
    directory: OpenDirectory,
    { remap, base }: Reach,
    proven: boolean,
    address: () => Address | undefined,
  ): Outcome {
    if (++this.done % 256 === 0) this.options.onProgress(this.done)
    const file = this.sys.tryOpenat(directory.fd, base, O_PATH | O_NOFOLLOW)
    // Asked twice: an ENOENT for a name that is there would pass for "already gone".
    if (file === ENOENT && this.sys.tryStat(directory.fd, base, AT_SYMLINK_NOFOLLOW) === ENOENT)
      return { verdict: 'absent' }
    if (file < 0) return failed('openat', file)
    try {
      const stat = this.sys.fstat(file)
      const earlier = this.touched.get(stat.inoLow)
      const known = earlier !== undefined && isSameInode(earlier, stat) ? earlier : stat
      const objection = verify(stat, {
        original: remap.original,
        directoryCtime: directory.stat.ctime,
        writtenAt: this.options.writtenAt,
        ctime: known.ctime,
        isMountpoint: this.options.isMountpoint(base, address),
        proven,
        force: this.options.force,
        keepLastLink: this.options.keepLastLink,
      })
      if (objection !== undefined) return found(stat, objection)
      if (!this.options.remove) return found(stat, this.predict(directory.fd))
      if (stat.nlink > 1) this.touched.set(stat.inoLow, known)
      return found(stat, unlinkVerified(this.sys, directory.fd, base, file, stat))
    } finally {
      this.sys.close(file)
    }
  }

  /** `show` finds out what it can without trying: whether the directory can be written. */
  private predict(directory: number): Outcome {
    const result = this.sys.tryWritable(directory)
    return result < 0 ? failed('unlinkat', result) : { verdict: 'would-remove' }
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

interface OpenDirectory {
  readonly kind: 'fd'
  readonly fd: number
  /** Before anything of ours was removed from it. */
  readonly stat: Stat
}
type Directory =
  | OpenDirectory
  | { readonly kind: 'missing' }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }

/** The directory as seen from the root of its mount; in a host tree, of the host. */
const inMount = ({ via, dir }: Reach, mount: ConstructedMount | undefined): Bytes =>
  via === 'mount' || mount === undefined ? dir : below(dir, mount.attachment.mount.mountpoint)

const isMountRoot = (remap: Reach, mount: ConstructedMount | undefined): boolean =>
  mount !== undefined && inMount(remap, mount) === ROOT
