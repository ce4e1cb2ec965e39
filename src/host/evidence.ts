// What the mount tables of this host tell beyond the plan: whether something is mounted on a link, and
// whether a directory is the one that was mounted at the dump.
import { concat, type Bytes } from '../bytes.js'
import { LINK_PREFIX } from '../checkpoint/files.js'
import type { Mount } from '../checkpoint/model.js'
import { isWithin, ROOT, splitLast } from '../paths.js'
import type { Stat } from '../sys/stat.js'
import { addressIn, type Address } from './address.js'
import type { HostMount } from './mountinfo.js'

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

/** Whether a mount hides what has the name of a link. */
export const isOnLink = ({ mountpoint }: HostMount): boolean =>
  mountpoint.startsWith(LINK_PREFIX, mountpoint.lastIndexOf('/') + 1)

/** Whether something is mounted on this name in the directory, in any namespace. */
export type MountpointTest = (name: Bytes, directory: () => Address | undefined) => boolean

/**
 * Unlinking a file on which another namespace has something mounted succeeds, and takes that mount
 * away from it. Where an address cannot be found out, the name alone decides.
 */
export const mountpointTest = (
  tables: readonly { readonly mounts: readonly HostMount[] }[],
): MountpointTest => {
  const byName = new Map<Bytes, (Address | undefined)[]>()
  for (const { mounts } of tables)
    for (const { mountpoint, parentId } of mounts.filter(isOnLink)) {
      const { base } = splitLast(mountpoint)
      const parent = mounts.find(({ mntId }) => mntId === parentId)
      const address = parent === undefined ? undefined : addressIn(parent, mountpoint)
      byName.set(base, [...(byName.get(base) ?? []), address])
    }
  return (name, directory) => {
    const found = byName.get(name)
    if (found === undefined) return false
    const at = directory()
    if (at === undefined) return true
    const path = at.path === ROOT ? concat(ROOT, name) : concat(at.path, ROOT, name)
    return found.some((one) => one === undefined || (one.device === at.device && one.path === path))
  }
}

/** A place on this host, compared to the one that the images recorded of a mount. */
export type Placement = 'recorded' | 'elsewhere' | 'unknown'

/**
 * Recorded is only the same path on the same disk: file systems without a device get their numbers
 * anew. Elsewhere is another path on a disk, which keeps its paths whatever its number becomes; or in
 * the same file system; or a disk where a tmpfs was.
 */
export const placementOf = (mount: Mount, address: Address | undefined): Placement => {
  if (mount.root === undefined || address === undefined) return 'unknown'
  const isOnDisk = mount.major !== 0
  if (mount.fstype === 'tmpfs' && !address.device.startsWith('0:')) return 'elsewhere'
  const isSameDevice = address.device === `${mount.major}:${mount.minor}`
  if (address.path !== mount.root) return isOnDisk || isSameDevice ? 'elsewhere' : 'unknown'
  return isOnDisk && isSameDevice ? 'recorded' : 'unknown'
}

export const isRecorded = (mount: Mount, address: Address | undefined): boolean =>
  placementOf(mount, address) === 'recorded'
