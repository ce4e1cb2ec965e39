// Ghost files that a restore left: looked for where the images say that it makes them, and removed as links are, by a
// directory that is held. `look` needs all privileges, `remove` none.
import type { Ghosts } from '../checkpoint/ghosts.js'
import type { Mount } from '../checkpoint/model.js'
import { escape } from '../escape.js'
import { groupBy } from '../group.js'
import type { Acts } from '../host/acts.js'
import { Holding } from '../host/below/holding.js'
import { openBeneath } from '../host/below/top.js'
import type { Host } from '../host/host.js'
import { isOnGhost } from '../host/mountpoints.js'
import { otherNamespaces } from '../host/namespaces.js'
import { ownedOf } from '../host/owner.js'
import { isRestoreThere } from '../host/restoring.js'
import type { Constructed, ConstructedMount } from '../namespaces/construct.js'
import { INTERRUPTED, type UndoOptions } from '../network/undo.js'
import { Unread } from '../network/unread.js'
import { isWithin, ROOT, splitLast } from '../paths.js'
import type { PlannedRemap } from '../plan/planned.js'
import type { Consent } from '../proof/doubts.js'
import { ghostDiffers } from '../proof/ghost.js'
import { planGhost, type GhostPlan } from '../residue/ghosts.js'
import type { Repairs } from '../residue/repairs.js'
import type { ResidueRow } from '../residue/undo.js'
import { ENOENT, EXDEV, O_NOFOLLOW, O_PATH } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import { isImmutable, isSameInode, type InodeId, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { isSameTime } from '../time.js'
import { Directories, type Directory, type Reach } from './directories.js'
import type { Outcome } from './outcome.js'
import { Removal } from './removal.js'
import { failedBy, isGone } from './unlink.js'

/** One that is there. */
export interface FoundGhost extends GhostPlan, Pick<Seen, 'reach' | 'directory' | 'stat'> {}

/** What has the name, and in what it differs. */
interface Seen {
  readonly reach: Reach
  /** In which it is. */
  readonly directory: InodeId
  readonly stat: Stat | undefined
  readonly differs: string | undefined
}

/** Asked for before anything is constructed: it comes with what most runs do not need. */
export const ghostFilesOn =
  (sys: Sys, host: Host) =>
  (constructed: Constructed): GhostFiles =>
    new GhostFiles(sys, constructed, host)

export class GhostFiles {
  /** What could not be looked at, a phrase each. */
  readonly unread = new Unread()
  private isAsked = false
  private readonly lacking = new Set<Mount | undefined>()
  private readonly sys: Sys
  private readonly constructed: Constructed
  private readonly host: Host
  private readonly directories: Directories

  constructor(sys: Sys, constructed: Constructed, host: Host) {
    this.sys = sys
    this.constructed = constructed
    this.host = host
    this.directories = new Directories(sys, constructed, host, host.root())
  }

  look(
    planned: readonly PlannedRemap[],
    images: Ghosts,
    repairs: Repairs,
    accept: Consent,
  ): FoundGhost[] {
    const seen: Seen[] = []
    const reachable = planned.filter((one) => one.kind === 'reach')
    this.isAsked = repairs.kinds.has('ghosts')
    for (const one of planned)
      if (one.kind === 'kept' && one.reason === 'unreachable') this.lacks(one.mount, one.message)
    for (const [, all] of groupBy(reachable, ({ mount, via, dir }) =>
      [mount?.mntId, via, dir].join(' '),
    ))
      seen.push(...this.lookInto(all, images))
    if (seen.length === 0) return []
    const mounted = this.mountedNames()
    const holding = new Holding(
      this.sys,
      seen.flatMap(({ stat, differs }) =>
        stat === undefined || differs !== undefined ? [] : stat,
      ),
    )
    holding.look()
    const isRestoring = isRestoreThere()
    return seen.map(({ reach, directory, stat, differs }) => ({
      ...planGhost(
        {
          path: reach.remap.link,
          differs: differs ?? (mounted.has(reach.base) ? MOUNTED_ON : undefined),
          heldBy: stat === undefined ? [] : holding.of(stat),
          unseen: holding.unread.length === 0 ? undefined : holding.unread.join('; '),
        },
        isRestoring,
        repairs,
        accept,
      ),
      ...{ reach, directory, stat },
    }))
  }

  remove(found: readonly FoundGhost[], acts: Acts, options: UndoOptions): ResidueRow[] {
    const removal = new Removal(this.sys, acts, { remove: options.remove, keepLastLink: false })
    const rows = found.map((ghost): ResidueRow => {
      const { row, go } = ghost
      if (!go) return { ...row, verdict: 'kept' }
      if (options.isInterrupted()) return { ...row, verdict: 'kept', ...INTERRUPTED }
      const { verdict, message, alarm } = this.removeOne(ghost, removal, acts)
      if (verdict === 'removed' || verdict === 'would-remove') return { ...row, verdict }
      return {
        ...{ ...row, verdict: 'failed', message: message ?? verdict },
        ...(alarm === undefined ? {} : { alarm }),
      }
    })
    acts.flush()
    return rows
  }

  /** Said once of each mount, to whoever asks for its ghost files. */
  private lacks(mount: Mount | undefined, why: string): void {
    if (!this.isAsked || this.lacking.has(mount)) return
    this.lacking.add(mount)
    const where = mount === undefined ? '' : ` on ${escape(mount.mountpoint)}`
    this.unread.add(`ghost files${where}`, why)
  }

  private lookInto(all: readonly Reach[], images: Ghosts): Seen[] {
    const [first] = all
    const mount = first && this.mountOf(first)
    // In the place of what died is nothing.
    if (first === undefined) return []
    if (mount === 'none') {
      const { problem, attachment } = this.constructed.mounts.get(first.mount?.mntId ?? -1) ?? {}
      if (problem !== undefined) this.lacks(attachment?.mount, problem)
      return []
    }
    const { directory, dir } = this.open(mount, first)
    if (directory.kind === 'missing') return []
    if (directory.kind === 'outcome') {
      this.unread.add(
        `ghost files in ${escape(dir)}`,
        directory.outcome.message ?? 'it cannot be opened',
      )
      return []
    }
    try {
      return all.flatMap((one) => this.lookAt(directory, { ...one, dir }, mount, images) ?? [])
    } finally {
      this.sys.close(directory.fd)
    }
  }

  /** In a directory that is gone a restore makes none, but in the nearest one above. */
  private open(
    mount: ConstructedMount | undefined,
    reach: Reach,
  ): { readonly directory: Directory; readonly dir: Reach['dir'] } {
    const top = reach.via === 'mount' ? ROOT : (mount?.attachment.mount.mountpoint ?? ROOT)
    for (let { dir } = reach; ; { dir } = splitLast(dir)) {
      const directory = this.directories.open(mount, { ...reach, dir })
      const isTop = dir === ROOT || !isWithin(splitLast(dir).dir, top)
      if (directory.kind !== 'missing' || isTop) return { directory, dir }
    }
  }

  private lookAt(
    { fd, stat: directory, asksFirst }: Extract<Directory, { kind: 'fd' }>,
    reach: Reach,
    mount: ConstructedMount | undefined,
    images: Ghosts,
  ): Seen | undefined {
    const { sys } = this
    const { base, remap } = reach
    const what = `ghost file ${escape(remap.link)}`
    const silence = asksFirst ? this.directories.ask(mount, reach, base) : undefined
    if (silence !== undefined) {
      this.unread.add(what, silence.message ?? 'no answer')
      return undefined
    }
    const file = openBeneath(sys, fd, base, O_PATH | O_NOFOLLOW)
    if (file === EXDEV) return { reach, directory, stat: undefined, differs: MOUNTED_ON }
    if (file < 0) {
      if (file !== ENOENT) this.unread.add(what, errnoName(-file))
      return undefined
    }
    try {
      const stat = sys.fstat(file)
      const { uid, gid, rdev, changed } = ownedOf(file)
      const { mode, size } = stat
      const facts = { mode, uid, gid, rdev, size, changed, isMountpoint: false }
      const isKept = isImmutable(stat)
      const image = images.of(remap.remapId)
      const differs = ghostDiffers({ ...facts, isImmutable: isKept }, image)
      return { reach, directory, stat, differs }
    } finally {
      sys.close(file)
    }
  }

  /** What is unlinked in one mount namespace takes away what is mounted on it in the others. */
  private mountedNames(): ReadonlySet<string> {
    const { tables, unseen } = otherNamespaces(this.sys, isOnGhost)
    if (unseen !== undefined) this.unread.add('what is mounted on ghost files', unseen)
    const all = [this.host, ...tables].flatMap(({ mounts }) => mounts)
    return new Set(all.filter(isOnGhost).map(({ mountpoint }) => splitLast(mountpoint).base))
  }

  private mountOf({ mount }: Reach): ConstructedMount | undefined | 'none' {
    if (mount === undefined) return undefined
    const found = this.constructed.mounts.get(mount.mntId)
    return found?.contents === 'provider' ? found : 'none'
  }

  /** Looked at again: it is the very file that was seen, and nobody has changed it since. */
  private removeOne(
    { reach, directory: seen, stat: before }: FoundGhost,
    removal: Removal,
    acts: Acts,
  ): Outcome {
    const { sys } = this
    const mount = this.mountOf(reach)
    if (mount === 'none' || before === undefined) return CHANGED
    const directory = this.directories.open(mount, reach)
    if (directory.kind === 'outcome') return directory.outcome
    // Whoever moved it may move it back: nothing is known of what was in it.
    if (directory.kind === 'missing') return OTHER_PLACE
    try {
      if (!isSameInode(directory.stat, seen)) return OTHER_PLACE
      const file = openBeneath(sys, directory.fd, reach.base, O_PATH | O_NOFOLLOW)
      // Somebody else was faster.
      if (file < 0) return file === ENOENT ? GONE : CHANGED
      try {
        const stat = sys.fstat(file)
        const isSame = isSameInode(stat, before) && isSameTime(stat.ctime, before.ctime)
        if (!isSame) return isGone(sys, directory.fd, reach.base) ? GONE : CHANGED
        const outcome = removal.of(directory, reach.base, file, stat) ?? GONE
        // A name that is there again was made by somebody else meanwhile.
        if (outcome.verdict === 'removed' && isGone(sys, directory.fd, reach.base))
          acts.changed('directory', directory.stat, sys.fstat(directory.fd).ctime)
        return outcome
      } finally {
        sys.close(file)
      }
    } catch (error) {
      return failedBy(error)
    } finally {
      sys.close(directory.fd)
    }
  }
}

const MOUNTED_ON = 'something is mounted on it'
const GONE: Outcome = { verdict: 'removed' }
const OTHER_PLACE: Outcome = {
  verdict: 'failed',
  message: 'its directory is not there any more, or is another one by now: run it again',
}
const CHANGED: Outcome = { verdict: 'failed', message: 'it is not as it was when it was found' }
