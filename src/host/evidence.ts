// What the mount tables of this host tell beyond the plan: whether something is mounted on a link, and
// whether a directory is the one that was mounted at the dump.
import { concat, type Bytes } from '../bytes.js'
import { LINK_PREFIX } from '../checkpoint/files.js'
import type { ConstructedMount } from '../namespaces/construct.js'
import { below, isWithin, join, ROOT, splitLast } from '../paths.js'
import { AT_FDCWD, O_PATH } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { HostMount } from './mountinfo.js'

/** A file wherever it is mounted: its file system, and the path in that. */
export interface Address {
  /** "major:minor", as mount tables have it. */
  readonly device: string
  readonly path: Bytes
}

const addressIn = (row: HostMount, path: Bytes): Address => ({
  device: `${row.major}:${row.minor}`,
  path: join(row.root, below(path, row.mountpoint)),
})

/** Of a path in our own mount namespace that has no symbolic link in it. */
const addressOf = (mounts: readonly HostMount[], path: Bytes): Address | undefined => {
  // The deepest mount on the way, and of those at one place the last, which lies on top.
  let row: HostMount | undefined
  for (const one of mounts)
    if (isWithin(path, one.mountpoint) && one.mountpoint.length >= (row?.mountpoint.length ?? 0))
      row = one
  return row === undefined ? undefined : addressIn(row, path)
}

/** Of a directory in a mount; without one, in a host tree. Undefined where it cannot be found out. */
export const directoryAddress = (
  sys: Sys,
  mounts: readonly HostMount[],
  mount: ConstructedMount | undefined,
  directory: Bytes,
): Address | undefined => {
  if (mount === undefined) return addressOf(mounts, directory)
  const { provider } = mount.attachment
  if (provider.kind === 'none' || provider.kind === 'stand-in') return undefined
  const fd = sys.tryOpenat(AT_FDCWD, provider.path, O_PATH)
  if (fd < 0) return undefined
  const path = sys.readlinkat(AT_FDCWD, concat(`/proc/thread-self/fd/${fd}`))
  sys.close(fd)
  const top = path === undefined ? undefined : addressOf(mounts, path)
  return top && { ...top, path: join(join(top.path, provider.sub), directory) }
}

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
    for (const { mountpoint, parentId } of mounts) {
      const { base } = splitLast(mountpoint)
      if (!base.startsWith(LINK_PREFIX)) continue
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

/**
 * Whether the provider's directory is the one that the images recorded: same disk, same path in its
 * file system. Says no for file systems without a device, whose numbers change.
 */
export const isProvenMount = (
  sys: Sys,
  constructed: ConstructedMount,
  mounts: readonly HostMount[],
): boolean => {
  const { mount } = constructed.attachment
  if (mount.major === 0 || mount.root === undefined) return false
  const address = directoryAddress(sys, mounts, constructed, ROOT)
  return address?.device === `${mount.major}:${mount.minor}` && address.path === mount.root
}
