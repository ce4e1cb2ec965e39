// Regular files that remaps refer to, by file id. A files.img may have a million entries of which
// ten matter: only those are decoded.
import type { Bytes } from '../bytes.js'
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
  /** All entries that look like a link remap, in the order of the image, wanted or not. */
  readonly links: readonly RegFileEntry[]
}

export const LINK_PREFIX = 'link_remap.'

/** The name that CRIU gives a link: printf("%d") of the file id, so from 2^31 on negative. */
export const linkName = (id: number): string => `${LINK_PREFIX}${id | 0}`

/** Whether a path ends with the name of the link with that id; it is not put together, for there may be very many. */
export const isNamed = (path: Bytes, id: number): boolean => {
  const digits = String(id | 0)
  const at = path.length - digits.length - BEFORE_ID.length
  return at >= 0 && path.endsWith(digits) && path.startsWith(BEFORE_ID, at)
}

const BEFORE_ID = `/${LINK_PREFIX}`

/** Reads files.img (CRIU 3.4 and later) or, where there is none, reg-files.img. */
export const readRegFiles = (images: ImageDirectory, wanted: ReadonlySet<number>): RegFiles => {
  const byId = new Map<number, RegFileEntry>()
  const ambiguous = new Set<number>()
  const links: RegFileEntry[] = []
  const take = (file: RegFileEntry): void => {
    if (looksLikeLink(file)) links.push(file)
    if (!wanted.has(file.id)) return
    if (byId.has(file.id)) ambiguous.add(file.id)
    else byId.set(file.id, file)
  }
  const takeFile = (file: FileEntry): void => {
    if (file.type !== FD_TYPE_REG || file.reg === undefined) return
    // CRIU refuses an entry whose two ids differ; whichever is asked for is then in doubt.
    if (file.reg.id !== file.id) ambiguous.add(file.id).add(file.reg.id)
    take(file.reg)
  }
  const found = { byId, ambiguous, links }
  const state = images.read('files.img', 'files', (data) =>
    whenDecodes(choose(data, wanted, peekFileId, decodeFile), takeFile, data),
  )
  if (state.state !== 'absent') return { state, ...found }
  const old = images.read('reg-files.img', 'reg-files', (data) =>
    whenDecodes(choose(data, wanted, peekRegFileId, decodeRegFile), take, data),
  )
  return { state: old.state === 'absent' ? state : old, ...found }
}

/** Picks the entries that are wanted by id, and those that mention a link's name. */
const choose = <D>(
  data: Buffer,
  wanted: ReadonlySet<number>,
  peek: (data: Buffer, start: number, end: number) => number,
  decode: D,
): ((data: Buffer, start: number, end: number) => D | undefined) => {
  // One search through the image beats a look into each of its entries.
  let mention = data.indexOf(LINK_PREFIX)
  const mentions = (start: number, end: number): boolean => {
    while (mention >= 0 && mention < start) mention = data.indexOf(LINK_PREFIX, start)
    return mention >= 0 && mention < end
  }
  return (_, start, end) => {
    const id = peek(data, start, end)
    return id < 0 || wanted.has(id) || mentions(start, end) ? decode : undefined
  }
}

/** A link's own entry: its name has its id, and nothing that a file somebody opened would have. */
const looksLikeLink = (file: RegFileEntry): boolean =>
  file.mode === undefined &&
  file.size === undefined &&
  file.mnt_id === undefined &&
  file.flags === 0 &&
  file.pos === 0 &&
  isNamed(file.name, file.id)
