// Ghost files: inodes that had no name when the tree was dumped, whose images have their contents. A restore makes each of
// them again, beside the path that it had, and takes it away at its end; one that is killed leaves it there.
import { concat, type Bytes } from '../bytes.js'
import { orRefused } from '../errors.js'
import type { RegFileEntry } from '../images/entries.js'
import { firstEntry } from '../images/framing.js'
import { decodeGhostFile, decodeUserns, type IdExtent, type UsernsEntry } from '../images/ghosts.js'
import type { ImageKind } from '../images/magic.js'
import type { ImageSource } from '../images/source.js'
import { isTooLong, pathProblem } from '../paths.js'
import type { Time } from '../time.js'
import type { LinkRemap } from './model.js'
import { describe, type Linked } from './originals.js'

/** printf("%s.cr.%x.ghost"); a directory is made at the path itself, and is none of these. */
export const ghostPath = (original: Bytes, id: number): Bytes =>
  concat(original, `.cr.${id.toString(16)}.ghost`)

/** Each with the path that a restore would give it; what cannot be one of these is left out. */
export const joinGhosts = (
  ghosts: readonly Linked[],
  byId: ReadonlyMap<number, RegFileEntry>,
  ambiguous: ReadonlySet<number>,
): LinkRemap[] => {
  const found = new Map<string, LinkRemap>()
  for (const { remapId, origId } of ghosts) {
    const original = byId.get(origId)
    if (original === undefined || ambiguous.has(origId) || isTooLong(original.name)) continue
    const link = ghostPath(original.name, remapId)
    if (pathProblem(link) !== undefined) continue
    const described = describe(original)
    const key = `${described.mntId ?? ''} ${link}`
    // Several descriptors may be of one inode, and of one path.
    if (!found.has(key))
      found.set(key, {
        ...{ remapId, origId, link, original: described },
        ...{ invalid: undefined, duplicate: false },
      })
  }
  return [...found.values()]
}

/** What a restore gives the inode that it makes. */
export interface Ghost {
  /** st_mode */
  readonly mode: number
  /** On this host; undefined where the user namespace of the dump does not tell. */
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly rdev: number
  /** Of what is no device: in bytes; undefined where its image does not tell. */
  readonly size: number | undefined
  /** Of the last change of its contents, to a microsecond. */
  readonly changed: Time | undefined
}

/** Reads the image of each ghost that it is asked for. */
export class Ghosts {
  private readonly images: ImageSource
  private users: { readonly ids: UsernsEntry | undefined } | undefined

  constructor(images: ImageSource) {
    this.images = images
  }

  /** Undefined where its image is not there, or none. */
  of(id: number): Ghost | undefined {
    const name = `ghost-file-${id.toString(16)}.img`
    const found = this.first(name, 'ghost-file', decodeGhostFile)
    if (found === undefined) return undefined
    const { entry, behind } = found
    const { mode, rdev = 0, mtim, chunks, size } = entry
    const { ids } = (this.users ??= { ids: this.readUsers() })
    return {
      ...{ mode, rdev },
      uid: outside(entry.uid, ids?.uids),
      gid: outside(entry.gid, ids?.gids),
      size: chunks ? size : behind,
      changed: mtim && { sec: mtim.sec, nsec: mtim.usec * 1000 },
    }
  }

  /** Undefined where all ids are those of this host; a namespace that cannot be read knows none. */
  private readUsers(): UsernsEntry | undefined {
    const [name, more] = this.images.names().filter((one) => /^userns-\d{1,10}\.img$/.test(one))
    if (name === undefined) return undefined
    const nobody = { uids: [], gids: [] }
    if (more !== undefined) return nobody
    return this.first(name, 'userns', decodeUserns)?.entry ?? nobody
  }

  private first<T>(
    name: string,
    kind: ImageKind,
    decode: (data: Buffer, start: number, end: number) => T,
  ): { readonly entry: T; readonly behind: number } | undefined {
    const head = this.images.head(name)
    if (head === undefined) return undefined
    const bounds = orRefused(
      () => firstEntry(head.data, kind),
      () => undefined,
    )
    if (bounds === undefined) return undefined
    try {
      const { start, end } = bounds
      return { entry: decode(head.data, start, end), behind: head.size - end }
    } catch {
      // An image that is none tells nothing.
      return undefined
    }
  }
}

const outside = (id: number, extents: readonly IdExtent[] | undefined): number | undefined => {
  if (extents === undefined) return id
  const found = extents.find(({ first, count }) => id >= first && id - first < count)
  return found && found.lowerFirst + id - found.first
}
