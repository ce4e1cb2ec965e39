// Whether something is mounted on a link, in any mount namespace of this machine.
import type { Bytes } from '../bytes.js'
import { LINK_PREFIX } from '../link-name.js'
import { inDirectory, splitLast } from '../paths.js'
import { addressIn, type Address } from './address.js'
import type { HostMount } from './mountinfo.js'
import type { Wanted } from './table.js'

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
  if (byName.size === 0) return () => false
  return (name, directory) => {
    const found = byName.get(name)
    if (found === undefined) return false
    const at = directory()
    if (at === undefined) return true
    const path = inDirectory(at.path, name)
    return found.some((one) => one === undefined || (one.device === at.device && one.path === path))
  }
}

/** Rows that the test wants to see of other namespaces. */
export const isOnLink: Wanted = Object.assign(
  ({ mountpoint }: HostMount) => splitLast(mountpoint).base.startsWith(LINK_PREFIX),
  { text: LINK_PREFIX },
)

/** The same of ghost files. */
export const isOnGhost: Wanted = Object.assign(
  ({ mountpoint }: HostMount) => /\.cr\.[\da-f]+\.ghost$/.test(splitLast(mountpoint).base),
  { text: '.ghost' },
)
