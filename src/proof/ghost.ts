// Is what has the name of a ghost file one that a restore of these images made, and may it go? Pure.
//
// | it is                                                            | verdict                    |
// |------------------------------------------------------------------|----------------------------|
// | a directory, a mount point, immutable                            | somebody else's            |
// | of another type, mode, owner, device number or size than the     | somebody else's, or one    |
// | image says, or its contents changed at another time              | that was not finished      |
// | its image does not say one of these                              | not known to be the dump's |
// | as the image says, and a process holds it                        | held                       |
// | as the image says, and not all processes were seen               | unseen                     |
// | as the image says, and nobody holds it                           | a leftover                 |
//
// A restore gives it the time of the image at the very end: one that was killed before leaves what nobody can tell from a
// file of somebody else's.
import type { Ghost } from '../checkpoint/ghosts.js'
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../sys/constants.js'
import { isSameTime, toIso, type Time } from '../time.js'

export interface GhostFacts {
  /** st_mode */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
  readonly size: number
  readonly changed: Time
  /** In whatever mount namespace. */
  readonly isMountpoint: boolean
  readonly isImmutable: boolean
}

/** What differs, in words; undefined where nothing does. */
export const ghostDiffers = (found: GhostFacts, image: Ghost | undefined): string | undefined => {
  if (image === undefined) return 'its image does not tell what it would be like'
  if (found.isMountpoint) return 'something is mounted on it'
  if (found.isImmutable) return 'it is immutable or append-only'
  const type = image.mode & S_IFMT
  if ((found.mode & S_IFMT) !== type || type === S_IFDIR) return 'it is of another type'
  const differs = (what: string, is: number, was: number | undefined, base = 10): string[] => {
    if (is === was) return []
    const said = was === undefined ? 'which the images do not tell' : `not ${was.toString(base)}`
    return [`its ${what} is ${is.toString(base)}, ${said}`]
  }
  const mode = type === S_IFLNK ? [] : differs('mode', found.mode & 0o7777, image.mode & 0o7777, 8)
  const isDevice = type === S_IFCHR || type === S_IFBLK
  const [first] = [
    ...differs('owner', found.uid, image.uid),
    ...differs('group', found.gid, image.gid),
    ...mode,
    ...(isDevice ? differs('device number', found.rdev, image.rdev) : []),
    ...(type === S_IFREG ? differs('size', found.size, image.size) : []),
    ...(image.changed !== undefined && isSameTime(found.changed, image.changed)
      ? []
      : [
          image.changed === undefined
            ? 'the images do not tell when its contents had changed'
            : `its contents changed at ${toIso(found.changed)}, not at ${toIso(image.changed)}`,
        ]),
  ]
  return first
}
