// The dump as one value: what the images say, joined and checked, and nothing that they do not say.
import type { Bytes } from '../bytes.js'
import type { ImageState } from '../images/source.js'
import type { InodeId } from '../sys/stat.js'
import type { Time } from '../time.js'
import type { DumpKind } from './kind.js'

export type { DumpKind }

/** Where an external mount's host directory comes from. */
export interface ExternalMark {
  /** `mapped`: by key, from the caller. `auto`: found by CRIU (mnt[]). `device`: dev[NAME]. */
  readonly kind: 'mapped' | 'auto' | 'device'
  readonly key: Bytes
}

export interface Mount {
  readonly mntId: number
  readonly parentId: number
  readonly nsId: number
  /** As /proc/filesystems has it; "unsupported" for what CRIU calls so, which is any disk. */
  readonly fstype: string
  readonly major: number
  readonly minor: number
  /** Path of the mount's root in its file system; undefined in images of 2.x for externals. */
  readonly root: Bytes | undefined
  /** Absolute, in its namespace. */
  readonly mountpoint: Bytes
  readonly source: Bytes
  /** The upper directory of an overlay, as it was called when that was mounted. */
  readonly upper: Bytes | undefined
  readonly external: ExternalMark | undefined
  /** Its root was unlinked while mounted. */
  readonly deleted: boolean
}

export interface MountNamespace {
  readonly id: number
  /** The root task's; undefined where the images are too incomplete to say. */
  readonly isRoot: boolean | undefined
  /** False where its image is absent or cut: rows may be missing, also the root. */
  readonly complete: boolean
  /** Parents before children, siblings in the order in which restore mounts them. */
  readonly mounts: readonly Mount[]
}

/** What the original's entry says of the file that the link keeps. */
export interface Original {
  readonly path: Bytes
  /** In bytes; not recorded for files opened for appending only. */
  readonly size: number | undefined
  /** st_mode: type and permissions; not recorded before CRIU 2.4. */
  readonly mode: number | undefined
  /** Undefined where the tree shared the host's mount namespace. */
  readonly mntId: number | undefined
}

export interface LinkRemap {
  readonly remapId: number
  readonly origId: number
  /** Absolute path of the link in its mount namespace. */
  readonly link: Bytes
  readonly original: Original
  /** Why the entry itself forbids touching the link, whatever is on disk. */
  readonly invalid: string | undefined
  /** Another remap before this one has the same link. */
  readonly duplicate: boolean
  /** Not listed: `recovered` from its own entry in cut images, or `held` by the living tree. */
  readonly found?: 'recovered' | 'held'
  /** Of one that is held: what is known of it besides. */
  readonly held?: Held
}

/** A file that a living task holds, and that has the name of a link remap. */
export interface Held extends InodeId {
  /** "descriptor 5 of process 12" */
  readonly by: string
  /** In which its name was found. */
  readonly directory: InodeId
  /** The file has no other name of that form. */
  readonly isAlone: boolean
  /** The log of the dump says that it made links for it, and as many as there are names of that form. */
  readonly isCounted: boolean
  /** The log of the dump says that it made a link for it. */
  readonly isLogged: boolean
  /** The log names it: the dump came to it, and may have made a link. */
  readonly isNamed: boolean
  /** When checkpoints that are to be kept made links of their own for it: from and to. */
  readonly othersMade: readonly { readonly from: Time; readonly to: Time }[]
  /** Where a checkpoint lists it that is to be kept: its images. */
  readonly keptFor: string | undefined
}

/** A remap of cut images: one of its three entries is lost, so that it must be left alone. */
export interface UnlistedLink {
  readonly id: number
  readonly link: Bytes | undefined
}

/** Raw facts: which of them to believe is for others to say. */
export interface ImageTimes {
  /** Latest modification of the images, and of `stats-dump` and `dump.log` where they are this dump's. */
  readonly written: Time | undefined
  /** Earliest modification of an image that can be this dump's, of two dumps the last one's. */
  readonly earliest: Time | undefined
  /** Earliest birth of an image file. A directory that was used before has old ones. */
  readonly born: Time | undefined
  /** The inventory was born long before it was written: its directory was used before. */
  readonly reused: boolean
  /** `stats-dump`: from the first task stopped until all were killed or went on. */
  readonly tookSeconds: number | undefined
  /** Clocks of the kernel when the tree was dumped, since the boot of then. */
  readonly clock: { readonly boottime: Time; readonly monotonic: Time } | undefined
  /** Modification of the image with those clocks. */
  readonly clockWritten: Time | undefined
  /** Seconds since boot at the end of a dump that tracks memory. */
  readonly dumpUptime: number | undefined
  /** Modifications follow each other in the order in which CRIU writes. */
  readonly inOrder: boolean
  /** No time has nanoseconds: whatever keeps the images keeps whole seconds. */
  readonly wholeSeconds: boolean
}

/** What logs say that are about these images. They explain, and decide nothing. */
export interface Hints {
  /** Of the dump that wrote here last. */
  readonly dumpLog:
    | {
        readonly path: string
        readonly ended: 'finished' | 'failed' | 'unknown'
        readonly begun: Time
        readonly written: Time
        /** Files without a name that it came to: it made links for no others. Undefined where the log does not name each. */
        readonly unlinked: readonly Bytes[] | undefined
        /** The cgroup that it froze, and that was not frozen before. */
        readonly froze: Bytes | undefined
        /** Processes of its host that it came to. Undefined where the log does not name each. */
        readonly dumping: readonly number[] | undefined
      }
    | undefined
  /** Runs of CRIU that its log names: what they left is this dump's, also where no image names a run yet. */
  readonly runIds: readonly Bytes[]
  /** CRIU removed the links of this dump itself: it failed, or left the tasks running. */
  readonly rolledBack: boolean
  /** Originals whose link could not be made because another file had its name. */
  readonly fileExists: readonly Bytes[]
  /** Files without a name for which this dump, which was killed, had made its link. */
  readonly done: readonly Bytes[]
  /** Restores of these images that failed or were killed. Each links and unlinks what it opens. */
  readonly failedRestores: readonly {
    readonly path: string
    readonly from: Time
    readonly to: Time
  }[]
  /** When a restore of these images ended well, which removes the links. */
  readonly restored: Time | undefined
}

/** A TCP socket with a peer; addresses as the image has them. */
export interface TcpSocket {
  readonly from: readonly number[]
  readonly sport: number
  readonly to: readonly number[]
  readonly dport: number
}

/** How the dump kept the peers of its TCP connections quiet. */
export interface DumpedNetwork {
  readonly method: 'iptables' | 'nftables' | 'skip' | 'unknown'
  /** `own`: the tree had another network namespace than CRIU, and all of it was closed. */
  readonly netns: 'own' | 'host' | 'unknown'
  /** The key of one that was not the dump's, and may live on. */
  readonly external: Bytes | undefined
  readonly sockets: readonly TcpSocket[]
}

export interface Checkpoint {
  /** Undefined where no images were given. */
  readonly directory: string | undefined
  readonly images: readonly ImageState[]
  /** What kind of dump the directory holds. */
  readonly dump: DumpKind
  /** Why it is called so, a line each for people. None for a whole dump. */
  readonly signs: readonly string[]
  /** Which run of CRIU wrote them, since 4.1. */
  readonly runId: Bytes | undefined
  /** When somebody wrote there: births and changes of files. */
  readonly writings: readonly Time[]
  readonly times: ImageTimes
  readonly hints: Hints
  /** The images are whole, and of one dump that CRIU did not give up. */
  readonly complete: boolean
  /** Nothing to do: a pre-dump makes no link remaps. */
  readonly preDump: boolean
  /** `host`: the tree shared CRIU's own mount namespace, paths are relative to its `/`. */
  readonly tree: 'host' | 'namespaced'
  readonly tasks: number
  readonly network: DumpedNetwork
  /** In the tree's own pid namespace; as far as they are known. */
  readonly pids: readonly number[]
  /** The root task's namespace first. */
  readonly namespaces: readonly MountNamespace[]
  readonly remaps: readonly LinkRemap[]
  readonly unlisted: readonly UnlistedLink[]
  /** Ghost files of a whole dump, by the paths at which a restore that was killed leaves them; `remapId` is a ghost's. */
  readonly ghosts: readonly LinkRemap[]
  /** Remaps that have no link. */
  readonly counts: { readonly ghost: number; readonly procfs: number; readonly unknown: number }
  /** Facts worth a line: what is odd, and what was done about it. */
  readonly notes: readonly string[]
}
