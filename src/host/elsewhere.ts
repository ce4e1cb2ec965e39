// Whether a memory file system whose namespace we cannot reach really died: it lives on while any
// process has it mounted, and so does the link in it.
import { concat } from '../bytes.js'
import type { Mount } from '../checkpoint/model.js'
import { relative } from '../paths.js'
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import { isAfter, type Time } from '../time.js'
import type { HostMount } from './mountinfo.js'
import type { ForeignNamespace } from './processes.js'

/** Pid of a process in whose namespace the file system of `mount` is still mounted. */
export const mountedElsewhere = (
  sys: Sys,
  mount: Mount,
  namespaces: readonly ForeignNamespace[],
  writtenAt: Time,
): number | undefined => {
  for (const { pid, mounts } of namespaces)
    for (const row of mounts)
      if (isLike(row, mount) && isOlder(sys, pid, row, writtenAt)) return pid
  return undefined
}

const isLike = (row: HostMount, mount: Mount): boolean =>
  row.major === mount.major && row.minor === mount.minor && row.fstype === mount.fstype

/**
 * Device numbers of memory file systems are given again: one that was made after the dump is another.
 * Where that cannot be found out it counts as the same, so that nothing is called gone that may live.
 */
const isOlder = (sys: Sys, pid: number, row: HostMount, writtenAt: Time): boolean => {
  const root = sys.tryOpenat(AT_FDCWD, concat(`/proc/${pid}/root`), O_PATH | O_DIRECTORY)
  if (root < 0) return true
  const flags = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
  const fd = sys.tryOpenat2(root, relative(row.mountpoint), O_PATH, flags)
  sys.close(root)
  if (fd < 0) return true
  const { btime, major, minor } = sys.fstat(fd)
  sys.close(fd)
  if (major !== row.major || minor !== row.minor || btime === undefined) return true
  return !isAfter(btime, writtenAt)
}
