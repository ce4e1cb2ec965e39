// What else than links and locks a killed dump or restore leaves, as facts: what `find` sees and `plan` makes of it what people read, and
// what undoes it.
import type { Bytes } from '../bytes.js'

export interface FrozenCgroup {
  readonly version: 1 | 2
  /** The file that says so, on this host. */
  readonly file: Bytes
}

export interface Facts {
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
}
