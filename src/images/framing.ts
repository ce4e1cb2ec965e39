// The outer shape of an image: magic words, then entries of a u32 size and as many bytes.
// A killed dump cuts an image anywhere; the whole entries before the cut are good.
import { u32 } from '../bytes.js'
import { GcError } from '../errors.js'
import { LIMITS } from '../limits.js'
import { COMMON_MAGIC, MAGIC, SERVICE_MAGIC, type ImageKind } from './magic.js'

/** How an image was found; `truncated` has an offset in bytes and the reason in words. */
export interface Framing {
  readonly state: 'complete' | 'empty' | 'truncated'
  /** Whole entries. */
  readonly entries: number
  readonly offset?: number
  readonly detail?: string
}

/** Called with the bounds of each whole entry. False: this entry is not one, stop here. */
export type OnEntry = (start: number, end: number) => boolean

/** Little-endian; as far as there is any. */
const startsLike = (data: Buffer, words: readonly number[]): boolean => {
  const length = Math.min(data.length, words.length * 4)
  for (let at = 0; at < length; at++)
    if (data[at] !== (((words[at >> 2] as number) >>> ((at & 3) * 8)) & 0xff)) return false
  return true
}

/** The words that may lead an image of that kind: by its age, or always the same. */
const wordsOf = (kind: ImageKind): readonly (readonly number[])[] => {
  if (kind === 'inventory') return [[MAGIC[kind]]]
  if (kind === 'stats') return [[SERVICE_MAGIC, MAGIC[kind]]]
  return [[COMMON_MAGIC, MAGIC[kind]], [MAGIC[kind]]]
}

/** Offset of the first entry: 4, 8, or -1 where the file ends inside its magic words. */
const header = (data: Buffer, kind: ImageKind): number => {
  for (const words of wordsOf(kind))
    if (startsLike(data, words)) return data.length < words.length * 4 ? -1 : words.length * 4
  const found = data.length >= 4 ? data.readUInt32LE(0).toString(16).padStart(8, '0') : 'too short'
  throw new GcError('bad-images', `is not a CRIU ${kind} image: its first word is ${found}`)
}

/**
 * Walks the entries of one image. Header words are sniffed, because the inventory that would tell
 * the version may itself be missing; both versions begin with different words, so there is no doubt.
 * @throws GcError bad-images for another file type, or where a limit is passed.
 */
export const walkEntries = (data: Buffer, kind: ImageKind, onEntry: OnEntry): Framing => {
  if (data.length === 0) return { state: 'empty', entries: 0 }
  let offset = header(data, kind)
  if (offset < 0)
    return { state: 'truncated', entries: 0, offset: 0, detail: 'cut inside the magic' }
  let entries = 0
  const cut = (detail: string): Framing => ({ state: 'truncated', entries, offset, detail })
  while (offset < data.length) {
    if (data.length - offset < 4) return cut('cut inside a size word')
    const size = u32(data, offset)
    if (size > data.length - offset - 4)
      return cut(`entry of ${size} bytes, ${data.length - offset - 4} are left`)
    if (size > LIMITS.entryBytes)
      throw new GcError(
        'bad-images',
        `has an entry of ${size} bytes, the limit is ${LIMITS.entryBytes}`,
      )
    if (entries === LIMITS.entries)
      throw new GcError('bad-images', `has more than ${LIMITS.entries} entries`)
    if (!onEntry(offset + 4, offset + 4 + size)) return cut('entry that does not decode')
    entries += 1
    offset += 4 + size
  }
  return { state: 'complete', entries }
}

/**
 * Where the first entry of an image is, of which `data` is the beginning; undefined where not all of it is there. Behind
 * that of a ghost file is no other entry, but what the file had in it.
 * @throws GcError bad-images for another file type.
 */
export const firstEntry = (
  data: Buffer,
  kind: ImageKind,
): { readonly start: number; readonly end: number } | undefined => {
  const offset = data.length === 0 ? -1 : header(data, kind)
  if (offset < 0 || data.length - offset < 4) return undefined
  const start = offset + 4
  const end = start + u32(data, offset)
  return end > data.length ? undefined : { start, end }
}
