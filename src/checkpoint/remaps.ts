// remap-fpath.img joined to the entries of both files: the link that it made, and the original whose
// entry alone has mount, size and mode.
import type { Bytes } from '../bytes.js'
import type { ImageSource, ImageState } from '../images/source.js'
import { decodeRemapFilePath, REMAP_TYPE, type RegFileEntry } from '../images/entries.js'
import { LIMITS } from '../limits.js'
import { isNamed, linkName } from '../link-name.js'
import { isTooLong, pathProblem, TOO_LONG } from '../paths.js'
import { bounded, whenDecodes } from './decoding.js'
import { readRegFiles, type RegFiles } from './files.js'
import { joinGhosts } from './ghosts.js'
import type { LinkRemap, UnlistedLink } from './model.js'
import { describe, pathOf, type Linked } from './originals.js'

/** Before CRIU 1.4 wrote the type, this bit of remap_id said that it is a ghost's id. */
const OLD_GHOST_BIT = 0x80000000

export interface Remaps {
  readonly listing: ImageState
  readonly files: ImageState
  readonly remaps: readonly LinkRemap[]
  /** Those of which an entry is missing although nothing was cut. */
  readonly lost: ReadonlySet<LinkRemap>
  readonly unlisted: readonly UnlistedLink[]
  /** By the paths that a restore gives them; `remapId` is of their own series. */
  readonly ghosts: readonly LinkRemap[]
  readonly counts: { readonly ghost: number; readonly procfs: number; readonly unknown: number }
  readonly entries: RegFiles
}

/** @throws GcError bad-images where a limit is passed. */
export const readRemaps = (images: ImageSource, limit: number = LIMITS.remaps): Remaps => {
  const linked: Linked[] = []
  const next = `nothing was touched; if this dump has so many, raise the limit with --max-remaps, up to ${LIMITS.entries}`
  const take = bounded(linked, limit, 'link remaps', next)
  const ghosts: Linked[] = []
  const counts = { ghost: 0, procfs: 0, unknown: 0 }
  const listing = images.read('remap-fpath.img', 'remap-fpath', (data) =>
    whenDecodes(
      () => decodeRemapFilePath,
      ({ orig_id: origId, remap_id: remapId, remap_type: type }) => {
        // An id of a ghost is a number of another series: looked up as a file's it would name an
        // innocent file.
        const kind = type ?? (remapId >= OLD_GHOST_BIT ? REMAP_TYPE.ghost : REMAP_TYPE.linked)
        if (kind === REMAP_TYPE.linked) take({ remapId, origId })
        else if (kind === REMAP_TYPE.ghost) {
          counts.ghost += 1
          const id = type === undefined ? remapId - OLD_GHOST_BIT : remapId
          // Nothing hangs on one that is beyond what anybody has.
          if (ghosts.length < LIMITS.remaps) ghosts.push({ remapId: id, origId })
        } else if (kind === REMAP_TYPE.procfs) counts.procfs += 1
        else counts.unknown += 1
      },
      data,
    ),
  )
  const wanted = new Set<number>()
  for (const { remapId, origId } of linked) wanted.add(remapId).add(origId)
  const files = readRegFiles(
    images,
    ghosts.length === 0 ? wanted : new Set([...wanted, ...ghosts.map(({ origId }) => origId)]),
  )
  const { remaps, lost, unlisted } = join(linked, files)
  // A writer that was killed stops between entries, too: what the listing lacks, only the files tell.
  for (const file of files.links)
    if (!wanted.has(file.id)) unlisted.push({ id: file.id, link: pathOf(file) })
  return {
    ...{ listing, files: files.state, remaps, lost, unlisted, counts, entries: files },
    ghosts: joinGhosts(ghosts, files.byId, files.ambiguous),
  }
}

const join = (
  linked: readonly Linked[],
  files: RegFiles,
): { remaps: LinkRemap[]; lost: Set<LinkRemap>; unlisted: UnlistedLink[] } => {
  const cut = files.state.state !== 'complete'
  const remaps: LinkRemap[] = []
  const lost = new Set<LinkRemap>()
  const unlisted: UnlistedLink[] = []
  const seen = new Map<number | undefined, Set<number>>()
  for (const { remapId, origId } of linked) {
    const link = files.byId.get(remapId)
    const original = files.byId.get(origId)
    if ((link === undefined || original === undefined) && cut) {
      unlisted.push({ id: remapId, link: pathOf(link) })
      continue
    }
    const problem = invalid(remapId, origId, link, original, files.ambiguous)
    const name = pathOf(link) ?? ('' as Bytes)
    const described = describe(original)
    // Two that are valid have the same link where they have the same id, which is in its name. One that is left
    // alone stands for no other.
    const duplicate = problem === undefined && !addTo(seen, described.mntId, remapId)
    const remap = { remapId, origId, link: name, original: described, invalid: problem, duplicate }
    remaps.push(remap)
    if (link === undefined || original === undefined) lost.add(remap)
  }
  return { remaps, lost, unlisted }
}

/** False where the set of that key has it already. */
const addTo = <K, V>(sets: Map<K, Set<V>>, key: K, value: V): boolean => {
  let set = sets.get(key)
  if (set === undefined) sets.set(key, (set = new Set()))
  const before = set.size
  return set.add(value).size > before
}

const invalid = (
  remapId: number,
  origId: number,
  link: RegFileEntry | undefined,
  original: RegFileEntry | undefined,
  ambiguous: ReadonlySet<number>,
): string | undefined => {
  if (link === undefined) return `no regular file has the id ${remapId} of the link`
  if (link === original) return 'the entry of the link is also that of the original'
  if (original === undefined) return `no regular file has the id ${origId} of the original`
  const twice = ambiguous.size === 0 ? undefined : [remapId, origId].find((id) => ambiguous.has(id))
  if (twice !== undefined) return `more than one entry claims the file id ${twice}`
  const problem = pathProblem(link.name)
  if (problem !== undefined) return `the path of the link ${problem}`
  if (!isNamed(link.name, remapId)) return `the name of the link is not ${linkName(remapId)}`
  if (link.mnt_id !== undefined || link.mode !== undefined || link.ext)
    return 'the entry of the link is that of a file which a task had open'
  // It may have any form, because it is only shown.
  if (isTooLong(original.name)) return `the path of the original ${TOO_LONG}`
  return undefined
}
