// timens-0.img: what the kernel's clock said when the tree was dumped. A copy of the images changes the
// times of files, and a wrong clock makes them wrong; this stays.
import type { ImageDirectory } from '../images/directory.js'
import { decodeTimens } from '../images/entries.js'
import type { Time } from '../time.js'
import { whenDecodes } from './decoding.js'

/** Since boot, with the time in suspend; undefined where the tree had a time namespace of its own. */
export const readBootClock = (images: ImageDirectory): Time | undefined => {
  let clock: Time | undefined
  images.readIfThere('timens-0.img', 'timens', (data) =>
    whenDecodes(
      () => decodeTimens,
      ({ boottime }) => (clock ??= boottime),
      data,
    ),
  )
  return clock
}
