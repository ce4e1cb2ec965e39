// The plan: for each remap where it is reached, for each namespace what to attach. Plain data.
import type { Bytes } from '../bytes.js'
import type { LinkRemap, Mount } from '../checkpoint/model.js'
import type { HostMount } from '../host/mountinfo.js'
import type { HostView } from '../host/view.js'
import type { Externals } from './external.js'

export interface PlanOptions {
  /** Host path of the root task's rootfs, absolute. */
  readonly root: Bytes | undefined
  /** Where the runtime of the container had it, and nothing is any more. */
  readonly lostRoot?: string | undefined
  /** By key: the same of external mounts. */
  readonly lost?: ReadonlyMap<Bytes, string>
  readonly externals: Externals
  /** `remaps`: what leads to the remaps. `all`: every mount of every namespace. */
  readonly mounts: 'remaps' | 'all'
  /** Places in the container, or keys, of mounts that were removed for good; "/" for the root. */
  readonly gone: ReadonlySet<Bytes>
  readonly host: HostView
}

/** Where the contents of a mount come from. `sub` is a path below, which a container may control. */
export type Provider =
  | { readonly kind: 'root'; readonly path: Bytes; readonly sub: Bytes }
  | { readonly kind: 'external'; readonly key: Bytes; readonly path: Bytes; readonly sub: Bytes }
  /** A file system that is still mounted here: `mount` is the row, `path` its mountpoint. */
  | { readonly kind: 'host'; readonly mount: HostMount; readonly path: Bytes; readonly sub: Bytes }
  /** Of a living container, which has it mounted; `isSame`: the dump saw this very mount. */
  | {
      readonly kind: 'living'
      readonly mount: HostMount
      readonly path: Bytes
      readonly sub: Bytes
      readonly isSame: boolean
    }
  /** The caller says that it was removed for good. */
  | { readonly kind: 'gone' }
  /** The contents died with the container: an empty tmpfs takes its place. */
  | { readonly kind: 'stand-in' }
  /** The contents exist, or may exist, and are out of reach: why, and what to do. */
  | {
      readonly kind: 'none'
      readonly reason: string
      readonly next: string
      readonly option?: MissingOption
    }

/** An option with its value that would help, as words of a command line: a guess for people, never used. */
export type MissingOption = readonly [name: string, value: string]

/** By mnt_id. */
export type Providers = Pick<ReadonlyMap<number, Provider>, 'get'>

export interface Attachment {
  readonly mount: Mount
  /** Undefined for the root of the namespace. */
  readonly parentId: number | undefined
  readonly provider: Provider
}

export interface PlannedNamespace {
  readonly id: number
  /** False where cut images lack rows: the mounts are then used by themselves. */
  readonly hasRoot: boolean
  /** Parents first. */
  readonly attachments: readonly Attachment[]
}

export type PlannedRemap =
  | {
      readonly remap: LinkRemap
      readonly kind: 'reach'
      /** Undefined for a host tree. */
      readonly mount: Mount | undefined
      /** `namespace`: from the root of the namespace. `mount`: from the root of the mount, which
       * another one covers or whose place cannot be known. */
      readonly via: 'namespace' | 'mount'
      /** Directory of the link: in the namespace, or in the mount. */
      readonly dir: Bytes
      readonly base: Bytes
    }
  | {
      readonly remap: LinkRemap
      readonly kind: 'vanished' | 'gone'
      readonly mount: Mount
    }
  | {
      readonly remap: LinkRemap
      readonly kind: 'kept'
      readonly reason: 'invalid' | 'unreachable'
      readonly mount: Mount | undefined
      readonly message: string
      readonly next: string | undefined
      readonly option?: MissingOption
    }
  | { readonly remap: LinkRemap; readonly kind: 'duplicate'; readonly mount: Mount | undefined }

export interface Plan {
  readonly tree: 'host' | 'namespaced'
  readonly namespaces: readonly PlannedNamespace[]
  /** In the order of the images. */
  readonly remaps: readonly PlannedRemap[]
  /** Where a restore that was killed would have left its ghost files. */
  readonly ghosts: readonly PlannedRemap[]
}
