// Where a mount's destination leads in a root file system, as the runtime found it: links are followed, and none leads
// out. The kernel does the walk, because a container may change what is there meanwhile.
import { concat, slice, type Bytes } from '../bytes.js'
import { addressOfFd, pathOfFd, rowOf, type Address } from '../host/address.js'
import type { Host } from '../host/host.js'
import { below, isWithin, join, pathProblem, relative, ROOT, splitLast } from '../paths.js'
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'

/** Absolute, without empty components, "." and "..", which ends at the root. */
export const normal = (destination: Bytes): Bytes => {
  const parts: string[] = []
  for (const part of destination.split('/'))
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  return concat('/', parts.join('/'))
}

const INSIDE = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS

/** Of each destination its place; what is not there stays as it was written. */
export const resolver = (
  sys: Sys,
  host: Pick<Host, 'ask' | 'isRemote'>,
  root: Bytes | undefined,
): { readonly resolve: (destination: Bytes) => Bytes; readonly close: () => void } => {
  const silent = root === undefined || host.ask(root) < 0
  const top = silent ? -1 : sys.tryOpenat(AT_FDCWD, root, O_PATH | O_DIRECTORY | O_NOFOLLOW)
  const remote = top >= 0 && host.isRemote(top)
  const start = top < 0 ? undefined : pathOfFd(sys, top)
  const place = (path: Bytes): Bytes | undefined => {
    if (start === undefined) return undefined
    const name = relative(path)
    if (remote && sys.answers(top, name, INSIDE) < 0) return undefined
    const fd = sys.tryOpenat2(top, name, O_PATH, INSIDE)
    if (fd < 0) return undefined
    try {
      const found = pathOfFd(sys, fd)
      return found !== undefined && isWithin(found, start) ? below(found, start) : undefined
    } finally {
      sys.close(fd)
    }
  }
  return {
    resolve: (destination) => {
      // The kernel is asked with it as it stands: what is above a link is not where it stands.
      const written = destination.startsWith('/') ? destination : concat('/', destination)
      const whole = place(written)
      if (whole !== undefined) return whole
      const path = normal(written)
      for (let at = path; at !== ROOT && pathProblem(at) === undefined;) {
        at = splitLast(at).dir
        const known = place(at)
        if (known !== undefined) return join(known, at === ROOT ? path : slice(path, at.length))
      }
      return path
    },
    close: () => {
      if (top >= 0) sys.close(top)
    },
  }
}

/** Something of this host: its path without links, and where that is. */
export interface Here {
  readonly path: Bytes
  readonly address: Address | undefined
  readonly upper: Bytes | undefined
  /** It is this very directory. */
  readonly isAt: (path: Bytes) => boolean
}

/** Undefined where it is not there, or cannot be asked. Close after use of `isAt`. */
export const lookAt = <T>(
  sys: Sys,
  host: Host,
  path: Bytes,
  use: (here: Here) => T,
): T | undefined => {
  if (host.ask(path) < 0) return undefined
  const fd = sys.tryOpenat(AT_FDCWD, path, O_PATH)
  if (fd < 0) return undefined
  try {
    const real = pathOfFd(sys, fd)
    if (real === undefined || pathProblem(real) !== undefined) return undefined
    const row = rowOf(host.mounts, fd)
    return use({
      path: real,
      address: addressOfFd(sys, row, fd),
      upper: row?.upper,
      isAt: (other) => host.isAt(fd, other),
    })
  } finally {
    sys.close(fd)
  }
}
