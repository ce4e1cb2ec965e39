// Looks at --root before anything is planned: a wrong one is a mistake in the call.
import type { Bytes } from '../bytes.js'
import { escape } from '../escape.js'
import type { HostMount } from '../host/mountinfo.js'
import { openNamed } from '../host/named.js'
import { ROOT } from '../paths.js'
import { AT_FDCWD, O_DIRECTORY } from '../sys/constants.js'
import { isSameInode } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'

/**
 * The path, or "/" where it is the host's own root under another name.
 * @throws GcError usage where it is not a directory, or only leads to one.
 */
export const openRoot = (sys: Sys, path: Bytes, mounts: readonly HostMount[]): Bytes => {
  const { fd, stat } = openNamed(sys, path, mounts, {
    name: `--root ${escape(path)}`,
    ifMissing: 'give the host path of the rootfs; is it mounted?',
    ifOther: 'give the host path of the rootfs',
  })
  try {
    const host = sys.withPath(AT_FDCWD, ROOT, O_DIRECTORY, (root) => sys.fstat(root))
    return isSameInode(stat, host) ? ROOT : path
  } finally {
    sys.close(fd)
  }
}
