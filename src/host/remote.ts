// File systems whose look-ups somebody else answers: a FUSE server, which may be the container's own, or
// another machine. Whoever waits for them cannot be interrupted, at times not even killed, so that each
// look-up in one is first made by a child of ours (`Sys.answers`).
import type { Bytes } from '../bytes.js'
import { LOCAL } from '../file-systems.js'
import { isWithin, relative, ROOT } from '../paths.js'
import { AT_FDCWD, O_DIRECTORY } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import { rowOf } from './address.js'
import type { HostMount } from './mountinfo.js'

export const isRemote = ({ fstype }: HostMount): boolean => !LOCAL.has(fstype)

/** Whether one of them is on the way to a path without symbolic links. */
export const isRemoteAt = (mounts: readonly HostMount[], path: Bytes): boolean =>
  mounts.some((row) => isRemote(row) && isWithin(path, row.mountpoint))

/** 0, or -errno where a host path, whose upper part may have links, leads over one that does not answer. */
export const answersAt = (sys: Sys, mounts: readonly HostMount[], path: Bytes): number =>
  mounts.some(isRemote)
    ? sys.withPath(AT_FDCWD, ROOT, O_DIRECTORY, (root) => sys.answers(root, relative(path), 0))
    : 0

/** Whether an fd is on a mount of one of them; also where that cannot be found out. */
export const remoteTest =
  (mounts: readonly HostMount[]) =>
  (fd: number): boolean => {
    const row = rowOf(mounts, fd)
    return row === undefined || isRemote(row)
  }
