// This machine as one value: what is mounted, what is here, what its clocks say. Facts only, each looked
// at when it is first asked for.
import type { Bytes } from '../bytes.js'
import { ROOT } from '../paths.js'
import { AT_FDCWD, O_DIRECTORY, O_PATH } from '../sys/constants.js'
import { isSameInode, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { addressOfFd, hostAddress, pathOfFd, rowOf, type Address } from './address.js'
import type { HostView } from './view.js'
import type { HostMount } from './mountinfo.js'
import { lastMounted } from './superblock.js'
import { answersAt, isRemoteAt, remoteTest } from './remote.js'

/** A directory of this host, and the upper directory of the overlay that it is on. */
export interface Found extends Address {
  readonly upper: Bytes | undefined
}

export interface Host extends HostView {
  /** 0, or -errno where a path of this host leads over a file system that does not answer. */
  readonly ask: (path: Bytes) => number
  /** Whether somebody else answers look-ups on this fd's mount, and may not. */
  readonly isRemote: (fd: number) => boolean
  /** The same of a path without symbolic links. */
  readonly isRemoteAt: (path: Bytes) => boolean
  /** Whether an fd is on this very mount. */
  readonly isOn: (fd: number, mount: HostMount) => boolean
  /** Where a directory of this host is, by an fd on it; undefined where that cannot be found out. */
  readonly find: (fd: number) => Found | undefined
  /** The same by a path without symbolic links, and what was found there. */
  readonly findAt: (path: Bytes, stat: Stat) => Address | undefined
  /** Whether an fd holds the directory that this path leads to. */
  readonly isAt: (fd: number, path: Bytes) => boolean
  /** Whether a disk with this number is mounted here. */
  readonly isMounted: (device: string) => boolean
  /** When that disk was mounted last, in seconds since 1970; undefined where that cannot be found out. */
  readonly lastMounted: (device: string) => number | undefined
  /** An fd on our own root. */
  readonly root: () => number
}

export const hostOf = (sys: Sys, view: HostView): Host => {
  const { mounts } = view
  return {
    mounts,
    bootedAt: view.bootedAt,
    ask: (path) => answersAt(sys, mounts, path),
    isRemote: remoteTest(mounts),
    isRemoteAt: (path) => isRemoteAt(mounts, path),
    isOn: (fd, { mntId }) => rowOf(mounts, fd)?.mntId === mntId,
    find: (fd) => {
      const row = rowOf(mounts, fd)
      const address = addressOfFd(sys, row, fd)
      return row === undefined || address === undefined
        ? undefined
        : { ...address, upper: row.upper }
    },
    findAt: (path, stat) => hostAddress(mounts, path, stat),
    isAt: (fd, path) => {
      if (pathOfFd(sys, fd) === path) return true
      if (answersAt(sys, mounts, path) < 0) return false
      const there = sys.tryStatCached(AT_FDCWD, path)
      return there !== undefined && isSameInode(there, sys.fstatCached(fd))
    },
    isMounted: (device) => mounts.some((row) => deviceOf(row) === device),
    lastMounted: (device) => {
      const row = mounts.find((one) => deviceOf(one) === device)
      return row && lastMounted(row)
    },
    root: () => sys.openat(AT_FDCWD, ROOT, O_PATH | O_DIRECTORY),
  }
}

const deviceOf = ({ major, minor }: HostMount): string => `${major}:${minor}`
