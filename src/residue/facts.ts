// What else a killed dump or restore leaves, as facts: what `find` sees and `plan` makes of it what people read, and
// what undoes it.
import type { Bytes } from '../bytes.js'

/** A network namespace by a task that is in it. */
export interface Netns {
  readonly pid: number
  /** The one that we are in. */
  readonly isOurs: boolean
}

/** CRIU's chain, by which iptables closes a network namespace. */
export interface ChainLock {
  readonly kind: 'chain'
  readonly netns: Netns
  readonly family: 'IPv4' | 'IPv6'
  /** The program that takes it away; undefined where none that could was found. */
  readonly restore: string | undefined
  /** How often each chain of the kernel's jumps to it. */
  readonly input: number
  readonly output: number
  /** What CRIU would have made in another way; undefined where all is as it makes it. */
  readonly differs: string | undefined
}

/** A table of CRIU's in nftables. */
export interface TableLock {
  readonly kind: 'table'
  readonly netns: Netns
  readonly name: string
  readonly differs: string | undefined
}

export type Lock = ChainLock | TableLock

/** Of TCP, in repair mode. */
export interface RepairedSocket {
  readonly pid: number
  readonly fd: number
}

export interface FrozenCgroup {
  readonly version: 1 | 2
  /** The file that says so, on this host. */
  readonly file: Bytes
}

export interface Facts {
  readonly locks: readonly Lock[]
  readonly repaired: readonly RepairedSocket[]
  readonly frozen: readonly FrozenCgroup[]
  /** Threads whose signals CRIU blocked. */
  readonly muted: readonly number[]
  /** Processes that are stopped. */
  readonly stopped: readonly number[]
  /** Processes that have memory or a descriptor of CRIU's parasite. */
  readonly parasites: readonly number[]
  /** Of the host, empty: CRIU's unfinished cache of what the kernel can. */
  readonly kerndat: string | undefined
  /** Empty directories of a restore's on the host. */
  readonly yards: readonly string[]
  /** What could not be looked at, a phrase each. */
  readonly unread: readonly string[]
}
