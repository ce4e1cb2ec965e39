// Which mounts a namespace needs, and on which of them a path lies once they are attached.
import type { Bytes } from '../bytes.js'
import type { Mount, MountNamespace } from '../checkpoint/model.js'
import { mountsIn } from '../checkpoint/mounts.js'
import { ROOT } from '../paths.js'
import type { Attachment, Provider, Providers } from './planned.js'

const MISSING: Provider = { kind: 'stand-in' }

/** `mount` and its ancestors; undefined where a cut image lacks one of them. */
export const chainOf = (
  mount: Mount,
  byId: ReadonlyMap<number, Mount>,
  namespace: MountNamespace,
): Mount[] | undefined => {
  if (!namespace.complete) return undefined
  const chain = [mount]
  const root = namespace.mounts[0]
  for (let at = mount; at !== root;) {
    const parent = byId.get(at.parentId)
    if (parent === undefined) return undefined
    chain.push(parent)
    at = parent
  }
  return chain
}

/**
 * Attachments for the mounts in `needed`, in the order of the namespace. A mount on the way whose
 * contents are out of reach is taken by a stand-in: it is needed for the places in it only.
 */
export const layOut = (
  namespace: MountNamespace,
  needed: ReadonlySet<Mount>,
  providers: Providers,
): Attachment[] => {
  const byId = mountsIn(namespace)
  return namespace.mounts
    .filter((mount) => needed.has(mount))
    .map((mount) => {
      // Rows of a cut image are no tree that anybody checked: each mount is used by itself.
      const hasParent = namespace.complete && mount !== namespace.mounts[0]
      const parent = hasParent ? byId.get(mount.parentId) : undefined
      return {
        mount,
        parentId: parent?.mntId,
        provider: providers.get(mount.mntId) ?? MISSING,
      }
    })
}

/** A path on which something is mounted. */
interface Place {
  /** With a slash at its end: whatever is below it begins so, and in a sorted list follows at once. */
  readonly path: string
  /** The nearest place above it. */
  readonly above: Place | undefined
  /** The mount on which a lookup of the path ends. */
  readonly mount: Mount | undefined
}

/**
 * Answers on which mount a path lies in a namespace with these attachments. The work for a path is
 * linear in its length, and what is kept is no more than the mountpoints themselves.
 */
export const mountFinder = (
  attachments: readonly Attachment[],
): ((path: Bytes) => Mount | undefined) => {
  const root = attachments[0]?.mount
  const places = placesOf(attachments, root)
  const find = (path: Bytes): Mount | undefined => {
    const wanted = `${path}/`
    const before = lastUpTo(places, wanted)
    if (before === undefined) return root
    const same = commonLength(before.path, wanted)
    let place: Place | undefined = before
    while (place !== undefined && place.path.length > same) place = place.above
    return place === undefined ? root : place.mount
  }
  let last: Bytes | undefined
  let found: Mount | undefined
  // Nearly every path is the one before.
  return (path) => {
    if (path !== last) found = find((last = path))
    return found
  }
}

/** All places, sorted by their paths. */
const placesOf = (attachments: readonly Attachment[], root: Mount | undefined): Place[] => {
  const mountsAt = new Map<string, Map<number, Mount>>()
  for (const { mount, parentId } of attachments) {
    // A lookup starts in the root's own mount, whatever is mounted over it.
    if (parentId === undefined || mount.mountpoint === ROOT) continue
    const path = `${mount.mountpoint}/`
    const mounts = mountsAt.get(path)
    if (mounts === undefined) mountsAt.set(path, new Map([[parentId, mount]]))
    else mounts.set(parentId, mount)
  }
  let above: Place | undefined
  return [...mountsAt.keys()].sort().map((path) => {
    while (above !== undefined && !path.startsWith(above.path)) above = above.above
    const under = above === undefined ? root : above.mount
    above = { path, above, mount: uppermost(under, mountsAt.get(path)) }
    return above
  })
}

/** The last of the mounts that lie on each other, the lowest of them on `under`. */
const uppermost = (
  under: Mount | undefined,
  mounts: ReadonlyMap<number, Mount> | undefined,
): Mount | undefined => {
  let at = under
  for (let over = at; over !== undefined; over = mounts?.get(over.mntId)) at = over
  return at
}

/** The last place whose path does not come after `path`. */
const lastUpTo = (places: readonly Place[], path: string): Place | undefined => {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle] as Place).path <= path) low = middle + 1
    else high = middle
  }
  return places[low - 1]
}

const commonLength = (a: string, b: string): number => {
  const most = Math.min(a.length, b.length)
  let length = 0
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length += 1
  return length
}
