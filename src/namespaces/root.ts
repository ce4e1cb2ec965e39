// Looks at --root before anything is planned: a wrong one is a mistake in the call.
import type { Bytes } from '../bytes.js'
import { usage } from '../errors.js'
import type { HostMount } from '../host/mountinfo.js'
import { answersAt } from '../host/remote.js'
import { ROOT } from '../paths.js'
import { escape } from '../escape.js'
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
} from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import { isSameInode } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'

/**
 * The path, or "/" where it is the host's own root under another name.
 * @throws GcError usage where it is not a directory, or only leads to one.
 */
export const openRoot = (sys: Sys, path: Bytes, mounts: readonly HostMount[]): Bytes => {
  const bad = (what: string, next: string): Error =>
    usage(`--root ${escape(path)} ${what}`, { next: `nothing was touched; ${next}` })
  const silence = answersAt(sys, mounts, path)
  const fd = silence < 0 ? silence : sys.tryOpenat(AT_FDCWD, path, O_PATH | O_NOFOLLOW)
  if (fd < 0)
    throw bad(
      `cannot be opened (${errnoName(-fd)})`,
      'give the host path of the rootfs; is it mounted?',
    )
  try {
    const stat = sys.fstatCached(fd)
    const type = stat.mode & S_IFMT
    // Who can place the link chooses the tree: the caller has to name the directory itself.
    if (type === S_IFLNK) throw bad('is a symbolic link', 'give the directory that it leads to')
    if (type !== S_IFDIR) throw bad('is not a directory', 'give the host path of the rootfs')
    const host = sys.withPath(AT_FDCWD, ROOT, O_DIRECTORY, (root) => sys.fstat(root))
    return isSameInode(stat, host) ? ROOT : path
  } finally {
    sys.close(fd)
  }
}
