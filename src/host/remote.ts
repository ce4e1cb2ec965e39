// File systems whose look-ups somebody else answers: a FUSE server, which may be the container's own, or
// another machine. Whoever waits for them cannot be interrupted, at times not even killed, so that each
// look-up in one is first made by a child of ours (`Sys.answers`).
import fs from 'node:fs'
import type { Bytes } from '../bytes.js'
import { isWithin, relative, ROOT } from '../paths.js'
import { AT_FDCWD, O_DIRECTORY } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { HostMount } from './mountinfo.js'

/** Types that the kernel serves by itself, from a disk or from memory. Any other is asked first. */
const LOCAL = new Set([
  'bcachefs', 'btrfs', 'cgroup', 'cgroup2', 'devpts', 'devtmpfs', 'erofs', 'exfat', 'ext2', 'ext3', 'ext4',
  'f2fs', 'hugetlbfs', 'iso9660', 'jfs', 'mqueue', 'nilfs2', 'ntfs3', 'overlay', 'proc', 'ramfs',
  'reiserfs', 'rootfs', 'squashfs', 'sysfs', 'tmpfs', 'udf', 'vfat', 'xfs', 'zfs',
]) // prettier-ignore

export const isRemote = ({ fstype }: HostMount): boolean => !LOCAL.has(fstype)

/** Whether one of them is on the way to a path without symbolic links. */
export const isRemoteAt = (mounts: readonly HostMount[], path: Bytes): boolean =>
  mounts.some((row) => isRemote(row) && isWithin(path, row.mountpoint))

/** 0, or -errno where a host path leads over one of them that does not answer. */
export const answersAt = (sys: Sys, mounts: readonly HostMount[], path: Bytes): number =>
  isRemoteAt(mounts, path)
    ? sys.withPath(AT_FDCWD, ROOT, O_DIRECTORY, (root) => sys.answers(root, relative(path), 0))
    : 0

/** Whether an fd is on a mount of one of them. So is one of which that cannot be found out. */
export const remoteTest =
  (mounts: readonly HostMount[]) =>
  (fd: number): boolean => {
    const id = mountIdOf(fd)
    const row = mounts.find(({ mntId }) => mntId === id)
    return row === undefined || isRemote(row)
  }

/** As mount tables have it, which statx(2) has not since kernel 6.8. */
const mountIdOf = (fd: number): number | undefined => {
  try {
    const info = fs.readFileSync(`/proc/thread-self/fdinfo/${fd}`, 'latin1')
    return Number(/^mnt_id:\s*(\d+)$/m.exec(info)?.[1])
  } catch {
    return undefined
  }
}
