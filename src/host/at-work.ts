// Who is at work on a set of images: a dump, a restore, a page server, a copy. CRIU takes no lock, but it holds its
// images directory from the beginning to the end of each, whatever it is called, and traces the tree.
import { concat, type Bytes } from '../bytes.js'
import { AT_FDCWD, EOVERFLOW } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import { isSameInode, type Stat } from '../sys/stat.js'
import { SyscallError } from '../sys/syscall-error.js'
import type { Sys } from '../sys/sys.js'
import { isAfter, plus, type Time } from '../time.js'
import { pathOfFd } from './address.js'
import { kernelText } from './kernel-text.js'
import { isOrphan } from './orphans.js'
import { ancestors, isCleanUp, isCriu, processText, startOf, tracerOf } from './processes.js'
import { areAskedAtRoot } from './table.js'
import type { HostView } from './view.js'

/** Words of 32 bits of each that is found: pid, descriptor or -errno, what it is. */
const ROW = 3
const HOLDS = 1
const WRITES = 2

/** Below this is no file: paths of the kernel's begin with a slash. */
const NOWHERE = 'nowhere' as Bytes
/** Rows that there is room for at first. */
const ROOM = 256

export interface AtWork {
  /** A sentence. */
  readonly text: string
  /** Left running by a CRIU that was killed; nobody else is at work. */
  readonly orphan?: number
}

/**
 * One of them, rather one that is really at work; undefined where nobody is. `directory` is an fd of the images.
 * @throws SyscallError where the processes of this machine cannot be listed.
 */
export const whoIsAtWork = (sys: Sys, directory: number): AtWork | undefined => {
  // Nearly always nobody is found, and nobody has to know who waits.
  let waiting: ReadonlySet<number> | undefined
  let orphan: AtWork | undefined
  for (const { pid, fd, what } of findHolders(sys, directory)) {
    const asked = whatOf(sys, directory, pid, fd, what)
    // Who waits for us may hold what it gave up; another clean-up waits for the lock.
    if (asked === undefined) continue
    waiting ??= new Set(ancestors())
    if (!isCriu(pid) && (waiting.has(pid) || isCleanUp(pid))) continue
    const found = { text: `${processText(pid)} ${asked}` }
    if (!isOrphan(pid)) return found
    orphan ??= { ...found, orphan: pid }
  }
  return orphan
}

/** In seconds: how much later than it was the boot may be said to have been. */
const LATE = 3

/**
 * The same of tasks that live on: a dump traces them. `pids` are of this host, where a task that was started after
 * `end` is another one.
 */
export const whoTraces = (
  pids: readonly number[],
  { bootedAt }: Pick<HostView, 'bootedAt'>,
  end: Time,
): AtWork | undefined => {
  for (const pid of pids) {
    const tracer = tracerOf(pid)
    if (tracer > 0 && !isAfter(plus(bootedAt, startOf(pid) - LATE), end))
      return { text: `${processText(tracer)} traces process ${pid} of the tree` }
  }
  return undefined
}

interface Found {
  readonly pid: number
  readonly fd: number
  readonly what: number
}

const whatOf = (
  sys: Sys,
  directory: number,
  pid: number,
  fd: number,
  what: number,
): string | undefined => {
  if (what === WRITES) return 'has a file of these images open to write to it'
  if (what !== HOLDS)
    return isCriu(pid) ? `is CRIU, and may not be looked at (${errnoName(-fd)})` : undefined
  // Inodes of another file system have the same numbers.
  const held = sys.tryStatCached(AT_FDCWD, concat(`/proc/${pid}/fd/${fd}`))
  return held === undefined || isSameInode(held, sys.fstatCached(directory))
    ? 'has the image directory open'
    : undefined
}

const findHolders = (sys: Sys, directory: number): Found[] => {
  // One that is on a file system of these may wait for a server that is gone.
  const mayAsk = !areAskedAtRoot(kernelText('/proc/filesystems'))
  const path = concat(pathOfFd(sys, directory) ?? NOWHERE, '/')
  const inode = mayAsk ? sys.fstatCached(directory) : inodeOf(directory)
  for (let room = ROOM; ; room *= 4) {
    const memory = new Int32Array(room * ROW)
    const length = sys.tryFindHolders(inode, path, mayAsk, new Uint8Array(memory.buffer))
    if (length === EOVERFLOW) continue
    if (length < 0) throw new SyscallError('getdents64', length, '/proc' as Bytes)
    const rows = memory.subarray(0, length / memory.BYTES_PER_ELEMENT)
    return Array.from({ length: rows.length / ROW }, (_, index) => {
      const [pid = 0, fd = 0, what = 0] = rows.subarray(index * ROW)
      return { pid, fd, what }
    })
  }
}

/** As fdinfo has it, which on an overlay is another number than that of stat(2). */
const inodeOf = (fd: number): Pick<Stat, 'inoHigh' | 'inoLow'> => {
  const [, ino = '0'] = /^ino:\s+(\d+)/m.exec(kernelText(`/proc/self/fdinfo/${fd}`)) ?? []
  return { inoHigh: Number(BigInt(ino) >> 32n), inoLow: Number(BigInt(ino) & 0xffffffffn) }
}
