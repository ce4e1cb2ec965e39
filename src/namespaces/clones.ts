// A detached clone of each provider, made while we are still in the caller's mount namespace:
// open_tree(2) answers EINVAL for a mount of another one.
import type { Bytes } from '../bytes.js'
import type { HostMount } from '../host/mountinfo.js'
import type { Provider } from '../plan/model.js'
import { IN_MEMORY } from '../file-systems.js'
import { addressBelow, type Address } from '../host/address.js'
import { relative, ROOT } from '../paths.js'
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
  readonly address: Address | undefined

  constructor(message: string, loss: Loss, next?: string, address?: Address) {
    super(message)
    this.loss = loss
    this.next = next
    this.address = address
  }
}

type Reachable = Exclude<Provider, { kind: 'none' | 'stand-in' }>

/** Whatever we attach can neither run, nor open a device, nor pass mounts on. */
export const INERT = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC

/** What a provider is cloned with besides itself. */
export interface CloneOptions {
  /** Of the images. */
  readonly writtenAt: Time | undefined
  /** 0, or -errno where a path of this host leads over a file system that does not answer. */
  readonly ask: (path: Bytes) => number
  /** Of a directory on this host, by an fd on it. */
  readonly addressOf: (fd: number) => Address | undefined
  /** Whether somebody else answers look-ups on this fd's mount, and may not. */
  readonly isRemote: (fd: number) => boolean
  /** Whether an fd is on this very mount of this host. */
  readonly isOn: (fd: number, mount: HostMount) => boolean
}

export interface Clone {
  /** On a detached, private, non-recursive clone. Read-only stays so. */
  readonly fd: number
  readonly remote: boolean
  /** A file system in memory that was made after the dump: what the dump saw is gone. */
  readonly reborn: boolean
  /** Of its root, on this host; undefined where that cannot be found out. */
  readonly address: Address | undefined
}

/** @throws ProviderProblem where the host has not what the plan expects, SyscallError otherwise. */
export const cloneProvider = (
  sys: Sys,
  provider: Reachable,
  { writtenAt, ask, addressOf, isRemote, isOn }: CloneOptions,
): Clone => {
  mustAnswer(provider, ask(provider.path))
  const top = sys.tryOpenat(AT_FDCWD, provider.path, O_PATH | O_NOFOLLOW)
  if (top < 0)
    throw new ProviderProblem(
      `${escape(provider.path)} cannot be opened (${errnoName(-top)})`,
      'unreachable',
      'mount or create it, or give the directory where it is now',
    )
  try {
    const stat = sys.fstatCached(top)
    check(provider, stat, (mount) => isOn(top, mount))
    const reborn = isReborn(provider, stat, writtenAt)
    const remote = isRemote(top)
    if (remote) mustAnswer(provider, sys.answers(top, relative(provider.sub), BENEATH_MOUNT))
    const address = addressBelow(addressOf(top), provider.sub)
    const fd = provider.sub === ROOT ? clone(sys, top) : cloneBelow(sys, top, provider, address)
    return { fd, remote, reborn, address }
  } finally {
    sys.close(top)
  }
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
  address: Address | undefined,
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
    address,
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
const isReborn = (provider: Reachable, { btime }: Stat, writtenAt: Time | undefined): boolean => {
  if (provider.kind !== 'host' || writtenAt === undefined || btime === undefined) return false
  if (!isAfter(btime, writtenAt)) return false
  if (IN_MEMORY.has(provider.mount.fstype)) return true
  throw new ProviderProblem(
    `the file system on ${escape(provider.path)} was made after the dump`,
    'unreachable',
    'mount the one that the dump saw',
  )
}
