// inventory.img decides whether these are images that this program can read.
import { badImages } from '../errors.js'
import type { ImageSource, ImageState } from '../images/source.js'
import { decodeInventory, type InventoryEntry } from '../images/entries.js'
import { whenDecodes } from './decoding.js'

export interface Inventory {
  readonly state: ImageState
  /** Undefined where the image is absent, empty or cut: the dump never ended. */
  readonly entry: InventoryEntry | undefined
  /** `criu pre-dump` writes an inventory with a mode and no version (0). */
  readonly preDump: boolean
}

/** @throws GcError bad-images for a version that no supported CRIU (1.3 to 4.2) wrote. */
export const readInventory = (images: ImageSource): Inventory => {
  let entry: InventoryEntry | undefined
  const state = images.read('inventory.img', 'inventory', (data) =>
    whenDecodes(
      () => decodeInventory,
      (value) => (entry ??= value),
      data,
    ),
  )
  if (entry === undefined) return { state, entry, preDump: false }
  const where = `${images.path}/inventory.img`
  if (entry.img_version === 0 && entry.pre_dump_mode !== undefined)
    return { state, entry, preDump: true }
  const { img_version: version } = entry
  if (version !== 1 && version !== 2)
    throw badImages(`images version ${version} is not supported, only 1 and 2 are`, {
      where,
      next: 'nothing was deleted; use a release of criu-gc that knows this version',
    })
  if (!entry.fdinfo_per_id || !entry.ns_per_id)
    throw badImages(
      `images are too old: ${entry.fdinfo_per_id ? 'ns_per_id' : 'fdinfo_per_id'} is not set`,
      { where, next: 'nothing was deleted; only images of CRIU 1.3 and later can be read' },
    )
  return { state, entry, preDump: false }
}
