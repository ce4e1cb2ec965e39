// The mounts of a mount namespace as the kernel lists them to whoever knows its number: listmount(2) and
// statmount(2) with a namespace, from Linux 6.11 on. Nobody has to be in it, nor do we go there.
import { ENOENT, EOVERFLOW, LSMT_ROOT } from '../sys/constants.js'
import { readId, STATMOUNT_MASK, Statmount, type NamespaceInfo } from '../sys/statmount.js'
import type { Sys } from '../sys/sys.js'
import type { Check } from './patience.js'

/** Ids that one call may answer with. */
const PAGE = 512
/** A path may be longer than PATH_MAX: each of its mounts was made from the directory above. */
const LONGEST = 1 << 24

export class Listing {
  private readonly sys: Sys
  private readonly check: Check
  private readonly ids = Buffer.alloc(PAGE * 8)
  private record = Buffer.alloc(1 << 14)
  private found = new Statmount(this.record)

  constructor(sys: Sys, check: Check) {
    this.sys = sys
    this.check = check
  }

  /** Until the next call; or -errno: -ENOENT for one that is gone. */
  row(namespace: number, mount: number): Statmount | number {
    const result = this.sys.tryStatmount(namespace, mount, STATMOUNT_MASK, this.record)
    if (result === EOVERFLOW && this.record.length < LONGEST) {
      this.record = Buffer.alloc(this.record.length * 2)
      this.found = new Statmount(this.record)
      return this.row(namespace, mount)
    }
    return result < 0 ? result : this.found
  }

  /**
   * All of a namespace, or -errno where not all can be seen.
   *
   * The kernel begins at the first mount on the root of the namespace, which is the one on "/" but for
   * machines that run from their initramfs: there it is any, and what is not below it is left out (tried
   * on 6.18). Such a list is shorter than the kernel's own count, and is made once more from the root.
   */
  all({ id, count }: NamespaceInfo): readonly number[] | number {
    const found = this.below(id)
    // Nothing is mounted there, or nobody has been in it for some microseconds.
    if (found === ENOENT) return []
    if (typeof found === 'number' || found.length >= count) return found
    const [first] = found
    return first === undefined ? found : this.from(id, first)
  }

  /** Of our own namespace what cannot be reached from our root, which is on mount `root`; or -errno. */
  hidden({ id, count }: NamespaceInfo, root: number): readonly number[] | number {
    const seen = this.below(id)
    if (typeof seen === 'number') return seen
    if (seen.length >= count) return []
    const all = this.from(id, root)
    if (typeof all === 'number') return all
    const known = new Set(seen)
    return all.filter((mount) => !known.has(mount))
  }

  /** Up from a mount to the root of the namespace, which is its own parent, and from there all. */
  private from(namespace: number, mount: number): number[] | number {
    for (let at = mount; ;) {
      this.check()
      const row = this.row(namespace, at)
      if (typeof row === 'number') return row
      if (row.parent !== at) {
        at = row.parent
        continue
      }
      const found = this.below(namespace, at)
      return typeof found === 'number' ? found : [at, ...found]
    }
  }

  private below(namespace: number, mount = LSMT_ROOT): number[] | number {
    const found: number[] = []
    for (;;) {
      this.check()
      const count = this.sys.tryListmount(namespace, this.ids, found.at(-1), mount)
      if (count < 0) return count
      for (let i = 0; i < count; i++) found.push(readId(this.ids, i * 8))
      if (count < PAGE) return found
    }
  }
}
