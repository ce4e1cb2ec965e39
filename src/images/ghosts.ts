// ghost-file-ID.img and userns-ID.img: inodes without a name, and whose ids their owners are.
import { entry, required, type Fields } from './message.js'

/** Of an inode without a name, which a restore makes again. */
export interface GhostFileEntry {
  /** Of the tree's own user namespace. */
  readonly uid: number
  readonly gid: number
  /** st_mode */
  readonly mode: number
  /** st_rdev of a device. */
  readonly rdev: number | undefined
  /** Of the last change of its contents. */
  readonly mtim: { readonly sec: number; readonly usec: number } | undefined
  /** The contents come in pieces, and `size` says how long they are. */
  readonly chunks: boolean
  readonly size: number | undefined
}

const timeval = (fields: Fields): { sec: number; usec: number } => {
  let sec: number | undefined
  let usec: number | undefined
  while (fields.next())
    if (fields.number === 1) sec = fields.uint64()
    else if (fields.number === 2) usec = fields.uint64()
    else fields.skip()
  return { sec: required(sec, 'tv_sec'), usec: required(usec, 'tv_usec') }
}

const ghostFile = (fields: Fields): GhostFileEntry => {
  let uid: number | undefined
  let gid: number | undefined
  let mode: number | undefined
  let rdev: number | undefined
  let mtim: GhostFileEntry['mtim']
  let chunks = false
  let size: number | undefined
  while (fields.next())
    switch (fields.number) {
      case 1:
        uid = fields.uint32()
        break
      case 2:
        gid = fields.uint32()
        break
      case 3:
        mode = fields.uint32()
        break
      case 6:
        rdev = fields.uint32()
        break
      case 8:
        mtim = fields.message(timeval)
        break
      case 9:
        chunks = fields.bool()
        break
      case 10:
        size = fields.uint64()
        break
      default:
        fields.skip()
    }
  return {
    ...{ uid: required(uid, 'uid'), gid: required(gid, 'gid'), mode: required(mode, 'mode') },
    ...{ rdev, mtim, chunks, size },
  }
}

/** `count` ids from `first` on in the namespace are those from `lowerFirst` on outside of it. */
export interface IdExtent {
  readonly first: number
  readonly lowerFirst: number
  readonly count: number
}

const idExtent = (fields: Fields): IdExtent => {
  const found: (number | undefined)[] = []
  while (fields.next())
    if (fields.number >= 1 && fields.number <= 3) found[fields.number] = fields.uint32()
    else fields.skip()
  return {
    first: required(found[1], 'first'),
    lowerFirst: required(found[2], 'lower_first'),
    count: required(found[3], 'count'),
  }
}

export interface UsernsEntry {
  readonly uids: readonly IdExtent[]
  readonly gids: readonly IdExtent[]
}

const userns = (fields: Fields): UsernsEntry => {
  const uids: IdExtent[] = []
  const gids: IdExtent[] = []
  while (fields.next())
    if (fields.number === 1) uids.push(fields.message(idExtent))
    else if (fields.number === 2) gids.push(fields.message(idExtent))
    else fields.skip()
  return { uids, gids }
}

export const decodeGhostFile = entry(ghostFile)
export const decodeUserns = entry(userns)
