// What the host's mount tables tell beyond the plan: names on which something is mounted, and whether
// a directory is the one that was mounted at the dump.
import { concat, type Bytes } from '../bytes.js'
import { LINK_PREFIX } from '../checkpoint/files.js'
import type { ConstructedMount } from '../namespaces/construct.js'
import { below, isWithin, join, splitLast } from '../paths.js'
import type { HostView } from '../plan/model.js'
import { AT_FDCWD, O_PATH } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { HostMount } from './mountinfo.js'

/**
 * Last components of mount points that are named like a link remap. Unlinking a file on which another
 * namespace has something mounted succeeds and takes that mount away from it.
 */
export const mountpointNames = (
  tables: readonly { readonly mounts: readonly HostMount[] }[],
): Set<Bytes> => {
  const names = new Set<Bytes>()
  for (const { mounts } of tables)
    for (const { mountpoint } of mounts) {
      const { base } = splitLast(mountpoint)
      if (base.startsWith(LINK_PREFIX)) names.add(base)
    }
  return names
}

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
  const row = host.mounts.findLast(
    ({ mountpoint }) =>
      isWithin(path, mountpoint) &&
      !host.mounts.some(
        (other) => isDeeper(other.mountpoint, mountpoint) && isWithin(path, other.mountpoint),
      ),
  )
  if (row?.major !== mount.major || row.minor !== mount.minor) return false
  return join(join(row.root, below(path, row.mountpoint)), provider.sub) === mount.root
}

const isDeeper = (path: Bytes, other: Bytes): boolean => path.length > other.length
