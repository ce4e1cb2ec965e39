// Loads the addon from its place in the package. No environment variable and no search decides what root runs.
import fs from 'node:fs'
import path from 'node:path'
import type { Bytes } from '../bytes.js'
import { GcError } from '../errors.js'
import { distrust } from './trusted.js'

/** What native/addon.cc has to be of: a bundle beside an older addon would misread what it answers. */
export const LAYOUT = 28

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
  /** Who holds an inode, or writes to a file below `path`: a walk over /proc. */
  find_holders(
    inoHigh: number,
    inoLow: number,
    path: Bytes,
    mayAsk: number,
    rows: Uint8Array,
  ): number
  /** Of a task by an fd of its folder in /proc: `what` is 1 for descriptors, 2 for memory, 4 for sockets and CRIU's parasite. */
  unlinked_files(task: number, what: number, records: Uint8Array): number
  /** The same of files with one of these inode numbers, by their low halves in ascending order. */
  held_files(
    task: number,
    what: number,
    inodes: Uint8Array,
    mayAsk: number,
    records: Uint8Array,
  ): number
  pidfd_open(pid: number): number
  pidfd_getfd(pidfd: number, fd: number): number
  kcmp(pid1: number, pid2: number, type: number): number
  /** SO_PEEK_OFF: the offset before and 1, or -errno. */
  peek_from(fd: number, offset: number): number
  /** An option that is a number. */
  getsockopt(fd: number, level: number, name: number): number
  setsockopt(fd: number, level: number, name: number, value: number): number
  /** A request that asks for a dump, and all messages of the answer: their length. */
  netlink(protocol: number, request: Uint8Array, answer: Uint8Array): number
  /** Of a request whose data is a number. */
  ptrace(request: number, tid: number, data: number): number
  /** Of one that reads or writes a mask of eight bytes. */
  ptrace_sigmask(request: number, tid: number, mask: Uint8Array): number
  /** Of a thread that we trace: its status, or 0 where there is none yet. */
  waitpid(tid: number): number
  /** Copies of files in the next message of a socket. */
  peek_files(fd: number, fds: Uint8Array): number
  /** Ids of mounts, eight bytes each; how many. */
  listmount(id: number, last: number, namespace: number, ids: Uint8Array): number
  /** A struct statmount and its strings. */
  statmount(id: number, namespace: number, mask: number, buffer: Uint8Array): number
  /** The same of many, `ids` as listmount gives them: how many of those that were. */
  statmounts(ids: Uint8Array, namespace: number, mask: number, buffer: Uint8Array): number
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

// From dist/, where the program lies in its package. A package that was made for others holds the addon
// of each processor; a clone holds what was built in it.
const PLACES = [
  `../prebuilds/linux-${process.arch}/syscalls.node`,
  '../build/Release/syscalls.node',
]
/** Only a clone has it: there the addon can be built. */
const RECIPE = '../binding.gyp'

/** `directory` is that of the running program's file. @throws GcError unsupported. */
export const loadAddon = (directory: string): Addon => {
  const refusal = (problem: string, cause?: unknown): GcError =>
    new GcError('unsupported', problem, { next: whatNext(directory), cause })
  const file = PLACES.map((place) => path.resolve(directory, place)).find((place) => isThere(place))
  if (file === undefined)
    throw refusal(
      isThere(path.resolve(directory, RECIPE))
        ? 'the addon was not built'
        : `this package has no addon for linux-${process.arch}`,
    )
  const addon = { exports: {} }
  try {
    const problem = distrust(stat(file), stat(directory))
    if (problem !== undefined) throw new Error(`${file} is not safe: ${problem}`)
    // Not require(): that looks for packages around the file, and reads what it finds.
    process.dlopen(addon, file)
  } catch (cause) {
    throw refusal(`the addon cannot be loaded: ${(cause as Error).message}`, cause)
  }
  const loaded = addon.exports as Addon
  if (loaded.layout !== LAYOUT)
    throw refusal('the addon was built for another version of this program')
  return loaded
}

const stat = (file: string): fs.BigIntStats => fs.statSync(file, { bigint: true })

const isThere = (file: string): boolean =>
  fs.statSync(file, { bigint: true, throwIfNoEntry: false }) !== undefined

const whatNext = (directory: string): string => {
  const clone = path.resolve(directory, '..')
  return isThere(path.resolve(directory, RECIPE))
    ? `nothing was touched; run "npm run build:native" in ${clone} (needs a C++ compiler)`
    : 'nothing was touched; install the package again, as root, or criu-gc from a clone on this machine: packages hold the addon for x64 and arm64 with glibc'
}
