// One clean-up of a set of images at a time, and none while anybody is at work on them.
import { badImages, GcError } from '../errors.js'
import type { ImageDirectory } from '../images/directory.js'
import { sleep } from '../sleep.js'
import { EINTR, EWOULDBLOCK, LOCK_EX, LOCK_NB } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Sys } from '../sys/sys.js'
import { whoIsAtWork, type AtWork } from './at-work.js'

/** File systems without locks (some NFS) answer with one of these; a clean-up is safe without. */
const NO_LOCKS = new Set(['ENOLCK', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

/** How long another clean-up is waited for, in ms: one takes milliseconds. */
const PATIENCE = 10_000

/** Locks until the process ends. @throws GcError busy. */
export const lockImages = (sys: Sys, images: ImageDirectory): void => {
  const end = Date.now() + PATIENCE
  let result = sys.tryFlock(images.fd, LOCK_EX | LOCK_NB)
  while ((result === EWOULDBLOCK || result === EINTR) && Date.now() < end) {
    sleep(10)
    result = sys.tryFlock(images.fd, LOCK_EX | LOCK_NB)
  }
  if (result < 0 && result !== EWOULDBLOCK && !NO_LOCKS.has(errnoName(-result)))
    throw badImages(`the image directory cannot be locked (${errnoName(-result)})`, {
      where: images.path,
      next: 'nothing was touched; see what is wrong with its file system',
    })
  if (result === EWOULDBLOCK)
    throw new GcError('busy', 'another clean-up holds the lock of these images', {
      where: images.path,
      next: 'nothing was touched; try again when it has ended',
    })
}

/**
 * What `act` answers, if nobody was at work on the images meanwhile: what it was read from may be half written, so
 * that this comes before any other mistake. To be called right before the first deletion.
 * @throws GcError busy.
 */
export const whileIdle = <T>(sys: Sys, images: ImageDirectory, act: () => T): T => {
  try {
    return act()
  } finally {
    mustBeIdle(sys, images)
  }
}

const mustBeIdle = (sys: Sys, images: ImageDirectory): void => {
  refuseAtWork(whoIsAtWork(sys, images.fd), images.path)
}

/** @throws GcError busy. */
export const refuseAtWork = (atWork: AtWork | undefined, where: string): void => {
  if (atWork === undefined) return
  const { text, orphan } = atWork
  if (orphan === undefined)
    throw new GcError('busy', `somebody is at work on these images: ${text}`, {
      where,
      next: 'nothing was touched; try again when that has ended',
    })
  throw new GcError('busy', `a CRIU that was killed has left a child running: ${text}`, {
    where,
    next: `nothing was touched; no CRIU is alive to which it belongs, and it may wait for ever: if it does not end by itself, end it with "kill -KILL ${orphan}", and run the same command again`,
  })
}
