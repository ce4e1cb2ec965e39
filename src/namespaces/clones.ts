// A detached clone of each provider, made while we are still in the caller's mount namespace:
// open_tree(2) answers EINVAL for a mount of another one.
import { slice, type Bytes } from '../bytes.js'
import type { Mount } from '../checkpoint/model.js'
import type { Host } from '../host/host.js'
import type { HostMount } from '../host/mountinfo.js'
import type { Provider } from '../plan/planned.js'
import { IN_MEMORY } from '../file-systems.js'
import type { GivenPlace } from '../proof/place.js'
import { join, relative, ROOT, pathProblem } from '../paths.js'
import { escape } from '../escape.js'
import {
  AT_FDCWD,
  BENEATH_MOUNT,
  ENOENT,
  EXDEV,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MS_PRIVATE,
  OPEN_TREE_CLONE,
  O_NOFOLLOW,
  O_PATH,
  STATX_ATTR_MOUNT_ROOT,
  S_IFLNK,
  S_IFMT,
} from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Stat } from '../sys/stat.js'
import { isEmptyDirectory } from '../sys/directory.js'
import type { Sys } from '../sys/sys.js'
import { isAfter, type Time } from '../time.js'

/** What that means for the links: out of reach, or removed together with the directory in which they were. */
export type Loss = 'unreachable' | 'removed'

/** A provider that the plan has and the host has not, in words. */
export class ProviderProblem extends Error {
  readonly loss: Loss
  readonly next: string | undefined
  /** Where the directory was that is gone. */
  readonly given: GivenPlace | undefined

  constructor(message: string, loss: Loss, next?: string, given?: GivenPlace) {
    super(message)
    this.loss = loss
    this.next = next
    this.given = given
  }
}

type Reachable = Extract<Provider, { readonly sub: Bytes }>

/** Whatever we attach can neither run, nor open a device, nor pass mounts on. */
export const INERT = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC

/** What is asked of this machine, and when the dump ended. */
export interface CloneOptions {
  readonly host: Pick<Host, 'ask' | 'find' | 'isRemote' | 'isOn' | 'isAt'>
  readonly end: Time
}

export interface Clone {
  /** On a detached, private, non-recursive clone. Read-only stays so. */
  readonly fd: number
  readonly remote: boolean
  /** A file system in memory that was made after the dump: what the dump saw is gone. */
  readonly reborn: boolean
  /** Where its root is on this host; undefined where that cannot be found out. */
  readonly given: GivenPlace | undefined
}

/** @throws ProviderProblem where the host has not what the plan expects, SyscallError otherwise. */
export const cloneProvider = (
  sys: Sys,
  provider: Reachable,
  mount: Mount,
  { host, end }: CloneOptions,
): Clone => {
  mustAnswer(provider, host.ask(provider.path))
  const top = sys.tryOpenat(AT_FDCWD, provider.path, O_PATH | O_NOFOLLOW)
  if (top < 0)
    throw new ProviderProblem(
      `${escape(provider.path)} cannot be opened (${errnoName(-top)})`,
      'unreachable',
      'mount or create it, or give the directory where it is now',
    )
  try {
    const stat = sys.fstatCached(top)
    check(provider, stat, (row) => host.isOn(top, row))
    const reborn = isReborn(provider, stat, end)
    const remote = host.isRemote(top)
    if (remote) mustAnswer(provider, sys.answers(top, relative(provider.sub), BENEATH_MOUNT))
    const given = givenPlace(host, top, mount, provider.sub)
    const fd = provider.sub === ROOT ? clone(sys, top) : cloneBelow(sys, top, provider, given)
    return { fd, remote, reborn, given }
  } finally {
    sys.close(top)
  }
}

/** Before any unshare: afterwards our mounts have other ids than the host's table. */
const givenPlace = (
  { find, isAt }: CloneOptions['host'],
  top: number,
  { upper, root = ROOT }: Mount,
  sub: Bytes,
): GivenPlace | undefined => {
  const found = find(top)
  if (found === undefined) return undefined
  // What lies below was mounted by itself: its directory is below the upper one, too.
  const above = root.endsWith(sub) ? slice(root, 0, -sub.length) : root
  // An image may have anything there: what is no path of this host is none of a directory here.
  const isUpper =
    upper !== undefined &&
    found.upper !== upper &&
    pathProblem(upper) === undefined &&
    isAt(top, above === '' ? upper : join(upper, above))
  return { ...found, path: join(found.path, sub), isUpper }
}

const mustAnswer = ({ path }: Reachable, result: number): void => {
  if (result < 0)
    throw new ProviderProblem(
      `the file system on ${escape(path)} does not answer (${errnoName(-result)})`,
      'unreachable',
      'see to its server, then run the same command again',
    )
}

const clone = (sys: Sys, fd: number): number => {
  const detached = sys.openTree(fd, OPEN_TREE_CLONE)
  sys.mountSetattr(detached, INERT, MS_PRIVATE)
  return detached
}

/** What lies below a caller's directory may be the container's doing: nothing there is followed. */
const cloneBelow = (
  sys: Sys,
  top: number,
  { path, sub }: Reachable,
  given: GivenPlace | undefined,
): number => {
  let fd = sys.tryOpenat2(top, relative(sub), O_PATH, BENEATH_MOUNT)
  if (fd === EXDEV) fd = openUncovered(sys, top, sub)
  if (fd >= 0)
    try {
      return clone(sys, fd)
    } finally {
      sys.close(fd)
    }
  const gone = fd === ENOENT && !isEmptyDirectory(sys, top)
  throw new ProviderProblem(
    `${escape(sub)} below ${escape(path)} ${gone ? 'is gone' : `cannot be opened (${errnoName(-fd)})`}`,
    gone ? 'removed' : 'unreachable',
    'see what is there now',
    given,
  )
}

/** Where a mount of the host covers the directory: a clone has no mounts in it. */
const openUncovered = (sys: Sys, top: number, sub: Bytes): number => {
  const detached = clone(sys, top)
  try {
    return sys.tryOpenat2(detached, relative(sub), O_PATH, BENEATH_MOUNT)
  } finally {
    sys.close(detached)
  }
}

const check = (provider: Reachable, stat: Stat, isOn: (mount: HostMount) => boolean): void => {
  const path = escape(provider.path)
  if ((stat.mode & S_IFMT) === S_IFLNK)
    throw new ProviderProblem(
      `${path} is a symbolic link`,
      'unreachable',
      'give the directory that it leads to, if that is the right one',
    )
  if (provider.kind !== 'host') return
  const { mount } = provider
  const isMount = (stat.attributes & STATX_ATTR_MOUNT_ROOT) !== 0
  // By the mount's own number: another directory of the same file system may be mounted over it.
  if (!isMount || !isOn(mount))
    throw new ProviderProblem(
      `another mount covers ${path}`,
      'unreachable',
      'unmount what covers it',
    )
}

/** Device numbers are given again. One that is younger than the dump is another file system. */
const isReborn = (provider: Reachable, { btime }: Stat, end: Time): boolean => {
  if (provider.kind !== 'host' || btime === undefined || !isAfter(btime, end)) return false
  if (IN_MEMORY.has(provider.mount.fstype)) return true
  throw new ProviderProblem(
    `the file system on ${escape(provider.path)} was made after the dump`,
    'unreachable',
    'mount the one that the dump saw',
  )
}
