// What CRIU closes in a network namespace, as facts: what `look` sees, and `plan` judges.
import type { Bytes } from '../bytes.js'

export interface Netns {
  /** "net:[4026531840]" */
  readonly id: Bytes
  /** For people. */
  readonly text: string
  /** The one that we are in. */
  readonly isOurs: boolean
  /** Held until the run ends, so that what is changed is what was looked at. */
  readonly fd: number
}

export type Family = 'IPv4' | 'IPv6'

/** One end of a TCP connection: its own address first. */
export interface Connection {
  readonly family: Family
  readonly source: string
  readonly sport: number
  readonly destination: string
  readonly dport: number
}

/** A rule of iptables that drops what one end of a connection receives (INPUT) or sends (OUTPUT). */
export interface ConnectionRule {
  readonly connection: Connection
  /** As iptables-save prints it, without "-A ". */
  readonly rule: string
}

/** CRIU's chain, by which iptables closes a network namespace. */
export interface ChainLock {
  readonly kind: 'chain'
  readonly netns: Netns
  readonly family: Family
  /** The program that showed it; undefined where none that could was found. */
  readonly save: string | undefined
  /** How often each chain of the kernel's jumps to it. */
  readonly input: number
  readonly output: number
  /** What CRIU would have made in another way; undefined where all is as it makes it. */
  readonly differs: string | undefined
}

/** All rules of that form that one program showed, whoever made them. */
export interface RulesLock {
  readonly kind: 'rules'
  readonly netns: Netns
  readonly family: Family
  readonly save: string
  readonly rules: readonly ConnectionRule[]
}

/** A table of CRIU's in nftables. */
export interface TableLock {
  readonly kind: 'table'
  readonly netns: Netns
  readonly name: string
  /** Everything, or these connections. */
  readonly closes: 'all' | readonly Connection[]
  readonly differs: string | undefined
  /** Its maker ended before it was whole: no dump went well with it. */
  readonly unfinished: boolean
}

export type Lock = ChainLock | RulesLock | TableLock

/** Of TCP, in repair mode. */
export interface RepairedSocket {
  readonly pid: number
  readonly fd: number
  readonly inode: number
}
