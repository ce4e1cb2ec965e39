// Which signals threads blocked before CRIU blocked all of them, as far as core images say it: of this dump, or of an
// earlier one of the same processes into the same directory, which it had not written over yet when it was killed.
import { coreImageOf, readMask } from '../checkpoint/masks.js'
import type { Living } from '../host/living/living.js'
import type { ImageSource } from '../images/source.js'
import { isAfter, plus } from '../time.js'
import type { Unread } from '../network/unread.js'
import type { MutedThreads } from './facts.js'
import { idsOf, MUTED } from './tasks.js'

/** By thread id of this host. */
export type Masks = ReadonlyMap<number, bigint>

/** In seconds: the start of a process is known to a clock tick, and the time of a file to about as much. */
const APART = 0.05

export const masksOf = (
  images: Pick<ImageSource, 'peek' | 'stat'>,
  { pid: root, started }: Pick<Living, 'pid' | 'started'>,
  muted: readonly MutedThreads[],
  unread: Unread,
): Masks => {
  const masks = new Map<number, bigint>()
  const { length } = idsOf(root, root, unread)
  for (const { pid, tids } of muted)
    for (const tid of tids) {
      const all = idsOf(pid, tid, unread)
      const id = all.at(-1)
      // Images have the ids of the tree's own pid namespace, and none of one below it.
      if (id === undefined || all.length !== length) continue
      const image = images.stat(coreImageOf(id))
      if (image === undefined || isAfter(started, plus(image.mtime, APART))) continue
      const mask = readMask(images, id)
      // A dump of a thread that another one had left so.
      if (mask !== undefined && mask !== MUTED) masks.set(tid, mask)
    }
  return masks
}
