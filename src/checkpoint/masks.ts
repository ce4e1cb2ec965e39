// Which signals a thread blocked when it was dumped.
import { decodeCore } from '../images/core.js'
import type { ImageSource } from '../images/source.js'
import { whenDecodes } from './decoding.js'

/** By its id in the tree's own pid namespace. */
export const coreImageOf = (tid: number): string => `core-${tid}.img`

/** Undefined where no image says it: a dump that was killed leaves that of the task in hand empty. */
export const readMask = (images: Pick<ImageSource, 'peek'>, tid: number): bigint | undefined => {
  let mask: bigint | undefined
  images.peek(coreImageOf(tid), 'core', (data) =>
    whenDecodes(
      () => decodeCore,
      ({ blk_sigset }) => (mask ??= blk_sigset),
      data,
    ),
  )
  return mask
}
