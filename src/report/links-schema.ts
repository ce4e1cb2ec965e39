// The JSON document of `links` as a type, as `schema.ts` has that of show and clean.
import type { DumpKind } from '../checkpoint/model.js'
import type { JsonExit, JsonRemap } from './schema.js'

export interface JsonLink extends Pick<
  JsonRemap,
  'id' | 'link' | 'linkBase64' | 'original' | 'originalBase64' | 'size' | 'mode' | 'nlink'
> {
  /** Absolute, on this host. */
  readonly path: string
  readonly pathBase64?: string
}

/** Where on this host the links are. */
export interface JsonLinks {
  readonly schema: 'criu-gc/1'
  readonly command: 'links'
  readonly exit: JsonExit
  /** Absent where --pid is given alone. */
  readonly imagesDir?: string
  readonly dump: DumpKind
  readonly complete: boolean
  readonly links: readonly JsonLink[]
  /** Listed in the images, and not known to be there. */
  readonly missing: readonly Omit<
    JsonRemap,
    | 'origId'
    | 'found'
    | 'heldBy'
    | 'namespace'
    | 'mntId'
    | 'mountpoint'
    | 'mountpointBase64'
    | 'fstype'
    | 'provider'
  >[]
  readonly totals: { readonly links: number; readonly missing: number }
  readonly notes: readonly string[]
}
