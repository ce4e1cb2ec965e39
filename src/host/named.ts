// A directory of this host that the caller names: a wrong one is a mistake in the call.
import type { Bytes } from '../bytes.js'
import { usage } from '../errors.js'
import { AT_FDCWD, O_NOFOLLOW, O_PATH, S_IFDIR, S_IFLNK, S_IFMT } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import type { HostMount } from './mountinfo.js'
import { answersAt } from './remote.js'

/** How it is called in messages, and what to give in its place. */
export interface Wording {
  readonly name: string
  readonly ifMissing: string
  readonly ifOther: string
}

/** An O_PATH fd, which the caller closes. @throws GcError usage where it is no directory, or only leads to one. */
export const openNamed = (
  sys: Sys,
  path: Bytes,
  mounts: readonly HostMount[],
  { name, ifMissing, ifOther }: Wording,
): { readonly fd: number; readonly stat: Stat } => {
  const bad = (what: string, next: string): Error =>
    usage(`${name} ${what}`, { next: `nothing was touched; ${next}` })
  const silence = answersAt(sys, mounts, path)
  const fd = silence < 0 ? silence : sys.tryOpenat(AT_FDCWD, path, O_PATH | O_NOFOLLOW)
  if (fd < 0) throw bad(`cannot be opened (${errnoName(-fd)})`, ifMissing)
  try {
    const stat = sys.fstatCached(fd)
    const type = stat.mode & S_IFMT
    // Who can place the link chooses the tree: the caller has to name the directory itself.
    if (type === S_IFLNK) throw bad('is a symbolic link', 'give the directory that it leads to')
    if (type !== S_IFDIR) throw bad('is not a directory', ifOther)
    return { fd, stat }
  } catch (error) {
    sys.close(fd)
    throw error
  }
}
