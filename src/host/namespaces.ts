// The mounts of all other mount namespaces of this machine, and why there may be some that none shows.
import type { Holding } from './holders.js'
import type { HostMount } from './mountinfo.js'
import { AT_FDCWD, EPERM, O_RDONLY } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import { OWN_NAMESPACE } from './nsfs.js'
import { newPatience, type Check } from './patience.js'
import { scannedNamespaces } from './scanned.js'
import type { Wanted } from './table.js'
import { walkedNamespaces } from './walked.js'

export interface NamespaceTable {
  /** By what a person finds it. Looks for that, and so is asked where somebody reads it. */
  readonly holder: () => Holding
  /** Those that were wanted, and those on which they are mounted. */
  readonly mounts: readonly HostMount[]
  /** Whether any mount in it is of a file system that others serve, so that a look-up may wait for ever. */
  readonly hasRemote: boolean
  /**
   * An fd of its root, which the caller closes, or -errno. The calling thread is there for a moment: only
   * before it has left its own namespace.
   */
  readonly openRoot: () => number
}

export interface AllNamespaces {
  /** Those with a wanted mount. */
  readonly tables: readonly NamespaceTable[]
  /** Why there may be mounts that none of them shows; undefined where all were seen. */
  readonly unseen: string | undefined
}

/**
 * The kernel's own row of all namespaces, from Linux 6.12 on; without `walk`, and where that is not open
 * to us, those that /proc shows.
 * @throws SyscallError or Error where the look at ourselves or at a process fails for a reason of ours.
 */
export const otherNamespaces = (
  sys: Sys,
  wanted: Wanted,
  { walk = true, check = newPatience() }: { readonly walk?: boolean; readonly check?: Check } = {},
): AllNamespaces => {
  const own = sys.openat(AT_FDCWD, OWN_NAMESPACE, O_RDONLY)
  try {
    const walked = walk ? walkedNamespaces(sys, own, wanted, check) : undefined
    if (typeof walked === 'object') return walked
    const scanned = scannedNamespaces(sys, own, wanted, check)
    return walked === EPERM
      ? { ...scanned, unseen: scanned.unseen ?? 'the kernel shows us a part of them only' }
      : scanned
  } finally {
    sys.close(own)
  }
}
