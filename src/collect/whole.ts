// Outcomes that all links of a mount or of a directory share.
import type { ConstructedMount } from '../namespaces/construct.js'
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

/** For a provider that the host turned out not to have. */
export const withoutContents = ({ problem, next, loss }: ConstructedMount): Outcome => {
  switch (loss) {
    case 'died':
      return { verdict: 'vanished', message: VANISHED }
    case 'removed':
      return PARENT_GONE
    default:
      return kept('unreachable', problem ?? 'its mount has no contents', next)
  }
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
