// Loads the addon from its one place in the package. No environment variable and no search decides what root runs.
import path from 'node:path'
import type { Bytes } from '../bytes.js'
import { GcError } from '../errors.js'

/** What native/addon.cc has to be of: a bundle beside an older addon would misread what it answers. */
export const LAYOUT = 5

/** Each returns what the call returns, or -errno. A path with a NUL byte is a TypeError. */
export interface Addon {
  /** What the last statx answered; the order is that of `stat.ts`. */
  readonly stat: Uint32Array
  readonly layout: number
  /** Numbers of system calls by name, for the seccomp filter. */
  readonly numbers: Readonly<Record<string, number | undefined>>
  unshare(flags: number): number
  setns(fd: number, nstype: number): number
  mount(target: Bytes, flags: number): number
  openat(dirfd: number, path: Bytes, flags: number, mode: number): number
  openat2(dirfd: number, path: Bytes, flags: number, resolve: number): number
  open_tree(dirfd: number, path: Bytes, flags: number): number
  move_mount(from: number, fromPath: Bytes, to: number, toPath: Bytes, flags: number): number
  mount_setattr(
    dirfd: number,
    path: Bytes,
    flags: number,
    set: number,
    clear: number,
    propagation: number,
  ): number
  fsopen(name: Bytes): number
  fsconfig(fd: number, command: number, key: Bytes | null, value: Bytes | null): number
  fsmount(fd: number, attributes: number): number
  statx(dirfd: number, path: Bytes, flags: number): number
  unlinkat(dirfd: number, path: Bytes, flags: number): number
  mkdirat(dirfd: number, path: Bytes, mode: number): number
  getdents64(fd: number, buffer: Uint8Array): number
  readlinkat(dirfd: number, path: Bytes, buffer: Uint8Array): number
  /** Ids of mounts, eight bytes each; how many. */
  listmount(id: number, last: number, namespace: number, ids: Uint8Array): number
  /** A struct statmount and its strings. */
  statmount(id: number, namespace: number, mask: number, buffer: Uint8Array): number
  /** A struct mnt_ns_info; an fd for those requests that give one. */
  ioctl_nsfs(fd: number, request: number, info: Uint8Array): number
  flock(fd: number, operation: number): number
  chdir(path: Bytes): number
  fchdir(fd: number): number
  chroot(path: Bytes): number
  prctl(operation: number, second: number): number
  capset(effective: number, permitted: number): number
  /** To none, in all threads. */
  setgroups(): number
  /** All three uids, in all threads. */
  setresuid(uid: number): number
  /** All three uids, in the calling thread. */
  thread_setresuid(uid: number): number
  seccomp(flags: number, program: Uint8Array): number
  /** An fd; for no rights at all the version of Landlock. */
  landlock_create_ruleset(rights: number): number
  /** The calling thread. */
  landlock_restrict_self(fd: number): number
  faccessat(dirfd: number, path: Bytes, mode: number): number
  faccessat2(dirfd: number, path: Bytes, mode: number, flags: number): number
  /** 0: the directory below `dirfd`, and `name` in it, were looked up by a child of ours in time. */
  answers(
    dirfd: number,
    path: Bytes,
    resolve: number,
    name: Bytes | null,
    milliseconds: number,
  ): number
  /** 1 or 0. */
  isatty(fd: number): number
  /** Does not return. */
  exit_group(status: number): number
  close(fd: number): number
  /** The signal is noted, or by 0 acts as by default. */
  sigaction(signal: number, notes: number): number
  /** The first signal that was noted, or 0. */
  noted(): number
  kill(pid: number, signal: number): number
}

/** From dist/, where the program lies in its package. */
const PLACE = '../build/Release/syscalls.node'

/** `directory` is that of the running program's file. @throws GcError unsupported. */
export const loadAddon = (directory: string): Addon => {
  const file = path.join(directory, PLACE)
  const addon = { exports: {} }
  try {
    // Not require(): that looks for packages around the file, and reads what it finds.
    process.dlopen(addon, file)
  } catch (cause) {
    const { message } = cause as Error
    const missing = message.includes(file) && message.includes('No such file')
    throw new GcError(
      'unsupported',
      missing ? 'the addon was not built' : `the addon cannot be loaded: ${message}`,
      {
        next: 'nothing was touched; run "npm run build:native" on this machine (needs a C++ compiler)',
        cause,
      },
    )
  }
  const loaded = addon.exports as Addon
  if (loaded.layout !== LAYOUT)
    throw new GcError('unsupported', 'the addon was built for another version of this program', {
      next: 'nothing was touched; run "npm run build:native" on this machine (needs a C++ compiler)',
    })
  return loaded
}
