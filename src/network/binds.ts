// Network namespaces that are mounted in other mount namespaces than ours, as containers and managers of pods do it.
import type { Bytes } from '../bytes.js'
import { escape } from '../escape.js'
import type { HostMount } from '../host/mountinfo.js'
import { otherNamespaces, type NamespaceTable } from '../host/namespaces.js'
import { relative } from '../paths.js'
import {
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { NetworkNamespaces } from './netns.js'
import type { Unread } from './unread.js'

export const isNetBind = ({ fstype, root }: HostMount): boolean =>
  fstype === 'nsfs' && root.startsWith('net:[')

/** Opens those that nothing else led to; says where there may be more. Only before we have left our mount namespace. */
export const openBinds = (sys: Sys, namespaces: NetworkNamespaces, unread: Unread): void => {
  const { tables, unseen } = otherNamespaces(sys, isNetBind)
  if (unseen !== undefined)
    unread.add('network namespaces that only other mount namespaces keep', unseen)
  for (const table of tables)
    for (const mount of table.mounts)
      if (isNetBind(mount) && !namespaces.has(mount.root))
        openBind(sys, namespaces, unread, table, mount.mountpoint)
}

const FLAGS = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS

const openBind = (
  sys: Sys,
  namespaces: NetworkNamespaces,
  unread: Unread,
  table: NamespaceTable,
  mountpoint: Bytes,
): void => {
  const text = `network namespace of ${escape(mountpoint)} in ${table.holder().text}`
  const root = unread.number(text, table.openRoot())
  if (root === undefined) return
  try {
    const path = relative(mountpoint)
    const asked = table.hasRemote ? sys.answers(root, path, FLAGS) : 0
    const link = asked < 0 ? asked : sys.tryOpenat2(root, path, O_PATH, FLAGS)
    if (unread.number(text, link) === undefined) return
    if (namespaces.through(link, text) === undefined)
      unread.add(text, 'something else is mounted on it')
  } finally {
    sys.close(root)
  }
}
