// The JSON document of `scan` as a type, as `schema.ts` has that of show and clean.
import type { DumpKind } from '../checkpoint/model.js'
import type { Outcome } from '../collect/outcome.js'
import type { Doubt } from '../proof/doubts.js'
import type { FoundTotals, FoundVerdict } from './found.js'
import type { JsonExit } from './schema.js'

export interface JsonFoundLink {
  /** Absolute, on this host. */
  readonly link: string
  readonly linkBase64?: string
  /** "8:1"; these are absent where something is mounted on the name, which hides the link. */
  readonly device?: string
  /** A decimal number, which may have 64 bits. */
  readonly inode?: string
  readonly mode?: number
  readonly nlink?: number
  /** In bytes. */
  readonly size?: number
  /** Last change of the inode, which making the link was. */
  readonly changedAt?: string
  readonly bornAt?: string
  readonly directoryChangedAt: string
  /** "descriptor 5 of process 12 (tail)" */
  readonly heldBy: readonly string[]
  /** Directories of images. */
  readonly listedBy: readonly string[]
  readonly verdict: FoundVerdict
  readonly reason?: NonNullable<Outcome['reason']>
  readonly accept?: Doubt
  readonly errno?: string
  readonly syscall?: string
  readonly message?: string
  readonly next?: string
  readonly alarm?: true
}

/** What `scan` found below directories. */
export interface JsonScan {
  readonly schema: 'criu-gc/1'
  readonly command: 'scan'
  readonly exit: JsonExit
  /** The time in which the dump was that was given up, where one was given. */
  readonly since?: string
  readonly until?: string
  /** The directories that were named. */
  readonly tops: readonly {
    readonly path: string
    readonly pathBase64?: string
    readonly device: string
    readonly fstype?: string
  }[]
  /** How many directories were read, and how many have another mount on them and were not. */
  readonly directories: number
  readonly otherMounts: number
  /** The images that were given. */
  readonly dumps: readonly {
    readonly imagesDir: string
    readonly dump: DumpKind
    readonly complete: boolean
    readonly keep: boolean
    readonly listed: number
  }[]
  readonly links: readonly JsonFoundLink[]
  readonly totals: FoundTotals
  /** What could not be looked at. */
  readonly unread: readonly string[]
}
