// What else than links and locks a killed dump or restore leaves, as facts: what `find` sees and `plan` makes of it what people read, and
// what undoes it.
import type { Bytes } from '../bytes.js'
import type { RepairedSocket } from '../network/facts.js'

export interface FrozenCgroup {
  readonly version: 1 | 2
  /** Of the cgroup, on this host. */
  readonly folder: Bytes
  /** The same by other mounts of its hierarchy. */
  readonly also: readonly Bytes[]
}

/** Threads of one process whose signals CRIU blocked. */
export interface MutedThreads {
  readonly pid: number
  readonly tids: readonly number[]
}

/** A process of which only its parent's wait is left. */
export interface Broken {
  readonly pid: number
  readonly signal: 'SIGTRAP' | 'SIGSEGV'
}

export interface Facts {
  readonly frozen: readonly FrozenCgroup[]
  readonly muted: readonly MutedThreads[]
  /** By thread: what it blocked before, where an image says it. */
  readonly masks: ReadonlyMap<number, bigint>
  /** Processes that are stopped. */
  readonly stopped: readonly number[]
  readonly broken: readonly Broken[]
  /** Processes that have memory or a descriptor of CRIU's parasite. */
  readonly parasites: readonly number[]
  /** Connections in repair mode, where the network is not looked at itself. */
  readonly sockets: readonly RepairedSocket[]
  /** A lock that is left would keep them from their peers. */
  readonly isLocked: boolean
  /** Of the host, empty: CRIU's unfinished cache of what the kernel can. */
  readonly kerndat: string | undefined
  /** Empty directories of a restore's on the host. */
  readonly yards: readonly string[]
}

/** What a dump says of itself: which of that is its work. */
export interface Claim {
  /** The cgroup that it froze, and that was not frozen before. */
  readonly froze: Bytes | undefined
  /** Whether it had come to this process when it was killed. */
  readonly hasCome: (pid: number) => boolean
}
