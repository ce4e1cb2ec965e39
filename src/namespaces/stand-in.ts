// An empty tmpfs in the place of a mount whose contents died: it holds the directories that later
// mount points need and nothing else. The one kind of file system that this program ever makes.
import { slice, type Bytes } from '../bytes.js'
import { ROOT, splitLast } from '../paths.js'
import {
  EEXIST,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_STRING,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
} from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import { SyscallError } from '../sys/syscall-error.js'
import { INERT } from './clones.js'

/** An fd on the root of a new, detached tmpfs. */
export const makeStandIn = (sys: Sys): number => {
  const context = sys.fsopen('tmpfs' as Bytes)
  try {
    const set = (key: string, value: string): void =>
      sys.fsconfig(context, FSCONFIG_SET_STRING, key as Bytes, value as Bytes)
    // Enough for the mount points of the largest tree that is accepted, and no memory to speak of.
    set('size', '64k')
    set('nr_inodes', '65536')
    set('mode', '0700')
    sys.fsconfig(context, FSCONFIG_CMD_CREATE)
    return sys.fsmount(context, INERT)
  } finally {
    sys.close(context)
  }
}

/** Makes the directories of `place`, and at its end a directory or an empty file, in a stand-in. */
export const makePlace = (
  sys: Sys,
  root: number,
  place: Bytes,
  kind: 'directory' | 'file',
): void => {
  if (place === ROOT) return
  const { dir, base } = splitLast(place)
  const components = dir === ROOT ? [] : slice(dir, 1).split('/')
  let at = sys.openat(root, '.' as Bytes, O_PATH | O_DIRECTORY)
  try {
    for (const component of components as Bytes[]) at = descend(sys, at, component)
    if (kind === 'directory') makeDirectory(sys, at, base)
    else makeFile(sys, at, base)
  } finally {
    sys.close(at)
  }
}

/** Component by component on an fd: a path of ours could be longer than the kernel takes. */
const descend = (sys: Sys, at: number, name: Bytes): number => {
  makeDirectory(sys, at, name)
  const next = sys.openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW)
  sys.close(at)
  return next
}

const makeDirectory = (sys: Sys, at: number, name: Bytes): void => {
  const result = sys.tryMkdirat(at, name, 0o700)
  if (result < 0 && result !== EEXIST) throw new SyscallError('mkdirat', result, name)
}

const makeFile = (sys: Sys, at: number, name: Bytes): void =>
  sys.close(sys.openat(at, name, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600))
