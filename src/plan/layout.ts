// Which mounts a namespace needs, and on which of them a path lies once they are attached.
import type { Bytes } from '../bytes.js'
import type { Mount, MountNamespace } from '../checkpoint/model.js'
import { prefixes } from '../paths.js'
import type { Attachment, Provider, Providers } from './model.js'

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
  const byId = new Map(namespace.mounts.map((mount) => [mount.mntId, mount]))
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

/** Answers on which mount a path lies in a namespace with these attachments. */
export const mountFinder = (
  attachments: readonly Attachment[],
): ((path: Bytes) => Mount | undefined) => {
  const root = attachments[0]?.mount
  const children = new Map<string, Mount>()
  for (const { mount, parentId } of attachments)
    if (parentId !== undefined) children.set(`${parentId} ${mount.mountpoint}`, mount)
  // Remaps share few directories.
  const known = new Map<Bytes, Mount | undefined>()
  return (path) => {
    if (known.has(path)) return known.get(path)
    let at = root
    // A lookup starts in the root's own mount, whatever is mounted over it.
    for (const prefix of prefixes(path))
      for (let child; (child = children.get(`${at?.mntId} ${prefix}`)) !== undefined;) at = child
    known.set(path, at)
    return at
  }
}
