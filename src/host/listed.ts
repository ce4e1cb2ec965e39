// The mounts of a mount namespace as the kernel lists them to whoever knows its number: listmount(2) and
// statmount(2) with a namespace, from Linux 6.11 on. Nobody has to be in it, nor do we go there.
import { ENOENT, EOVERFLOW, LSMT_ROOT, STATMOUNT_MNT_POINT } from '../sys/constants.js'
import {
  hasPlace,
  readId,
  STATMOUNT_MASK,
  Statmount,
  type NamespaceInfo,
} from '../sys/statmount.js'
import type { Sys } from '../sys/sys.js'
import type { Check } from './patience.js'

/** Bytes of an id. */
const ID = 8
/** Ids that one call may answer with. */
const PAGE = 512
/** A path may be longer than PATH_MAX: each of its mounts was made from the directory above. */
const LONGEST = 1 << 24

export class Listing {
  private readonly sys: Sys
  private readonly check: Check
  private readonly page = Buffer.alloc(PAGE * ID)
  private records = Buffer.alloc(1 << 16)
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
   * Whether any of these mounts is on a place with `text` in its path, or on none that has a path; -errno. Most
   * namespaces have none, and then none of their rows is looked at one by one.
   */
  mentions(namespace: number, ids: Ids, text: string): boolean | number {
    for (let at = 0; at < ids.length;) {
      this.check()
      const rest = ids.subarray(at)
      const done = this.sys.tryStatmounts(namespace, rest, STATMOUNT_MNT_POINT, this.records)
      if (done === EOVERFLOW && this.records.length < LONGEST) {
        this.records = Buffer.alloc(this.records.length * 2)
        continue
      }
      if (done < 0) return done
      if (hasPlace(this.records, text)) return true
      at += done * ID
    }
    return false
  }

  /**
   * All of a namespace, or -errno where not all can be seen.
   *
   * The kernel begins at the first mount on the root of the namespace, which is the one on "/" but for
   * machines that run from their initramfs: there it is any, and what is not below it is left out (tried
   * on 6.18). Such a list is shorter than the kernel's own count, and is made once more from the root.
   */
  all({ id, count }: NamespaceInfo): Ids | number {
    const found = this.below(id)
    // Nothing is mounted there, or nobody has been in it for some microseconds.
    if (found === ENOENT) return NONE
    if (typeof found === 'number' || found.length === 0 || found.length >= count * ID) return found
    return this.from(id, readId(found, 0))
  }

  /** Of our own namespace what cannot be reached from our root, which is on mount `root`; or -errno. */
  hidden({ id, count }: NamespaceInfo, root: number): Ids | number {
    const seen = this.below(id)
    if (typeof seen === 'number') return seen
    if (seen.length >= count * ID) return NONE
    const all = this.from(id, root)
    if (typeof all === 'number') return all
    const known = new Set(idsOf(seen))
    return Buffer.concat(
      [...idsOf(all)].flatMap((mount, index) =>
        known.has(mount) ? [] : [all.subarray(index * ID, (index + 1) * ID)],
      ),
    )
  }

  /** Up from a mount to the root of the namespace, which is its own parent, and from there all. */
  private from(namespace: number, mount: number): Ids | number {
    for (let at = mount; ;) {
      this.check()
      const row = this.row(namespace, at)
      if (typeof row === 'number') return row
      if (row.parent !== at) {
        at = row.parent
        continue
      }
      const found = this.below(namespace, at)
      return typeof found === 'number' ? found : Buffer.concat([encodeId(at), found])
    }
  }

  private below(namespace: number, mount = LSMT_ROOT): Ids | number {
    const pages: Buffer[] = []
    for (let last = 0; ;) {
      this.check()
      const count = this.sys.tryListmount(namespace, this.page, last, mount)
      if (count < 0) return count
      pages.push(Buffer.from(this.page.subarray(0, count * ID)))
      if (count < PAGE) return pages.length === 1 ? (pages[0] as Buffer) : Buffer.concat(pages)
      last = readId(this.page, (count - 1) * ID)
    }
  }
}

/** As the kernel wrote them, eight bytes each. */
export type Ids = Buffer

const NONE: Ids = Buffer.alloc(0)

export function* idsOf(ids: Ids): Generator<number> {
  for (let at = 0; at < ids.length; at += ID) yield readId(ids, at)
}

const encodeId = (id: number): Buffer => {
  const data = Buffer.alloc(ID)
  data.writeBigUInt64LE(BigInt(id))
  return data
}
