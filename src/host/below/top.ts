// A directory below which links are looked for: held from the beginning, so that whatever takes its place later is not
// looked at.
import { concat, fromText, slice, type Bytes } from '../../bytes.js'
import { escape } from '../../escape.js'
import { ROOT } from '../../paths.js'
import { BENEATH_MOUNT, ENOENT, EXDEV, O_DIRECTORY, O_PATH } from '../../sys/constants.js'
import { isSameInode, type Stat } from '../../sys/stat.js'
import type { Sys } from '../../sys/sys.js'
import { pathOfFd, rowOf } from '../address.js'
import type { Host } from '../host.js'
import type { HostMount } from '../mountinfo.js'
import { openNamed } from '../named.js'
import { isRemote } from '../remote.js'

export interface Top {
  /** For look-ups only. */
  readonly fd: number
  /** On this host. */
  readonly path: Bytes
  readonly stat: Stat
  /** The mount that it is on; undefined where that cannot be found out. */
  readonly row: HostMount | undefined
  /** Somebody else answers look-ups in it. */
  readonly isRemote: boolean
}

/** Each once, however often it is named. @throws GcError usage where one is no directory, or only leads to one. */
export const openTops = (sys: Sys, host: Host, paths: readonly string[]): Top[] => {
  const tops: Top[] = []
  for (const path of paths) {
    const top = openTop(sys, host, fromText(path))
    const isKnown = tops.some(
      ({ stat }) => stat.mntId === top.stat.mntId && isSameInode(stat, top.stat),
    )
    if (isKnown) sys.close(top.fd)
    else tops.push(top)
  }
  return tops
}

const openTop = (sys: Sys, host: Host, path: Bytes): Top => {
  const { fd, stat } = openNamed(sys, path, host.mounts, {
    name: escape(path),
    ifMissing: 'give a directory of this host to look below',
    ifOther: 'give the directory that it is in',
  })
  const row = rowOf(host.mounts, fd)
  return {
    fd,
    path: pathOfFd(sys, fd) ?? path,
    stat,
    row,
    isRemote: row === undefined || isRemote(row),
  }
}

/** What one call takes of a path: the kernel's limit is 4096 bytes with the NUL. */
const LONGEST = 4000

/**
 * An O_PATH fd of a directory below, or -errno. `path` is absolute as seen from the top, and may be longer than any that
 * the kernel takes at once. No link and no other mount is on the way.
 */
export const openBelow = (sys: Sys, { fd: top }: Top, path: Bytes): number => {
  let at = top
  let rest = path === ROOT ? ('.' as Bytes) : slice(path, 1)
  for (;;) {
    const isLast = rest.length <= LONGEST
    const end = isLast ? rest.length : rest.lastIndexOf('/', LONGEST)
    const next = openBeneath(sys, at, slice(rest, 0, end), O_PATH | O_DIRECTORY)
    if (at !== top) sys.close(at)
    if (next < 0 || isLast) return next
    at = next
    rest = slice(rest, end + 1)
  }
}

/**
 * On the same mount, without a link on the way. Asked twice: what is said to be gone, or to lie on another mount, is not
 * looked into, and nobody would miss it.
 */
export const openBeneath = (sys: Sys, directory: number, name: Bytes, flags: number): number => {
  const fd = sys.tryOpenat2(directory, name, flags, BENEATH_MOUNT)
  return fd === ENOENT || fd === EXDEV ? sys.tryOpenat2(directory, name, flags, BENEATH_MOUNT) : fd
}

/** From the root of this host. */
export const pathBelow = ({ path: top }: Pick<Top, 'path'>, path: Bytes): Bytes => {
  if (path === ROOT) return top
  return top === ROOT ? path : concat(top, path)
}
