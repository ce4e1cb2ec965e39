// Is this directory the one that was mounted at the dump? Told by where it is, never by what is in it.
//
// | the dump's mount | what was given, or found | it is |
// |---|---|---|
// | a host tree's | the host's root | the one |
// | any | still mounted here, known by its mount id | the one |
// | an overlay, upper directory recorded | the same path on an overlay with that upper directory, or that directory | the one |
// | | another path, an overlay with another one, a lower directory, any other directory | not the one |
// | a tmpfs | on a disk | not the one |
// | a disk's | another path, or not on a disk | not the one |
// | | the same path, on the recorded device, of this boot, not mounted since | the one |
// | | the same path, on another device, while the recorded one is mounted here, of this boot | not the one |
// | | the same path, otherwise: another boot, another machine, a number that was given again | possible |
// | without a device of its own (btrfs, NFS, FUSE, tmpfs) | the same number, another path | not the one |
// | | otherwise: such numbers are given again | possible |
// | not recorded, or the given cannot be compared | any | possible |
import type { Bytes } from '../bytes.js'

/** A mount as the images recorded it. */
export interface RecordedPlace {
  readonly fstype: string
  /** "major:minor" */
  readonly device: string
  /** The path of its root in its file system; undefined where the images do not say. */
  readonly root: Bytes | undefined
  /** The upper directory of an overlay, as it was when that was mounted. */
  readonly upper: Bytes | undefined
}

/** What stands in its place now. */
export interface GivenPlace {
  readonly device: string
  readonly path: Bytes
  /** The upper directory where it is an overlay, as it was when that was mounted. */
  readonly upper: Bytes | undefined
  /** It is the directory itself that was the upper one of the dump's overlay. */
  readonly isUpper: boolean
}

export interface PlaceFacts {
  readonly isHostTree: boolean
  /** Still mounted here, and known by its mount id to be that mount. */
  readonly isStillMounted: boolean
  readonly recorded: RecordedPlace | undefined
  /** Undefined where it cannot be found out. */
  readonly given: GivenPlace | undefined
  /** The images were written since this machine was started. */
  readonly isThisBoot: boolean
  /** The disk with the recorded number was mounted after the dump: it may be another one. */
  readonly isMountedSince: boolean
  /** The recorded device is mounted somewhere on this machine. */
  readonly isRecordedMounted: boolean
}

/** Why it is not the one. */
export type Elsewhere = 'path' | 'device' | 'kind' | 'upper'

export type Place =
  | { readonly is: 'the-one' }
  | { readonly is: 'possible' }
  | { readonly is: 'elsewhere'; readonly why: Elsewhere }

const THE_ONE: Place = { is: 'the-one' }
const POSSIBLE: Place = { is: 'possible' }
const elsewhere = (why: Elsewhere): Place => ({ is: 'elsewhere', why })

/** File systems in memory, of other machines, or of several disks have no device: their major number is 0. */
const isDisk = (device: string): boolean => !device.startsWith('0:')

export const placeOf = ({
  isHostTree,
  isStillMounted,
  recorded,
  given,
  isThisBoot,
  isMountedSince,
  isRecordedMounted,
}: PlaceFacts): Place => {
  if (isHostTree || isStillMounted) return THE_ONE
  if (recorded?.root === undefined || given === undefined) return POSSIBLE
  if (recorded.upper !== undefined)
    return given.isUpper || (given.upper === recorded.upper && given.path === recorded.root)
      ? THE_ONE
      : elsewhere(given.upper === recorded.upper ? 'path' : 'upper')
  const isSameDevice = given.device === recorded.device
  const isSamePath = given.path === recorded.root
  if (recorded.fstype === 'tmpfs' && isDisk(given.device)) return elsewhere('kind')
  if (!isDisk(recorded.device)) return isSameDevice && !isSamePath ? elsewhere('path') : POSSIBLE
  if (!isDisk(given.device)) return elsewhere('kind')
  if (!isSamePath) return elsewhere('path')
  if (isSameDevice) return isThisBoot && !isMountedSince ? THE_ONE : POSSIBLE
  return isThisBoot && isRecordedMounted ? elsewhere('device') : POSSIBLE
}
