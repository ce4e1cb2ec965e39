// The JSON document "criu-gc/1" as a type. Names that are not UTF-8 are escaped, and carried exactly
// as base64 beside, under the same key with "Base64".
import type { DumpKind } from '../checkpoint/model.js'
import type { Outcome, Verdict } from '../collect/outcome.js'
import type { ExitName } from '../errors.js'
import type { ImageState } from '../images/source.js'
import type { Doubt } from '../proof/doubts.js'
import type { NetworkRow, NetworkVerdict } from '../network/undo.js'
import type { Kind } from '../residue/plan.js'
import type { ResidueRow } from '../residue/undo.js'
import type { SignalName } from '../sys/signals.js'
import type { Totals } from './report.js'

export interface JsonProvider {
  readonly kind: 'root' | 'external' | 'host' | 'living' | 'gone' | 'stand-in' | 'none'
  readonly key?: string
  readonly keyBase64?: string
  /** Host path. */
  readonly path?: string
  readonly pathBase64?: string
  /** What lies between that and the root of the mount. */
  readonly below?: string
  readonly belowBase64?: string
}

export interface JsonMount {
  readonly namespace: number
  readonly mntId: number
  readonly mountpoint: string
  readonly mountpointBase64?: string
  readonly fstype: string
  readonly provider: JsonProvider
  readonly contents: 'provider' | 'stand-in'
  readonly state: 'attached' | 'detached'
  readonly problem?: string
}

export interface JsonRemap {
  readonly id: number
  /** Absent for a link that no image lists. */
  readonly origId?: number
  /** Not listed: `recovered` from cut images, or its file is `held` by the living container. */
  readonly found?: 'recovered' | 'held'
  /** What holds the file of such a one. */
  readonly heldBy?: string
  readonly link: string
  readonly linkBase64?: string
  readonly original: string
  readonly originalBase64?: string
  /** Absent for a tree that shared the host's mount namespace. */
  readonly namespace?: number
  readonly mntId?: number
  readonly mountpoint?: string
  readonly mountpointBase64?: string
  readonly fstype?: string
  readonly provider?: JsonProvider
  readonly verdict: Verdict
  readonly reason?: NonNullable<Outcome['reason']>
  /** Nothing is there, but that it is gone cannot be known. */
  readonly proven?: false
  /** The doubt that keeps it, as --accept takes it. */
  readonly accept?: Doubt
  readonly errno?: string
  readonly syscall?: string
  readonly message?: string
  readonly next?: string
  /** In bytes. */
  readonly size?: number
  readonly mode?: number
  /** Before the deletion. */
  readonly nlink?: number
  /** Seconds since 1970. */
  readonly ctime?: number
  readonly alarm?: true
}

export interface JsonResidue {
  readonly kind: Kind
  readonly what: string
  readonly where: string
  readonly verdict: NetworkVerdict
  readonly reason?: NonNullable<ResidueRow['reason']>
  readonly message?: string
  /** The deletion did not hit the file that was verified. */
  readonly alarm?: true
  /** For a shell of root's. Absent where nothing undoes it, or where a name in it cannot be pasted. */
  readonly undo?: string
}

export interface JsonExit {
  readonly code: number
  readonly name: ExitName
  /** Where one ended the run early. */
  readonly signal?: SignalName
}

/** What a run of show or clean came to. */
export interface JsonReport {
  readonly schema: 'criu-gc/1'
  readonly command: 'show' | 'clean'
  readonly exit: JsonExit
  /** Absent where --pid is given alone. */
  readonly imagesDir?: string
  /** The container of --pid. */
  readonly living?: {
    readonly pid: number
    readonly startedAt: string
    readonly processes: number
    readonly namespaces: readonly {
      readonly id: number
      readonly inode: string
      readonly pid: number
    }[]
    /** What could not be looked at. */
    readonly unread: readonly string[]
  }
  /** What the dump closed of the network; "where" names the network namespace. */
  readonly network: readonly NetworkRow[]
  /** What could not be looked at for that. */
  readonly networkUnread: readonly string[]
  /** Options that the files of the container's runtime told, and which file told them. */
  readonly derived: readonly {
    readonly option: string
    readonly value: string
    readonly from: string
  }[]
  /** What else than links and locks a dump left in that container and on this host. What is only named is kept. */
  readonly residue: readonly JsonResidue[]
  /** What could not be looked at for that. */
  readonly residueUnread: readonly string[]
  /** What kind of dump the directory holds, and by which signs. */
  readonly dump: DumpKind
  readonly signs: readonly string[]
  readonly complete: boolean
  /** A whole checkpoint whose links are there: after `clean` it cannot be restored any more. */
  readonly restorable: boolean
  readonly images: readonly ImageState[]
  readonly tree: 'host' | 'namespaced'
  readonly tasks: number
  readonly preDump: boolean
  readonly writtenAt?: string
  readonly namespaces: readonly {
    readonly id: number
    readonly root: boolean | null
    readonly complete: boolean
    readonly mounts: number
  }[]
  readonly mounts: readonly JsonMount[]
  readonly remaps: readonly JsonRemap[]
  readonly unlisted: readonly {
    readonly id: number
    readonly link?: string
    readonly linkBase64?: string
  }[]
  /** Links of the same form in directories that were looked into, which these images do not list. */
  readonly others: readonly {
    readonly directory: string
    readonly directoryBase64?: string
    readonly names: readonly string[]
    /** In the same order. */
    readonly namesBase64?: readonly string[]
  }[]
  /** Remaps that have no link. */
  readonly notLinked: { readonly ghost: number; readonly procfs: number; readonly unknown: number }
  readonly totals: Totals
  readonly notes: readonly string[]
}
