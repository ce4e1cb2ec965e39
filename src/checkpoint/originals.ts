// What a remap says of the file that a task had open: the entry of that alone has mount, size and mode.
import type { Bytes } from '../bytes.js'
import type { RegFileEntry } from '../images/entries.js'
import { isTooLong } from '../paths.js'
import type { Original } from './model.js'

/** An entry of remap-fpath.img. */
export interface Linked {
  readonly remapId: number
  readonly origId: number
}

/** Nobody opens a path that is too long, and very many remaps may share one: it is left out. */
export const pathOf = (file: RegFileEntry | undefined): Bytes | undefined =>
  file === undefined || isTooLong(file.name) ? undefined : file.name

export const describe = (file: RegFileEntry | undefined): Original => ({
  path: pathOf(file) ?? ('' as Bytes),
  size: file?.size,
  mode: file?.mode,
  // CRIU's default for "not recorded" is -1.
  mntId: file?.mnt_id === undefined || file.mnt_id < 0 ? undefined : file.mnt_id,
})
