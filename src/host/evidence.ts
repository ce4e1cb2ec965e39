// What the host's mount tables tell beyond the plan: names on which something is mounted, and whether
// a directory is the one that was mounted at the dump.
import { concat, type Bytes } from '../bytes.js'
import { LINK_PREFIX } from '../checkpoint/files.js'
import type { ConstructedMount } from '../namespaces/construct.js'
import { below, isWithin, join, splitLast } from '../paths.js'
import type { HostView } from '../plan/model.js'
import { AT_FDCWD, O_PATH } from '../sys/constants.js'
import type { Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import type { HostMount } from './mountinfo.js'

/** Whether something may be mounted on this name in this directory, in any namespace. */
export type MountpointTest = (name: Bytes, directory: Pick<Stat, 'major' | 'minor'>) => boolean

/**
 * Unlinking a file on which another namespace has something mounted succeeds, and takes that mount
 * away from it. Mount tables know names and device numbers, so it is these that are compared; on a
 * btrfs, whose files have other device numbers than its mounts, the name alone.
 */
export const mountpointTest = (
  tables: readonly { readonly mounts: readonly HostMount[] }[],
): MountpointTest => {
  const devices = new Map<Bytes, Set<string>>()
  for (const { mounts } of tables)
    for (const { mountpoint, parentId } of mounts) {
      const { base } = splitLast(mountpoint)
      if (!base.startsWith(LINK_PREFIX)) continue
      const parent = mounts.find(({ mntId }) => mntId === parentId)
      const device =
        parent === undefined || parent.fstype === 'btrfs' ? ANY : `${parent.major}:${parent.minor}`
      const known = devices.get(base)
      if (known === undefined) devices.set(base, new Set([device]))
      else known.add(device)
    }
  return (name, { major, minor }) => {
    const found = devices.get(name)
    if (found === undefined) return false
    return found.has(ANY) || found.has(`${major}:${minor}`)
  }
}

const ANY = 'any'

/**
 * Whether the provider's directory is the one that the images recorded: same disk, same path in its
 * file system. Says no for file systems without a device, whose numbers change.
 */
export const isProvenMount = (
  sys: Sys,
  { attachment }: ConstructedMount,
  host: HostView,
): boolean => {
  const { mount, provider } = attachment
  if (provider.kind === 'none' || provider.kind === 'stand-in') return false
  if (mount.major === 0 || mount.root === undefined) return false
  const fd = sys.tryOpenat(AT_FDCWD, provider.path, O_PATH)
  if (fd < 0) return false
  const path = sys.readlinkat(AT_FDCWD, concat(`/proc/thread-self/fd/${fd}`))
  sys.close(fd)
  if (path === undefined) return false
  // The deepest mount on the way, and of those at one place the last, which lies on top.
  let row: HostMount | undefined
  for (const one of host.mounts)
    if (isWithin(path, one.mountpoint) && one.mountpoint.length >= (row?.mountpoint.length ?? 0))
      row = one
  if (row?.major !== mount.major || row.minor !== mount.minor) return false
  return join(join(row.root, below(path, row.mountpoint)), provider.sub) === mount.root
}
