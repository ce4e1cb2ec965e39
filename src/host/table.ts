// What is kept of the mount table of another namespace. A container can make 100,000 mounts, so that only
// rows that somebody wants are, and those on which they are mounted.
import { eachMount, type HostMount } from './mountinfo.js'
import { isRemote } from './remote.js'

/** Whether somebody wants a row: it is asked of each. */
export type Wanted = (row: HostMount) => boolean

/** Types whose root the kernel looks at again, and asks a server for that, each time somebody gets there. */
const ASKED_AT_ROOT = new Set(['nfs', 'nfs4', '9p'])

export const isAskedAtRoot = ({ mountpoint, fstype }: HostMount): boolean =>
  mountpoint === '/' && ASKED_AT_ROOT.has(fstype)

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

  constructor(wanted: Wanted) {
    this.wanted = wanted
  }

  /** Whether it is wanted. */
  add(row: HostMount): boolean {
    const isWanted = this.wanted(row)
    if (isWanted) this.mounts.push(row)
    if (isBind(row)) this.binds.push(row)
    this.hasRemote ||= isRemote(row)
    this.isAskedAtRoot ||= isAskedAtRoot(row)
    this.hasPlaceless ||= row.mountpoint.length === 0
    return isWanted
  }
}

/** Of a mountinfo file. */
export const readTable = (fd: number, wanted: Wanted): Table => {
  const table = new Table(wanted)
  eachMount(fd, (row) => table.add(row))
  const kept = new Set(table.mounts.map(({ mntId }) => mntId))
  const missing = new Set(
    table.mounts.map(({ parentId }) => parentId).filter((id) => !kept.has(id)),
  )
  if (missing.size > 0)
    eachMount(fd, (row) => {
      if (missing.delete(row.mntId)) table.mounts.push(row)
    })
  return table
}
