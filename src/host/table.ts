// What is kept of the mount table of another namespace. A container can make 100,000 mounts, so that only
// rows that somebody wants are, and those on which they are mounted.
import { eachMount, withoutDeleted, type HostMount } from './mountinfo.js'
import type { Check } from './patience.js'
import { isRemote } from './remote.js'

/** Whether somebody wants a row: it is asked of each, and may keep none. */
export interface Wanted {
  (row: HostMount): boolean
  /** What the mountpoints of all such rows have in them; undefined where that is nothing. */
  readonly text?: string | undefined
}

/** Types whose root the kernel looks at again, and asks a server for that, each time somebody gets there. */
const ASKED_AT_ROOT = new Set(['nfs', 'nfs4', '9p'])

export const isAskedAtRoot = ({ mountpoint, fstype }: HostMount): boolean =>
  mountpoint === '/' && ASKED_AT_ROOT.has(fstype)

/** Whether any type of /proc/filesystems is one of these. */
export const areAskedAtRoot = (filesystems: string): boolean =>
  filesystems.split('\n').some((line) => ASKED_AT_ROOT.has(line.slice(line.indexOf('\t') + 1)))

/** A mount that keeps another namespace. */
export const isBind = ({ fstype, root }: HostMount): boolean =>
  fstype === 'nsfs' && root.startsWith('mnt:[')

export class Table {
  readonly mounts: HostMount[] = []
  readonly binds: HostMount[] = []
  /** Some mount in it is of a file system that others serve: a look-up may wait for ever. */
  hasRemote = false
  /** Whoever enters may wait for ever. */
  isAskedAtRoot = false
  /** Of some it is not known where they are. */
  hasPlaceless = false
  private readonly wanted: Wanted
  private readonly check: Check

  constructor(wanted: Wanted, check: Check) {
    this.wanted = wanted
    this.check = check
  }

  /** Whether it is wanted. */
  add(row: HostMount): boolean {
    this.check()
    const isWanted = this.wanted(row)
    if (isWanted) this.keep(row)
    if (isBind(row)) this.binds.push(copyOf(row))
    if (isRemote(row)) {
      this.hasRemote = true
      this.isAskedAtRoot ||= isAskedAtRoot(row)
    }
    this.hasPlaceless ||= row.mountpoint === ''
    return isWanted
  }

  /** Wanted or not. */
  keep(row: HostMount): void {
    this.mounts.push(copyOf(row))
  }
}

const copyOf = (row: HostMount): HostMount => ({
  mntId: row.mntId,
  parentId: row.parentId,
  major: row.major,
  minor: row.minor,
  root: withoutDeleted(row.root),
  mountpoint: row.mountpoint,
  fstype: row.fstype,
  source: row.source,
  // Places are compared in our own namespace only.
  upper: undefined,
})

/** Of a mountinfo file. */
export const readTable = (fd: number, wanted: Wanted, check: Check): Table => {
  const table = new Table(wanted, check)
  eachMount(fd, (row) => table.add(row))
  const kept = new Set(table.mounts.map(({ mntId }) => mntId))
  const missing = new Set(
    table.mounts.map(({ parentId }) => parentId).filter((id) => !kept.has(id)),
  )
  if (missing.size > 0)
    eachMount(fd, (row) => {
      if (missing.delete(row.mntId)) table.keep(row)
    })
  return table
}
