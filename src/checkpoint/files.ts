// Regular files that remaps refer to, by file id. A files.img may have a million entries of which
// ten matter: only those are decoded.
import type { ImageSource, ImageState } from '../images/source.js'
import {
  decodeFile,
  decodeInetSk,
  decodeRegFile,
  FD_TYPE_INETSK,
  FD_TYPE_REG,
  type FileEntry,
  type InetSkEntry,
  type RegFileEntry,
} from '../images/entries.js'
import { peekFileId, peekRegFileId } from '../images/file-ids.js'
import { isNamed, LINK_PREFIX } from '../link-name.js'
import { whenDecodes } from './decoding.js'

export interface RegFiles {
  readonly state: ImageState
  readonly byId: ReadonlyMap<number, RegFileEntry>
  /** Ids that more than one entry claims: what they mean is anyone's guess. */
  readonly ambiguous: ReadonlySet<number>
  /** All entries that look like a link remap, in the order of the image, wanted or not. */
  readonly links: readonly RegFileEntry[]
  /** The entry right behind each of those, where it is of a regular file: CRIU writes the original's there. */
  readonly behind: ReadonlyMap<RegFileEntry, RegFileEntry>
  /** Inet sockets of every kind. */
  readonly sockets: readonly InetSkEntry[]
}

/** Reads files.img (CRIU 3.4 and later) or, where there is none, reg-files.img. */
export const readRegFiles = (images: ImageSource, wanted: ReadonlySet<number>): RegFiles => {
  const byId = new Map<number, RegFileEntry>()
  const ambiguous = new Set<number>()
  const links: RegFileEntry[] = []
  const behind = new Map<RegFileEntry, RegFileEntry>()
  const sockets: InetSkEntry[] = []
  let last: RegFileEntry | undefined
  const take = (file: RegFileEntry): void => {
    if (last !== undefined) behind.set(last, file)
    last = looksLikeLink(file) ? file : undefined
    if (last !== undefined) links.push(last)
    if (!wanted.has(file.id)) return
    if (byId.has(file.id)) ambiguous.add(file.id)
    else byId.set(file.id, file)
  }
  const takeFile = (file: FileEntry): void => {
    if (file.type === FD_TYPE_INETSK && file.isk !== undefined) sockets.push(file.isk)
    if (file.type !== FD_TYPE_REG || file.reg === undefined) {
      last = undefined
      return
    }
    // CRIU refuses an entry whose two ids differ; whichever is asked for is then in doubt.
    if (file.reg.id !== file.id) ambiguous.add(file.id).add(file.reg.id)
    take(file.reg)
  }
  const found = { byId, ambiguous, links, behind, sockets }
  const isBehindLink = (): boolean => last !== undefined
  const state = images.read('files.img', 'files', (data) =>
    whenDecodes(choose(data, wanted, isBehindLink, peekWanted, decodeFile), takeFile, data),
  )
  if (state.state !== 'absent') return { state, ...found }
  const old = images.read('reg-files.img', 'reg-files', (data) =>
    whenDecodes(choose(data, wanted, isBehindLink, peekRegFileId, decodeRegFile), take, data),
  )
  images.readIfThere('inetsk.img', 'inetsk', (data) =>
    whenDecodes(
      () => decodeInetSk,
      (socket) => sockets.push(socket),
      data,
    ),
  )
  return { state: old.state === 'absent' ? state : old, ...found }
}

/** What is no regular file is passed over, but for sockets. */
const peekWanted = (data: Buffer, start: number, end: number): number => {
  const id = peekFileId(data, start, end)
  return id === 0 && data[start + 1] === FD_TYPE_INETSK ? -1 : id
}

/** Picks the entries that are wanted by id, those that mention a link's name, and those behind a link's. */
const choose = <D>(
  data: Buffer,
  wanted: ReadonlySet<number>,
  isBehindLink: () => boolean,
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
    return id < 0 || wanted.has(id) || isBehindLink() || mentions(start, end) ? decode : undefined
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
