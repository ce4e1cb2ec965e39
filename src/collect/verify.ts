// Whether what has the name of the link is the link that this dump made. A pure function of what was
// seen through one held fd.
import type { Original } from '../checkpoint/model.js'
import type { DumpTimes } from '../host/clock.js'
import {
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  STATX_ATTR_APPEND,
  STATX_ATTR_IMMUTABLE,
  STATX_ATTR_MOUNT_ROOT,
} from '../sys/constants.js'
import type { Stat } from '../sys/stat.js'
import { isAfter, isLongBefore, latestMeaning, toIso, type Time } from '../time.js'
import { kept, type Outcome } from './outcome.js'

/** What is known of the link besides its inode. */
export interface LinkFacts {
  readonly original: Original
  /** ctime of the inode before this run removed another link of it. */
  readonly ctime: Time
  /** Something in the host's or a live container's tree is mounted on it. */
  readonly isMountpoint: boolean
}

export interface DirectoryFacts {
  /**
   * Before anything of ours was removed from it: unlike its mtime it cannot be set back, neither by
   * somebody nor by a copy that keeps times.
   */
  readonly ctime: Time
  /** It is on the file system and at the path that the images recorded. */
  readonly proven: boolean
}

export interface VerifyOptions extends DumpTimes {
  readonly force: boolean
  readonly keepLastLink: boolean
}

/** Undefined: it is the dump's link and may go. */
export const verify = (
  stat: Stat,
  link: LinkFacts,
  directory: DirectoryFacts,
  options: VerifyOptions,
): Outcome | undefined =>
  neverOurs(stat, link) ??
  (options.force ? undefined : doubtful(stat, link, directory, options)) ??
  (options.keepLastLink && stat.nlink === 1
    ? kept(
        'last-link',
        'it is the last name of its file',
        'leave out --keep-last-link to remove it',
      )
    : undefined)

/** No option overrides these. */
const neverOurs = (stat: Stat, { original, isMountpoint }: LinkFacts): Outcome | undefined => {
  const found = stat.mode & S_IFMT
  const expected = original.mode === undefined ? S_IFREG : original.mode & S_IFMT
  if (found !== expected || found === S_IFDIR)
    return kept('type', `it is a ${typeName(found)}, the dumped file was a ${typeName(expected)}`)
  if (isMountpoint || (stat.attributes & STATX_ATTR_MOUNT_ROOT) !== 0)
    return kept('mountpoint', 'something is mounted on it', 'unmount it first')
  if ((stat.attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) !== 0)
    return kept(
      'immutable',
      'it is immutable or append-only',
      'remove the attribute with chattr(1) first',
    )
  return undefined
}

/**
 * Names repeat from dump to dump. A link older than the dump is none of it: making one is a change of
 * the inode. In the recorded directory, if that last changed during the dump, the name is the dump's for
 * certain; in any other the link has to look like the file, and to be no newer.
 */
const doubtful = (
  stat: Stat,
  { original, ctime }: LinkFacts,
  directory: DirectoryFacts,
  options: VerifyOptions,
): Outcome | undefined => {
  const writtenAt = latestMeaning(options.writtenAt)
  if (isLongBefore(ctime, options.begunAt))
    return kept(
      'older',
      `it is older (${toIso(ctime)}) than the dump (${toIso(options.begunAt)}): another dump made it`,
      'clean up with the images of that dump; add --force if there was none, or if these are copies that have not kept their times',
    )
  const changed = isAfter(directory.ctime, writtenAt)
  if (changed && isAfter(ctime, writtenAt))
    return kept(
      'newer',
      `it is newer (${toIso(ctime)}) than the images (${toIso(options.writtenAt)}): another dump may need it`,
      'clean up with the images of that dump; add --force if there was none',
    )
  if (directory.proven && !changed && !isLongBefore(directory.ctime, options.begunAt))
    return undefined
  const { size, mode } = original
  if (mode !== undefined && (mode & 0o7777) !== (stat.mode & 0o7777))
    return mismatch(`its permissions are ${octal(stat.mode)}, the dumped file had ${octal(mode)}`)
  if (size !== undefined && size !== stat.size)
    return mismatch(`it has ${stat.size} bytes, the dumped file had ${size}`)
  return undefined
}

const mismatch = (what: string): Outcome =>
  kept('mismatch', what, 'look at it; --force removes it all the same')

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0')

const TYPES: Readonly<Record<number, string>> = {
  0o010000: 'fifo',
  0o020000: 'character device',
  0o040000: 'directory',
  0o060000: 'block device',
  0o100000: 'regular file',
  0o120000: 'symbolic link',
  0o140000: 'socket',
}

const typeName = (type: number): string => TYPES[type] ?? `file of type ${type.toString(8)}`
