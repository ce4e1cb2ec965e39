// The mount tables of all namespaces of the kernel's row (nsfs.ts), each listed by its number (listed.ts). What
// costs more is done for those with a wanted mount only.
import { ROOT } from '../paths.js'
import { errnoName } from '../sys/errno.js'
import { AT_FDCWD, ENOENT, EPERM, ETIMEDOUT, O_DIRECTORY } from '../sys/constants.js'
import type { NamespaceInfo } from '../sys/statmount.js'
import type { Sys } from '../sys/sys.js'
import { Holders, nameOf } from './holders.js'
import { idsOf, Listing, type Ids } from './listed.js'
import type { AllNamespaces, NamespaceTable } from './namespaces.js'
import { namespaceInfo, openNamespace, walkNamespaces } from './nsfs.js'
import { inTime, TOO_LONG, type Check } from './patience.js'
import { Table, type Wanted } from './table.js'
import { withVisitor } from './visitor.js'

/** All but ours, which `own` holds; -errno where the kernel does not lead to all of them. */
export const walkedNamespaces = (
  sys: Sys,
  own: number,
  wanted: Wanted,
  check: Check,
): AllNamespaces | number => {
  const ours = namespaceInfo(sys, own)
  if (typeof ours === 'number') return ours
  const walk = new Walk(sys, own, wanted, check)
  let result = 0
  const isDone = inTime(() => {
    walk.addHidden(ours)
    result = walkNamespaces(sys, own, (namespace, fd) => {
      walk.add(namespace, fd)
      return false
    })
  })
  if (result < 0) return result
  return isDone ? walk : { tables: walk.tables, unseen: TOO_LONG }
}

class Walk implements AllNamespaces {
  readonly tables: NamespaceTable[] = []
  unseen: string | undefined
  private readonly sys: Sys
  private readonly wanted: Wanted
  private readonly check: Check
  private readonly listing: Listing
  private readonly holders: Holders

  constructor(sys: Sys, own: number, wanted: Wanted, check: Check) {
    this.sys = sys
    this.wanted = wanted
    this.check = check
    this.listing = new Listing(sys, check)
    this.holders = new Holders(sys, own)
  }

  /** What a chroot(2) hides of our own namespace, or a mount on "/". */
  addHidden(ours: NamespaceInfo): void {
    const { mntId } = this.sys.withPath(AT_FDCWD, ROOT, O_DIRECTORY, (fd) =>
      this.sys.fstatCached(fd),
    )
    const table = this.list(ours.id, this.listing.hidden(ours, mntId))
    if (typeof table === 'number') this.miss('our own mount namespace', table)
    else if (table.mounts.length > 0)
      this.tables.push({
        holder: () => ({ text: 'our own mount namespace, out of our reach', pid: process.pid }),
        mounts: table.mounts,
        hasRemote: table.hasRemote,
        openRoot: () => EPERM,
      })
  }

  /** `fd` holds the namespace. */
  add(namespace: NamespaceInfo, fd: number): void {
    const table = this.read(namespace, fd)
    if (table === undefined || table.mounts.length === 0) return
    const { sys, holders } = this
    const name = nameOf(sys, fd)
    if (holders.isOfCleanUps(name)) return
    this.tables.push({
      holder: () => holders.holding(name),
      mounts: table.mounts,
      hasRemote: table.hasRemote,
      openRoot: () => (table.isAskedAtRoot ? ETIMEDOUT : openRootOf(sys, namespace.id)),
    })
  }

  private read(namespace: NamespaceInfo, fd: number): Table | undefined {
    const listed = this.list(namespace.id, this.listing.all(namespace))
    if (typeof listed === 'object' && !listed.hasPlaceless) return listed
    // From inside there are names for mounts that the kernel counts as out of reach, and tables where a
    // sandbox has no listmount(2).
    const waits = typeof listed === 'object' && listed.isAskedAtRoot
    const entered = waits ? ETIMEDOUT : this.enter(fd)
    if (typeof entered === 'number') {
      this.miss('a mount namespace', entered)
      return typeof listed === 'number' ? undefined : listed
    }
    const known = new Set(entered.mounts.map(({ mntId }) => mntId))
    if (typeof listed === 'object')
      entered.mounts.push(...listed.mounts.filter(({ mntId }) => !known.has(mntId)))
    return entered
  }

  private enter(fd: number): Table | number {
    return withVisitor(this.sys, (visitor) => visitor.read(fd, this.wanted, this.check))
  }

  private miss(what: string, result: number): void {
    this.unseen ??= `${what} cannot be looked at: ${errnoName(-result)}`
  }

  private list(namespace: number, ids: Ids | number): Table | number {
    if (typeof ids === 'number') return ids
    const table = new Table(this.wanted, this.check)
    const { text } = this.wanted
    const mentioned = text === undefined || this.listing.mentions(namespace, ids, text)
    if (mentioned === false) return table
    if (typeof mentioned === 'number') return mentioned
    const parents = new Set<number>()
    const kept = new Set<number>()
    for (const id of idsOf(ids)) {
      const row = this.listing.row(namespace, id)
      // Unmounted meanwhile.
      if (row === ENOENT) continue
      if (typeof row === 'number') return row
      if (!table.add(row)) continue
      kept.add(id)
      parents.add(row.parent)
    }
    for (const id of parents) {
      const row = kept.has(id) ? ENOENT : this.listing.row(namespace, id)
      // The root of a namespace is nowhere.
      if (typeof row === 'object' && row.mountpoint !== '') table.keep(row)
    }
    return table
  }
}

const openRootOf = (sys: Sys, id: number): number => {
  const fd = openNamespace(sys, id)
  if (fd < 0) return fd
  try {
    return withVisitor(sys, (visitor) => visitor.openRoot(fd))
  } finally {
    sys.close(fd)
  }
}
