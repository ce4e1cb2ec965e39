// Mounts that have to do with the links that were found, in any mount namespace: on one of them, or one of them shown
// elsewhere.
import type { Bytes } from '../../bytes.js'
import { escape } from '../../escape.js'
import { groupBy } from '../../group.js'
import { LINK_PREFIX } from '../../link-name.js'
import { splitLast } from '../../paths.js'
import type { Address } from '../address.js'
import type { HostMount } from '../mountinfo.js'

const isLink = (path: Bytes): boolean => splitLast(path).base.startsWith(LINK_PREFIX)

/** Rows of other namespaces that are wanted for that. */
export const isOfLink = ({ mountpoint, root }: HostMount): boolean =>
  isLink(mountpoint) || isLink(root)

/** By a link's name and address: "a mount on /x". Where the address cannot be found out, the name alone decides. */
export type Shown = (name: Bytes, address: Address | undefined) => string[]

export const shownElsewhere = (
  tables: readonly { readonly mounts: readonly HostMount[] }[],
): Shown => {
  const ofLinks = tables.flatMap(({ mounts }) => mounts.filter(({ root }) => isLink(root)))
  const byName = groupBy(ofLinks, ({ root }) => splitLast(root).base)
  return (name, address) => {
    const rows = (byName.get(name) ?? []).filter(
      ({ major, minor, root }) =>
        address === undefined || (address.device === `${major}:${minor}` && address.path === root),
    )
    // Each namespace has a row of its own.
    return [...new Set(rows.map(({ mountpoint }) => `a mount on ${escape(mountpoint)}`))]
  }
}
