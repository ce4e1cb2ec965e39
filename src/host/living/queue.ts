// Files on their way through a socket (SCM_RIGHTS of unix(7)): copies of them, without taking any out.
import type { Bytes } from '../../bytes.js'
import { mountIdOf, pathOfFd } from '../address.js'
import { errnoName } from '../../sys/errno.js'
import type { Stat } from '../../sys/stat.js'
import type { Sys } from '../../sys/sys.js'

export interface QueuedFile extends Pick<
  Stat,
  'nlink' | 'mode' | 'inoHigh' | 'inoLow' | 'major' | 'minor'
> {
  readonly mntId: number
  readonly path: Bytes
}

export interface Queued {
  readonly files: readonly QueuedFile[]
  /** Why there may be more. */
  readonly missing: string | undefined
}

/** SCM_MAX_FD. */
const MOST = 253
/** A socket takes no more messages than that (net.unix.max_dgram_qlen is 10 by default; a stream is bounded by bytes). */
const MESSAGES = 100_000

export interface Peek {
  /** By the path that the kernel shows. */
  readonly isWanted: (path: Bytes) => boolean
  /** Also behind the first message: for a moment the socket's own looks begin there, too. */
  readonly mayMove: boolean
}

/** Of the socket that process `pid` has open as `fd`, in which `count` files wait. */
export const queuedFiles = (
  sys: Sys,
  pid: number,
  fd: number,
  count: number,
  how: Peek = { isWanted: isUnlinked, mayMove: true },
): Queued => {
  const pidfd = sys.tryPidfdOpen(pid)
  if (pidfd < 0) return { files: [], missing: `pidfd_open: ${errnoName(-pidfd)}` }
  const socket = sys.tryPidfdGetfd(pidfd, fd)
  sys.close(pidfd)
  if (socket < 0) return { files: [], missing: `pidfd_getfd: ${errnoName(-socket)}` }
  try {
    return peekAll(sys, socket, count, how)
  } finally {
    sys.close(socket)
  }
}

const peekAll = (sys: Sys, socket: number, count: number, { isWanted, mayMove }: Peek): Queued => {
  const files: QueuedFile[] = []
  // One look needs no offset, which is the socket's own: it is only moved where more than one message has files.
  let seen = peek(sys, socket, files, isWanted)
  if (seen < 0) return { files, missing: `recvmsg: ${errnoName(-seen)}` }
  if (seen < count && mayMove) {
    const before = sys.tryPeekFrom(socket, 0)
    if (before < 0) return { files, missing: `SO_PEEK_OFF: ${errnoName(-before)}` }
    try {
      files.length = 0
      seen = 0
      for (let messages = 0; messages < MESSAGES && seen < count; messages++) {
        const more = peek(sys, socket, files, isWanted)
        if (more < 0) break
        seen += more
      }
    } finally {
      sys.tryPeekFrom(socket, before - 1)
    }
  }
  return {
    files,
    missing: seen < count ? `${count - seen} of ${count} files were not seen` : undefined,
  }
}

/** How many files the next message has, or -errno. */
const peek = (
  sys: Sys,
  socket: number,
  files: QueuedFile[],
  isWanted: Peek['isWanted'],
): number => {
  const fds = new Int32Array(MOST)
  const count = sys.tryPeekFiles(socket, new Uint8Array(fds.buffer))
  for (const fd of fds.subarray(0, Math.max(0, count))) {
    const path = pathOfFd(sys, fd)
    const mntId = mountIdOf(fd)
    if (path !== undefined && mntId !== undefined && isWanted(path))
      files.push({ ...sys.fstatCached(fd), path, mntId })
    sys.close(fd)
  }
  return count
}

const isUnlinked = (path: Bytes): boolean =>
  path.startsWith('/') &&
  (path.endsWith(' (deleted)') || /\/\.(?:nfs|fuse_hidden)[^/]*$/.test(path))
