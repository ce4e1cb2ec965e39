// What proof found, in words. A doubt says what it rests on, asks the question that decides, and names the
// consent to it.
import type { Mount, Original } from '../checkpoint/model.js'
import { escape } from '../escape.js'
import type { ConstructedMount } from '../namespaces/construct.js'
import { join, ROOT } from '../paths.js'
import type { Absence } from '../proof/absence.js'
import type { Known, LinkDoubt } from '../proof/link.js'
import type { Elsewhere } from '../proof/place.js'
import { beginAndEnd, type Window } from '../proof/window.js'
import { S_IFMT } from '../sys/constants.js'
import type { SignalName } from '../sys/signals.js'
import type { Stat } from '../sys/stat.js'
import { toIso, type Time } from '../time.js'
import { doubted, kept, type Outcome } from './outcome.js'

export const VANISHED: Outcome = {
  verdict: 'vanished',
  message: 'its file system died with the container, and the link with it',
}

/** The caller has said so. */
export const GONE_FOR_GOOD: Outcome = {
  verdict: 'vanished',
  message: 'its mount was removed for good (--gone), and the link with it',
}

export const notLookedAt = (signal: SignalName): Outcome =>
  kept(
    'interrupted',
    `it was not looked at: ${signal} ended the run before`,
    'run the same command again',
  )

export const ABSENT: Outcome = { verdict: 'absent' }

const UNPROVEN: Outcome = {
  verdict: 'absent',
  proven: false,
  message: 'it is not there; that this is the directory that the dump saw cannot be known',
}

export const PARENT_GONE: Outcome = {
  verdict: 'absent',
  reason: 'parent-gone',
  proven: false,
  message: 'its directory is gone: removed, moved, or its file system was unmounted',
}

export const WRONG_MOUNT = kept(
  'wrong-mount',
  'its directory is on another mount than the images say',
  'see what is mounted there now',
)

export const MOUNTED_ON = kept('mountpoint', 'something is mounted on it', 'unmount it first')

/** Of what was found there a moment ago. */
export const REMOVED_MEANWHILE: Outcome = {
  verdict: 'absent',
  message: 'somebody removed it meanwhile',
}

const WHO_CHANGES = 'see who changes the tree, then run the same command again'

export const OTHER_DIRECTORY = kept(
  'unsafe-path',
  'another directory has the name of the one that it was found in',
  WHO_CHANGES,
)

export const NO_DIRECTORY = kept(
  'unsafe-path',
  'the directory that it was found in is not there any more',
  WHO_CHANGES,
)

export const explainKnown = (why: Known, stat: Stat, original?: Original): Outcome => {
  switch (why) {
    case 'type':
      return kept(
        'type',
        `it is a ${typeName(stat.mode)}, the dumped file was a ${typeName(original?.mode ?? 0o100000)}`,
      )
    case 'mountpoint':
      return MOUNTED_ON
    case 'immutable':
      return kept(
        'immutable',
        'it is immutable or append-only',
        'take the attribute away with "chattr -ia", then run the same command again',
      )
  }
}

/** What was seen of a link that is in doubt. */
export interface Seen {
  readonly stat: Stat
  /** Of its directory. */
  readonly changed: Time
  readonly original: Original
  readonly window: Window
}

export const explainDoubt = (why: LinkDoubt, seen: Seen): Outcome => {
  const { stat, changed, original, window } = seen
  const { from, to } = beginAndEnd(window)
  switch (why) {
    case 'both':
      return doubted(
        'newer',
        'newer',
        `link (${toIso(stat.ctime)}) and directory (${toIso(changed)}) were changed after the dump (${toIso(to)}): another dump may have made it`,
        'was this container checkpointed again since? then clean up with the images of that checkpoint; if not, --accept newer removes it',
      )
    case 'born':
      return doubted(
        'newer',
        'newer',
        `its file was made (${toIso(stat.btime ?? stat.ctime)}) after the dump (${toIso(to)})`,
        'is this a copy of the tree, links and all? then --accept newer removes it',
      )
    case 'link':
      return doubted(
        'older',
        'older',
        `it is older (${toIso(stat.ctime)}) than the dump (${toIso(from)}): another dump made it`,
        'was there another dump? then clean up with its images; if not, or if these images are a copy with new times, --accept older removes it',
      )
    case 'directory':
      return doubted(
        'older',
        'older',
        `its directory was last changed (${toIso(changed)}) before the dump (${toIso(from)}), which cannot have made a link in it`,
        'is this the directory that the dump saw? give the right one; --accept older removes the link all the same',
      )
    case 'mode':
      return mismatch(
        `its permissions are ${octal(stat.mode)}, the dumped file had ${octal(original.mode ?? 0)}`,
      )
    case 'size':
      return mismatch(`it has ${stat.size} bytes, the dumped file had ${original.size}`)
  }
}

const mismatch = (what: string): Outcome =>
  doubted(
    'mismatch',
    'mismatch',
    what,
    'is it still the same file, changed since? then --accept mismatch removes it',
  )

/** In a directory that is not the dump's, a link of that name is another dump's, and none says nothing. */
export const explainElsewhere = (
  { attachment: { mount, provider } }: ConstructedMount,
  why: Elsewhere,
): Outcome => {
  const given = 'path' in provider ? escape(join(provider.path, provider.sub)) : 'this'
  if (why === 'kind' && mount.fstype === 'tmpfs')
    return doubted(
      'elsewhere',
      'elsewhere',
      `${given} is not on a tmpfs, as its mount was at the dump`,
      'was that tmpfs unmounted? then leave the option out: the link died with it; if its files were moved here, --accept elsewhere',
    )
  return doubted(
    'elsewhere',
    'elsewhere',
    `${given} is not what was mounted at the dump: that was ${recordedText(mount)}`,
    'give that directory; if it was moved or copied to this one, --accept elsewhere removes what fits',
  )
}

const recordedText = ({ root, major, minor, upper }: Mount): string =>
  upper === undefined
    ? `${escape(root ?? ROOT)} of the file system ${major}:${minor}`
    : `the overlay with the upper directory ${escape(upper)}`

const GONE_QUESTION = {
  host: 'was a file system mounted there, or was it moved? see to that, then run the same command again; if all of it was removed, --accept gone',
  namespace:
    'is --root or --external right, and is everything mounted? if all of it was removed, --accept gone',
} as const

/** `mount` is undefined in a host tree. */
export const explainAbsence = (
  absence: Exclude<Absence, 'elsewhere'>,
  mount: ConstructedMount | undefined,
  isDirectoryThere: boolean,
): Outcome => {
  switch (absence) {
    case 'proven':
      return ABSENT
    case 'unproven':
      return isDirectoryThere ? UNPROVEN : PARENT_GONE
    case 'unreached':
      return outOfReach(
        mount?.attachment.provider.kind === 'root'
          ? 'none of the directories that the links need is under --root'
          : 'none of the directories that the links need is in what was given for its mount',
        mount,
      )
    case 'unchanged':
      return outOfReach(
        'nothing was made or removed in its directory, or where that should be, since the dump: it is not the one that the dump saw',
        mount,
      )
    case 'made-later':
      return outOfReach(
        'its directory, or what is left of the path to it, was made after the dump: it is not the one that the dump saw',
        mount,
      )
  }
}

const outOfReach = (message: string, mount: ConstructedMount | undefined): Outcome =>
  doubted(
    'gone',
    'unreachable',
    message,
    mount === undefined ? GONE_QUESTION.host : GONE_QUESTION.namespace,
  )

/** For a provider that the host turned out not to have. */
export const withoutContents = ({ problem, next }: ConstructedMount): Outcome =>
  kept('unreachable', problem ?? 'its mount has no contents', next)

export const explainUnseen = (mount: Mount, unseen: string): Outcome =>
  doubted(
    'unseen',
    'unseen',
    `whether its ${escape(mount.fstype as typeof mount.source)} lives on is not known: ${unseen}`,
    'run it as root of the host, with all capabilities; if the container has ended, --accept unseen',
  )

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

export const typeName = (mode: number): string =>
  TYPES[mode & S_IFMT] ?? `file of type ${(mode & S_IFMT).toString(8)}`
