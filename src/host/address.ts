// A directory wherever it is mounted: its file system, and the path in that. Found out from the mount
// that a descriptor is on, because a path alone may lead to a mount that another one covers.
import { concat, type Bytes } from '../bytes.js'
import { below, isWithin, join } from '../paths.js'
import { AT_FDCWD } from '../sys/constants.js'
import type { Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { kernelText } from './kernel-text.js'
import type { HostMount } from './mountinfo.js'

export interface Address {
  /** "major:minor", as mount tables have it. */
  readonly device: string
  readonly path: Bytes
}

export const addressIn = (row: HostMount, path: Bytes): Address => ({
  device: `${row.major}:${row.minor}`,
  path: join(row.root, below(path, row.mountpoint)),
})

/** Of a path below, which is absolute as seen from there. */
export const addressBelow = (address: Address | undefined, path: Bytes): Address | undefined =>
  address && { ...address, path: join(address.path, path) }

/** Of what `fd` holds; undefined where it cannot be found out. `row` is the mount that it is on. */
export const addressOfFd = (
  sys: Sys,
  row: HostMount | undefined,
  fd: number,
): Address | undefined => {
  const path = pathOfFd(sys, fd)
  if (row === undefined || path === undefined || !isWithin(path, row.mountpoint)) return undefined
  return addressIn(row, path)
}

/** What the kernel calls it now; asks no file system. */
export const pathOfFd = (sys: Sys, fd: number): Bytes | undefined =>
  sys.readlinkat(AT_FDCWD, concat(`/proc/thread-self/fd/${fd}`))

/** Of a directory of this host without symbolic links in its path, that the stat says is on that device. */
export const hostAddress = (
  mounts: readonly HostMount[],
  path: Bytes,
  { major, minor }: Pick<Stat, 'major' | 'minor'>,
): Address | undefined => {
  // The deepest mount on the way, and of those at one place the last, which lies on top. One further up
  // may cover them all: then the device is another, or cannot be compared.
  let row: HostMount | undefined
  for (const one of mounts)
    if (isWithin(path, one.mountpoint) && one.mountpoint.length >= (row?.mountpoint.length ?? 0))
      row = one
  return row?.major === major && row.minor === minor ? addressIn(row, path) : undefined
}

/** The mount that `fd` is on. */
export const rowOf = (mounts: readonly HostMount[], fd: number): HostMount | undefined => {
  const id = mountIdOf(fd)
  return mounts.find(({ mntId }) => mntId === id)
}

/** As mount tables have it, which statx(2) has not since kernel 6.8. */
export const mountIdOf = (fd: number): number | undefined => {
  try {
    const info = kernelText(`/proc/thread-self/fdinfo/${fd}`)
    return Number(/^mnt_id:\s*(\d+)$/m.exec(info)?.[1])
  } catch {
    return undefined
  }
}
