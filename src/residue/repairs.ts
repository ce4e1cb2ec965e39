// What --repair takes: kinds of things that are undone where they are a dump's, and cgroups by name, whoever froze them.
import type { Bytes } from '../bytes.js'

export const REPAIRS = ['signals', 'freezer', 'sockets', 'yards', 'kerndat', 'ghosts'] as const

export type Repair = (typeof REPAIRS)[number]

export const isRepair = (word: string): word is Repair =>
  (REPAIRS as readonly string[]).includes(word)

export interface Repairs {
  readonly kinds: ReadonlySet<Repair>
  /** Their folders on this host. */
  readonly cgroups: ReadonlySet<Bytes>
}

export const NO_REPAIRS: Repairs = { kinds: new Set(), cgroups: new Set() }

export const isAnyAsked = ({ kinds, cgroups }: Repairs): boolean => kinds.size + cgroups.size > 0

/** Before the name of a cgroup, which takes the rest of its word: it may have commas. */
export const NAMED_CGROUP = 'freezer:'
