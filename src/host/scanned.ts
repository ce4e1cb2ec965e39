// The mount tables of those namespaces that /proc and mounts lead to, each read from inside: for kernels
// before Linux 6.12, and where a newer one does not show all by itself.
import fs from 'node:fs'
import { concat, fromBuffer, type Bytes } from '../bytes.js'
import { relative, ROOT } from '../paths.js'
import { escape } from '../escape.js'
import {
  AT_FDCWD,
  ENOENT,
  EPERM,
  ETIMEDOUT,
  ESRCH,
  EXDEV,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Sys } from '../sys/sys.js'
import { Holders, nameOf, type Holder } from './holders.js'
import { kernelText } from './kernel-text.js'
import { parseMountinfo, type HostMount } from './mountinfo.js'
import type { AllNamespaces, NamespaceTable } from './namespaces.js'
import { FIRST_PID_NAMESPACE, inodeAt } from './nsfs.js'
import { ifSeen } from './processes.js'
import { inTime, TOO_LONG, type Check } from './patience.js'
import { isRemoteAt } from './remote.js'
import { areAskedAtRoot, isAskedAtRoot, isBind, readTable, Table, type Wanted } from './table.js'
import { hostView } from './view.js'
import { withVisitor, type Visitor } from './visitor.js'

/** All but ours, which `own` holds. @throws SyscallError or Error for a reason of ours. */
export const scannedNamespaces = (
  sys: Sys,
  own: number,
  wanted: Wanted,
  check: Check,
): AllNamespaces =>
  withVisitor(sys, (visitor) => {
    const scan = new Scan(sys, own, wanted, check, visitor)
    const isDone = inTime(() => scan.run())
    return isDone ? scan : { tables: scan.tables, unseen: TOO_LONG }
  })

/** Opens a namespace: an fd, or -errno. Once more where it is needed again, so that we keep none. */
type Way = (visitor: Visitor) => number

interface Found {
  readonly name: Bytes
  readonly way: Way
  /** Of those that are in it. */
  readonly holders: readonly Holder[]
  /** By how many binds within namespaces that are found by binds alone. */
  readonly depth: number
}

/** Nobody needs more, and each is opened by way of all that are before it. */
const DEEPEST = 32

const FLAGS = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS

class Scan implements AllNamespaces {
  readonly tables: NamespaceTable[] = []
  unseen: string | undefined
  private readonly sys: Sys
  private readonly wanted: Wanted
  private readonly check: Check
  private readonly visitor: Visitor
  private readonly holders: Holders
  /** Of the file system that all namespaces are in. */
  private readonly device: string
  /** This kernel has a file system that is asked at its root. */
  private readonly mayWait = areAskedAtRoot(kernelText('/proc/filesystems'))
  private readonly known: Set<Bytes>
  private readonly queue: Found[] = []

  constructor(sys: Sys, own: number, wanted: Wanted, check: Check, visitor: Visitor) {
    this.sys = sys
    this.wanted = wanted
    this.check = check
    this.visitor = visitor
    this.holders = new Holders(sys, own)
    this.device = deviceOf(sys, own)
    this.known = new Set([this.holders.own])
  }

  run(): void {
    const { tasks, descriptors } = this.holders
    this.unseen = this.whyBlind() ?? this.holders.unseen
    for (const name of new Set([...tasks.keys(), ...descriptors.keys()])) {
      const holders = [...(tasks.get(name) ?? []), ...(descriptors.get(name) ?? [])]
      this.look({ name, holders, depth: 0, way: () => this.openHeld(name, holders) })
    }
    const { mounts } = hostView()
    const openRoot = (): number => this.sys.tryOpenat(AT_FDCWD, ROOT, O_PATH | O_DIRECTORY)
    this.follow(mounts.filter(isBind), 0, openRoot, (path) => isRemoteAt(mounts, path))
    for (let next; (next = this.queue.pop()) !== undefined;) this.look(next)
  }

  private whyBlind(): string | undefined {
    if (inodeAt(this.sys, '/proc/thread-self/ns/pid' as Bytes) !== FIRST_PID_NAMESPACE)
      return 'we are in a pid namespace, which does not show the processes outside'
    if (isProcPartial(kernelText('/proc/thread-self/mountinfo')))
      return '/proc is mounted with hidepid or subset, which may not show all processes'
    const { mayGo } = this.visitor
    if (mayGo === EPERM) return 'we are in a chroot, or may not enter mount namespaces'
    return mayGo < 0 ? `mount namespaces cannot be entered: ${errnoName(-mayGo)}` : undefined
  }

  private look({ name, way, holders, depth }: Found): void {
    if (this.known.has(name)) return
    this.known.add(name)
    this.check()
    const table = this.read(way, holders)
    if (table === undefined) return
    const openRoot = (visitor: Visitor): number => this.openRoot(way, table, visitor)
    this.follow(table.binds, depth + 1, openRoot, () => table.hasRemote)
    if (table.mounts.length === 0 || this.holders.isOfCleanUps(name)) return
    this.tables.push({
      holder: () => this.holders.holding(name),
      mounts: table.mounts,
      hasRemote: table.hasRemote,
      openRoot: () => withVisitor(this.sys, openRoot),
    })
  }

  /** Undefined for one that has ended. */
  private read(way: Way, holders: readonly Holder[]): Table | undefined {
    const tables = holders.map(({ table }) => table).filter((path) => path !== undefined)
    // Whoever is in a chroot has no "/", which is why this is not all.
    const waits = this.mayWait && tables.slice(0, 1).some((path) => isRootAskedFor(path))
    const fd = waits ? ETIMEDOUT : way(this.visitor)
    if (fd === ENOENT) return undefined
    const table = fd < 0 ? fd : this.enter(fd)
    if (typeof table === 'object') return table
    const [first] = holders
    const what = first === undefined ? 'a mount namespace' : `the mount namespace of ${first.name}`
    this.unseen ??= `${what} cannot be entered: ${errnoName(-table)}`
    // What one of its processes sees is better than nothing.
    for (const path of tables) {
      const seen = ifSeen(() => readTableAt(path, this.wanted, this.check))
      if (seen !== undefined) return seen
    }
    return undefined
  }

  /** Closes the fd. */
  private enter(fd: number): Table | number {
    try {
      return this.visitor.read(fd, this.wanted, this.check)
    } finally {
      this.sys.close(fd)
    }
  }

  private openRoot(way: Way, table: Table, visitor: Visitor): number {
    if (table.isAskedAtRoot) return ETIMEDOUT
    const fd = way(visitor)
    if (fd < 0) return fd
    try {
      return visitor.openRoot(fd)
    } finally {
      this.sys.close(fd)
    }
  }

  private openHeld(name: Bytes, holders: readonly Holder[]): number {
    let result = ENOENT
    for (const { path } of holders) {
      const opened = this.openChecked(name, this.sys.tryOpenat(AT_FDCWD, path, O_PATH))
      if (opened >= 0) return opened
      // A process that has just ended is no trouble.
      if (opened !== ENOENT && opened !== ESRCH) result = opened
    }
    return result
  }

  /** `openRoot` opens the root of the namespace that has the binds. */
  private follow(
    binds: readonly HostMount[],
    depth: number,
    openRoot: Way,
    isRemote: (path: Bytes) => boolean,
  ): void {
    for (const { root: name, mountpoint } of binds) {
      if (this.known.has(name)) continue
      if (depth > DEEPEST) {
        this.unseen ??= `mount namespaces are kept within others on ${escape(mountpoint)}, too deep`
        continue
      }
      const way = (visitor: Visitor): number =>
        this.openBind(name, mountpoint, openRoot(visitor), isRemote(mountpoint))
      this.queue.push({ name, way, depth, holders: [] })
    }
  }

  /** Closes `root`. */
  private openBind(name: Bytes, mountpoint: Bytes, root: number, isRemote: boolean): number {
    if (root < 0) return root
    const { sys } = this
    const path = relative(mountpoint)
    try {
      const asked = isRemote ? sys.answers(root, path, FLAGS) : 0
      if (asked < 0) return asked
      const opened = this.openChecked(name, sys.tryOpenat2(root, path, O_PATH, FLAGS))
      // What lies there now is another: it is covered, or was.
      return opened === ENOENT ? EXDEV : opened
    } finally {
      sys.close(root)
    }
  }

  /** What an O_PATH fd holds, opened; -ENOENT where that is not the namespace of this name. Closes it. */
  private openChecked(name: Bytes, link: number): number {
    if (link < 0) return link
    const { sys } = this
    try {
      // Whatever else may lie there is not to be opened: a FIFO waits for somebody.
      if (deviceOf(sys, link) !== this.device || nameOf(sys, link) !== name) return ENOENT
      return sys.tryOpenat(AT_FDCWD, concat(`/proc/thread-self/fd/${link}`), O_RDONLY)
    } finally {
      sys.close(link)
    }
  }
}

const deviceOf = (sys: Sys, fd: number): string => {
  const { major, minor } = sys.fstatCached(fd)
  return `${major}:${minor}`
}

const readTableAt = (path: Bytes, wanted: Wanted, check: Check): Table => {
  const fd = fs.openSync(path, 'r')
  try {
    return readTable(fd, wanted, check)
  } finally {
    fs.closeSync(fd)
  }
}

/** By the first rows of a table, of which the one on "/" is one. */
const isRootAskedFor = (path: Bytes): boolean =>
  ifSeen(() => {
    const fd = fs.openSync(path, 'r')
    try {
      const rows = Buffer.allocUnsafe(4096)
      return parseMountinfo(fromBuffer(rows, 0, fs.readSync(fd, rows))).some(isAskedAtRoot)
    } finally {
      fs.closeSync(fd)
    }
  }) ?? false

/** Whether /proc shows some processes only (proc(5)), by our own table of mounts. */
export const isProcPartial = (mountinfo: string): boolean =>
  mountinfo.split('\n').some((line) => / \/proc .* - proc .*\b(hidepid|subset)=/.test(line))
