// Regular files that remaps refer to, by file id. A files.img may have a million entries of which
// ten matter: only those are decoded.
import type { ImageDirectory, ImageState } from '../images/directory.js'
import {
  decodeFile,
  decodeRegFile,
  FD_TYPE_REG,
  type FileEntry,
  type RegFileEntry,
} from '../images/entries.js'
import { peekFileId, peekRegFileId } from '../images/file-ids.js'
import { whenDecodes } from './decoding.js'

export interface RegFiles {
  readonly state: ImageState
  readonly byId: ReadonlyMap<number, RegFileEntry>
  /** Ids that more than one entry claims: what they mean is anyone's guess. */
  readonly ambiguous: ReadonlySet<number>
  /** All entries that look like a link remap, in the order of the image; only where asked for. */
  readonly candidates: readonly RegFileEntry[]
}

export const LINK_PREFIX = 'link_remap.'

/** The name that CRIU gives a link: printf("%d") of the file id, so from 2^31 on negative. */
export const linkName = (id: number): string => `${LINK_PREFIX}${id | 0}`

/**
 * Reads files.img (CRIU 3.4 and later) or, where there is none, reg-files.img.
 * `scan` decodes every entry, to find the links that a cut remap-fpath.img no longer lists.
 */
export const readRegFiles = (
  images: ImageDirectory,
  wanted: ReadonlySet<number>,
  scan: boolean,
): RegFiles => {
  const byId = new Map<number, RegFileEntry>()
  const ambiguous = new Set<number>()
  const candidates: RegFileEntry[] = []
  const take = (file: RegFileEntry): void => {
    if (scan && looksLikeLink(file)) candidates.push(file)
    if (!wanted.has(file.id)) return
    if (byId.has(file.id)) ambiguous.add(file.id)
    else byId.set(file.id, file)
  }
  const wants = (id: number): boolean => scan || id < 0 || wanted.has(id)
  const takeFile = (file: FileEntry): void => {
    if (file.type !== FD_TYPE_REG || file.reg === undefined) return
    // CRIU refuses an entry whose two ids differ; whichever is asked for is then in doubt.
    if (file.reg.id !== file.id) ambiguous.add(file.id).add(file.reg.id)
    take(file.reg)
  }
  const states = images.read('files.img', 'files', (data) =>
    whenDecodes(
      (bytes, start, end) => (wants(peekFileId(bytes, start, end)) ? decodeFile : undefined),
      takeFile,
      data,
    ),
  )
  if (states.state !== 'absent') return { state: states, byId, ambiguous, candidates }
  const old = images.read('reg-files.img', 'reg-files', (data) =>
    whenDecodes(
      (bytes, start, end) => (wants(peekRegFileId(bytes, start, end)) ? decodeRegFile : undefined),
      take,
      data,
    ),
  )
  return { state: old.state === 'absent' ? states : old, byId, ambiguous, candidates }
}

/** A link's own entry: its name has its id, and nothing that a file somebody opened would have. */
const looksLikeLink = (file: RegFileEntry): boolean =>
  file.name.endsWith(`/${linkName(file.id)}`) &&
  file.flags === 0 &&
  file.pos === 0 &&
  file.mode === undefined &&
  file.size === undefined &&
  file.mnt_id === undefined
