// The JSON document of `scan --network` as a type, as `scan-schema.ts` has that of directories.
import type { NetworkRow } from '../network/undo.js'
import type { JsonExit } from './schema.js'

/** Locks in the network namespaces of this host. */
export interface JsonNetworkScan {
  readonly schema: 'criu-gc/1'
  readonly command: 'scan'
  readonly exit: JsonExit
  /** How many were looked into. */
  readonly networkNamespaces: number
  readonly network: readonly NetworkRow[]
  /** What could not be looked at. */
  readonly networkUnread: readonly string[]
}
