// timens-0.img: what the kernel's clocks said when the tree was dumped. A copy of the images changes the
// times of files, and a wrong clock makes them wrong; this stays.
import { decodeTimens, type TimensEntry } from '../images/clocks.js'
import type { ImageSource } from '../images/source.js'
import { whenDecodes } from './decoding.js'

export const TIMENS_IMAGE = 'timens-0.img'

/** Since boot; undefined where the tree had a time namespace of its own. */
export const readClock = (images: ImageSource): TimensEntry | undefined => {
  let clock: TimensEntry | undefined
  images.readIfThere(TIMENS_IMAGE, 'timens', (data) =>
    whenDecodes(
      () => decodeTimens,
      (value) => (clock ??= value),
      data,
    ),
  )
  return clock
}
