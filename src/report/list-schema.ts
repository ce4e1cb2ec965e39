// The JSON document of `list`, and of show and clean with --all, as a type.
import type { DumpKind } from '../checkpoint/model.js'
import type { Peeked } from '../collect/peek.js'
import type { State } from '../prepare-list.js'
import type { Action, ListTotals } from './list.js'
import type { JsonError } from './error-schema.js'
import type { JsonExit, JsonReport } from './schema.js'

export interface JsonListedCheckpoint {
  /** As its runtime calls it. */
  readonly name: string
  readonly imagesDir: string
  /** Absent where the images cannot be read. */
  readonly dump?: DumpKind
  readonly complete: boolean
  readonly writtenAt?: string
  /** Listed, and of these: there by a look that proves nothing, lost with their mounts, and out of reach. */
  readonly links: Peeked
  readonly problem?: string
  readonly action: Action
  /** A command line. */
  readonly next: string
  /** One of those given up. */
  readonly selected: boolean
  /** With --all: what the run for it came to. */
  readonly report?: JsonReport | JsonError
}

export interface JsonListedContainer {
  readonly runtime: string
  readonly id?: string
  readonly name?: string
  readonly home: string
  /** `gone`: only archives tell of it. */
  readonly state: State
  readonly pid?: number
  /** The last one first. */
  readonly checkpoints: readonly JsonListedCheckpoint[]
}

/** Containers and checkpoints that the runtimes of this host know. */
export interface JsonList {
  readonly schema: 'criu-gc/1'
  readonly command: 'list' | 'show' | 'clean'
  readonly exit: JsonExit
  readonly containers: readonly JsonListedContainer[]
  readonly totals: ListTotals
  /** What could not be looked at. */
  readonly unread: readonly { readonly where: string; readonly message: string }[]
}
