// All mount namespaces of this machine, whatever keeps them: a process, a thread, a descriptor also on its
// way through a socket, a mount. The kernel has them in a row and leads from each to its neighbours:
// ioctls of nsfs, from Linux 6.12 on.
//
// Who may walk there has changed. At first each step passed over the namespaces whose user namespace
// gives the caller no CAP_SYS_ADMIN, without a word; root in the first user namespace sees all,
// from inside a pid namespace, too. From Linux 7.0 on, and in stable kernels of 2026 (tried on
// 6.18.44), EPERM answers whoever is not in the first pid namespace, or has no CAP_SYS_ADMIN in the user
// namespace of that.
import type { Bytes } from '../bytes.js'
import {
  AT_FDCWD,
  ENOENT,
  EPERM,
  NS_MNT_GET_INFO,
  NS_MNT_GET_NEXT,
  NS_MNT_GET_PREV,
  O_RDONLY,
} from '../sys/constants.js'
import { NAMESPACE_INFO, readNamespaceInfo, type NamespaceInfo } from '../sys/statmount.js'
import type { Sys } from '../sys/sys.js'

export const OWN_NAMESPACE = '/proc/thread-self/ns/mnt' as Bytes

/** Inode numbers of the first namespaces: the same on every machine, from Linux 3.8 on (UAPI since 6.18). */
export const FIRST_USER_NAMESPACE = 0xeffffffd
export const FIRST_PID_NAMESPACE = 0xeffffffc

export const inodeAt = (sys: Sys, path: Bytes): number | undefined =>
  sys.tryStatCached(AT_FDCWD, path)?.inoLow

/** What is known of one, and an fd of it that is closed afterwards. True ends the walk. */
export type Visit = (namespace: NamespaceInfo, fd: number) => boolean

/** Of a namespace that `fd` holds, or -errno: -ENOTTY before Linux 6.12. */
export const namespaceInfo = (sys: Sys, fd: number): NamespaceInfo | number => {
  const info = Buffer.alloc(NAMESPACE_INFO)
  const result = sys.tryIoctlNsfs(fd, NS_MNT_GET_INFO, info)
  return result < 0 ? result : readNamespaceInfo(info)
}

/** All but the one that `own` holds, which is ours. 0, or -errno where not all were seen. */
export const walkNamespaces = (sys: Sys, own: number, visit: Visit): number => {
  if (inodeAt(sys, '/proc/thread-self/ns/user' as Bytes) !== FIRST_USER_NAMESPACE) return EPERM
  for (const request of [NS_MNT_GET_PREV, NS_MNT_GET_NEXT]) {
    const result = walkFrom(sys, own, request, visit)
    if (result !== ENOENT) return result
  }
  return 0
}

/** 0 where the visitor has seen enough; else -errno: -ENOENT at the end. */
const walkFrom = (sys: Sys, own: number, request: number, visit: Visit): number => {
  const info = Buffer.alloc(NAMESPACE_INFO)
  let at = own
  try {
    for (;;) {
      const next = sys.tryIoctlNsfs(at, request, info)
      if (next < 0) return next
      // Only now: a namespace that nobody holds has no neighbours.
      if (at !== own) sys.close(at)
      at = next
      if (visit(readNamespaceInfo(info), at)) return 0
    }
  } finally {
    if (at !== own) sys.close(at)
  }
}

/** An fd of the namespace with that number, or -errno: it lives no longer than its last holder. */
export const openNamespace = (sys: Sys, id: number): number => {
  const own = sys.tryOpenat(AT_FDCWD, OWN_NAMESPACE, O_RDONLY)
  if (own < 0) return own
  try {
    let found = ENOENT
    const result = walkNamespaces(sys, own, (namespace, fd) => {
      if (namespace.id !== id) return false
      found = sys.tryOpenat(AT_FDCWD, `/proc/thread-self/fd/${fd}` as Bytes, O_RDONLY)
      return true
    })
    return result < 0 ? result : found
  } finally {
    sys.close(own)
  }
}
