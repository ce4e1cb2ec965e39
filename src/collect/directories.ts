// The directory of a link: resolved under its namespace's root, on the mount that the images say, and
// held by an fd from then on.
import { slice, type Bytes } from '../bytes.js'
import type { Host } from '../host/host.js'
import type { Constructed, ConstructedMount } from '../namespaces/construct.js'
import { below, relative, ROOT, slashesOf } from '../paths.js'
import type { PlannedRemap } from '../plan/planned.js'
import { ENOENT, ETIMEDOUT, IN_MOUNT, IN_NAMESPACE, O_DIRECTORY, O_PATH } from '../sys/constants.js'
import type { Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import type { Outcome } from './outcome.js'
import { WRONG_MOUNT } from './explain.js'
import { failed, failedBy, pathFailed, silent } from './unlink.js'

export type Reach = Extract<PlannedRemap, { kind: 'reach' }>

export type Directory =
  | {
      readonly kind: 'fd'
      /** To be closed by the caller. */
      readonly fd: number
      /** As it is now. */
      readonly stat: Stat
      /** Each of its links has to be asked for first: what is mounted there may never answer. */
      readonly asksFirst: boolean
    }
  /** `above`: the deepest one on the way that is there. */
  | { readonly kind: 'missing'; readonly above: Stat }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }

type Seen =
  | { readonly kind: 'stat'; readonly stat: Stat }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }

export class Directories {
  private readonly sys: Sys
  private readonly constructed: Constructed
  private readonly host: Host
  /** fd on `/` for a host tree. */
  private readonly hostRoot: number
  /** Mounts, by mnt_id, that did not answer once: nobody waits for them again. */
  private readonly silent = new Set<number | undefined>()

  constructor(sys: Sys, constructed: Constructed, host: Host, hostRoot: number) {
    this.sys = sys
    this.constructed = constructed
    this.host = host
    this.hostRoot = hostRoot
  }

  open(mount: ConstructedMount | undefined, remap: Reach): Directory {
    const asksFirst = this.asksFirst(mount, remap)
    const silence = asksFirst ? this.ask(mount, remap) : undefined
    if (silence !== undefined) return { kind: 'outcome', outcome: silence }
    const { from, dir, resolve } = this.startOf(mount, remap)
    const open = (): number =>
      this.sys.tryOpenat2(from, relative(dir), O_PATH | O_DIRECTORY, resolve)
    const fd = open()
    if (fd === ENOENT) return this.missing(open(), mount, remap)
    if (fd < 0) return { kind: 'outcome', outcome: pathFailed(fd) }
    const seen = this.look(fd, mount)
    if (seen.kind === 'outcome') {
      this.sys.close(fd)
      return seen
    }
    return { kind: 'fd', fd, stat: seen.stat, asksFirst }
  }

  /** One that is held already, on whatever mount. */
  lookAgain(fd: number): Stat | undefined {
    const now = this.look(fd, undefined)
    return now.kind === 'stat' ? now.stat : undefined
  }

  /** Undefined: the directory, and the link if it is named, were looked up in time. */
  ask(mount: ConstructedMount | undefined, remap: Reach, link?: Bytes): Outcome | undefined {
    const { mntId } = mount?.attachment.mount ?? {}
    const { from, dir, resolve } = this.startOf(mount, remap)
    const result = this.silent.has(mntId)
      ? ETIMEDOUT
      : this.sys.answers(from, relative(dir), resolve, link)
    if (result >= 0) return undefined
    if (result !== ETIMEDOUT) return failed('clone', result)
    this.silent.add(mntId)
    return silent(result)
  }

  private look(fd: number, mount: ConstructedMount | undefined): Seen {
    try {
      const stat = this.sys.fstat(fd)
      return mount === undefined || stat.mntId === mount.stat.mntId || stat.mntId === mount.asideId
        ? { kind: 'stat', stat }
        : { kind: 'outcome', outcome: WRONG_MOUNT }
    } catch (error) {
      return { kind: 'outcome', outcome: failedBy(error) }
    }
  }

  private asksFirst(mount: ConstructedMount | undefined, { dir }: Reach): boolean {
    return mount === undefined ? this.host.isRemoteAt(dir) : this.constructed.remote.has(mount.nsId)
  }

  /** Asked twice: an ENOENT for a directory that is there would pass for "already gone". */
  private missing(again: number, mount: ConstructedMount | undefined, remap: Reach): Directory {
    if (again >= 0) this.sys.close(again)
    if (again !== ENOENT) return { kind: 'outcome', outcome: failed('openat2', ENOENT) }
    const above = this.nearest(mount, remap)
    return above.kind === 'outcome' ? above : { kind: 'missing', above: above.stat }
  }

  /** The deepest directory on the way that is there. */
  private nearest(mount: ConstructedMount | undefined, remap: Reach): Seen {
    const { from, dir, resolve } = this.startOf(mount, remap)
    const asksFirst = this.asksFirst(mount, remap)
    const ends = slashesOf(dir)
    let found: Seen = { kind: 'outcome', outcome: failed('openat2', ENOENT) }
    // One that is there is below others that are: halved, because a path may have thousands of parts.
    for (let low = 0, high = ends.length - 1; low <= high;) {
      const middle = (low + high) >> 1
      const above = middle === 0 ? ROOT : slice(dir, 0, ends[middle])
      const answer = asksFirst ? this.sys.answers(from, relative(above), resolve) : 0
      const fd =
        answer < 0
          ? answer
          : this.sys.tryOpenat2(from, relative(above), O_PATH | O_DIRECTORY, resolve)
      if (fd === ENOENT) high = middle - 1
      else if (fd < 0) return { kind: 'outcome', outcome: pathFailed(fd) }
      else {
        low = middle + 1
        found = this.look(fd, undefined)
        this.sys.close(fd)
        if (found.kind === 'outcome') return found
      }
    }
    return found
  }

  /** From the namespace's root; from the mount's own where that has no place in the namespace. */
  private startOf(
    mount: ConstructedMount | undefined,
    remap: Reach,
  ): { from: number; dir: Bytes; resolve: number } {
    const { via, dir } = remap
    if (mount === undefined) return { from: this.hostRoot, dir, resolve: IN_NAMESPACE }
    const root = this.constructed.roots.get(mount.nsId)
    if (via === 'namespace' && mount.state === 'attached' && root !== undefined)
      return { from: root, dir, resolve: IN_NAMESPACE }
    return {
      from: mount.aside,
      dir: inMount(remap, mount),
      resolve: IN_MOUNT,
    }
  }
}

/** The directory as seen from the root of its mount; in a host tree, of the host. */
export const inMount = ({ via, dir }: Reach, mount: ConstructedMount | undefined): Bytes =>
  via === 'mount' || mount === undefined ? dir : below(dir, mount.attachment.mount.mountpoint)
