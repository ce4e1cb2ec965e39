// Outcomes that all links of a mount or of a directory share.
import type { DumpTimes } from '../host/clock.js'
import type { ConstructedMount } from '../namespaces/construct.js'
import { join, ROOT } from '../paths.js'
import type { Stat } from '../sys/stat.js'
import { isAfter, isLongBefore, latestMeaning } from '../time.js'
import { escape } from '../escape.js'
import { kept, type Outcome } from './outcome.js'
import { failed } from './unlink.js'

export const VANISHED = 'its file system died with the container, and the link with it'

export const PARENT_GONE: Outcome = {
  verdict: 'absent',
  reason: 'parent-gone',
  message: 'its directory is gone',
}

export const WRONG_MOUNT = kept(
  'wrong-mount',
  'its directory is on another mount than the images say',
  'see what is mounted there now',
)

/** In a directory that is not the dump's, a link of that name is another dump's, and none says nothing. */
export const elsewhere = ({
  attachment: { mount, provider },
  address,
}: ConstructedMount): Outcome => {
  const given = 'path' in provider ? escape(join(provider.path, provider.sub)) : 'this'
  if (mount.fstype === 'tmpfs' && address?.device.startsWith('0:') !== true)
    return kept(
      'elsewhere',
      `${given} is not on a tmpfs, as its mount was at the dump`,
      'leave the option out if that tmpfs was unmounted: the link died with it',
    )
  const { root, major, minor } = mount
  return kept(
    'elsewhere',
    `${given} is not what was mounted at the dump: that was ${escape(root ?? ROOT)} of the file system ${major}:${minor}`,
    'give the directory where that is now; if it was moved here, add --force',
  )
}

/**
 * Why a directory cannot be the one in which the dump made a link, or the one above that is left of
 * its path; undefined where it may be. Making a link changes its directory, removing it again.
 */
export const notTheOne = (
  { ctime, btime }: Pick<Stat, 'ctime' | 'btime'>,
  { begunAt, writtenAt }: DumpTimes,
  isHostTree: boolean,
): Outcome | undefined => {
  const next = isHostTree
    ? 'was a file system mounted there, or was it moved? see to that, then run the same command again; --force takes the link for gone'
    : 'is --root or --external right, and is everything mounted? --force takes the link for gone'
  if (isLongBefore(ctime, begunAt))
    return kept(
      'unreachable',
      'nothing was made or removed in its directory, or where that should be, since the dump: it is not the one that the dump saw',
      next,
    )
  if (btime !== undefined && isAfter(btime, latestMeaning(writtenAt)))
    return kept(
      'unreachable',
      'its directory, or what is left of the path to it, was made after the dump: it is not the one that the dump saw',
      next,
    )
  return undefined
}

/** For a provider that the host turned out not to have. */
export const withoutContents = ({ problem, next, loss }: ConstructedMount): Outcome => {
  return loss === 'removed'
    ? PARENT_GONE
    : kept('unreachable', problem ?? 'its mount has no contents', next)
}

/** An unmounted rootfs is an empty directory: what is not in it is not "already gone". */
export const notInThere = ({ attachment: { provider } }: ConstructedMount): Outcome =>
  provider.kind === 'root'
    ? kept(
        'unreachable',
        'none of the directories that the links need is under --root',
        'is --root right, and is the rootfs mounted?',
      )
    : kept(
        'unreachable',
        'none of the directories that the links need is in what was given for its mount',
        'is the host directory right, and is it mounted?',
      )

/** ELOOP is somebody's symbolic link in the way: no path that CRIU recorded had one. */
export const pathFailed = (result: number): Outcome => {
  const outcome = failed('openat2', result)
  return outcome.errno === 'ELOOP' || outcome.errno === 'EXDEV'
    ? {
        ...outcome,
        verdict: 'kept',
        reason: 'unsafe-path',
        message: `a symbolic link or a mount is in the way (${outcome.errno})`,
        next: 'see who changed the path since the dump; remove the link by hand',
      }
    : outcome
}
