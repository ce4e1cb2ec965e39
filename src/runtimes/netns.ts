// The network namespace that a container's configuration names, as --netns would.
import { fromText } from '../bytes.js'
import type { HostMount } from '../host/mountinfo.js'
import type { Container } from './container.js'
import type { Derived } from './derive.js'
import { realPath } from './trusted.js'

/**
 * Only one that something keeps mounted there: the file without it is what is left of one that ended, and a process of
 * /proc/PID/ns/net may be another one by now.
 */
export const derivedNetns = (
  { netns }: Pick<Container, 'netns'>,
  mounts: readonly HostMount[],
): Derived | undefined => {
  if (netns === undefined) return undefined
  const place = realPath(netns.path)
  const at = fromText(place)
  const isKept = mounts.some(({ mountpoint, fstype }) => mountpoint === at && fstype === 'nsfs')
  return isKept ? { words: ['--netns', place], from: netns.from } : undefined
}
