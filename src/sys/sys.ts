// The seam to the kernel: the only way in which this program touches a container's files. Takes names
// as bytes, answers with what the kernel said; a test replaces the addon below it.
import type { Bytes } from '../bytes.js'
import type { Addon } from './addon.js'
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_STATX_DONT_SYNC,
  ENOSYS,
  ETIMEDOUT,
  KCMP_FILES,
  LSMT_ROOT,
  O_PATH,
  W_OK,
} from './constants.js'
import { readNlink, readStat, type Stat } from './stat.js'
import { SyscallError } from './syscall-error.js'

/**
 * How long a FUSE server or another machine has to answer, in ms. Each time that one does not, the patience
 * of the rest of the run is halved: a run waits ten seconds at most, however many its images lead to.
 */
const PATIENCE = 5000

const EMPTY = '' as Bytes

export class Sys {
  readonly addon: Addon
  private patience = PATIENCE

  constructor(addon: Addon) {
    this.addon = addon
  }

  /** `result`, or a SyscallError where it is -errno. */
  private must(syscall: string, result: number, path?: Bytes): number {
    if (result < 0) throw new SyscallError(syscall, result, path)
    return result
  }

  unshare(flags: number): void {
    this.must('unshare', this.addon.unshare(flags))
  }

  setns(fd: number, nstype: number): void {
    this.must('setns', this.trySetns(fd, nstype))
  }

  /** 0, or -errno. */
  trySetns(fd: number, nstype: number): number {
    return this.addon.setns(fd, nstype)
  }

  /** Changes the propagation of a mount that is there; nothing is mounted by path. */
  setPropagation(target: Bytes, flags: number): void {
    this.must('mount', this.addon.mount(target, flags), target)
  }

  /** An fd, or -errno: for callers that expect some errors. */
  tryOpenat(dirfd: number, path: Bytes, flags: number): number {
    return this.addon.openat(dirfd, path, flags, 0)
  }

  /** The same for a new file, of root's alone. */
  tryCreate(dirfd: number, path: Bytes, flags: number): number {
    return this.addon.openat(dirfd, path, flags, 0o600)
  }

  openat(dirfd: number, path: Bytes, flags: number, mode = 0): number {
    return this.must('openat', this.addon.openat(dirfd, path, flags, mode), path)
  }

  /** An fd, or -errno. */
  tryOpenat2(dirfd: number, path: Bytes, flags: number, resolve: number): number {
    return this.addon.openat2(dirfd, path, flags, resolve)
  }

  openat2(dirfd: number, path: Bytes, flags: number, resolve: number): number {
    return this.must('openat2', this.tryOpenat2(dirfd, path, flags, resolve), path)
  }

  /** The mount or directory that `fd` holds, without the mounts below it, as a detached mount. */
  openTree(fd: number, flags: number): number {
    return this.must('open_tree', this.addon.open_tree(fd, EMPTY, flags | AT_EMPTY_PATH))
  }

  /** Both ends by fd: no path takes part. */
  moveMount(from: number, to: number, flags: number): void {
    this.must('move_mount', this.addon.move_mount(from, EMPTY, to, EMPTY, flags))
  }

  mountSetattr(fd: number, set: number, propagation: number): void {
    this.must(
      'mount_setattr',
      this.addon.mount_setattr(fd, EMPTY, AT_EMPTY_PATH, set, 0, propagation),
    )
  }

  fsopen(fstype: Bytes): number {
    return this.must('fsopen', this.addon.fsopen(fstype))
  }

  fsconfig(fd: number, command: number, key?: Bytes, value?: Bytes): void {
    this.must('fsconfig', this.addon.fsconfig(fd, command, key ?? null, value ?? null), key)
  }

  fsmount(fd: number, attributes: number): number {
    return this.must('fsmount', this.addon.fsmount(fd, attributes))
  }

  /** What `fd` holds. */
  fstat(fd: number): Stat {
    this.must('statx', this.addon.statx(fd, EMPTY, AT_EMPTY_PATH))
    return readStat(this.addon.stat)
  }

  /** The same without asking a FUSE server or another machine: right in what never changes. */
  fstatCached(fd: number): Stat {
    this.must('statx', this.addon.statx(fd, EMPTY, AT_EMPTY_PATH | AT_STATX_DONT_SYNC))
    return readStat(this.addon.stat)
  }

  /** Undefined where it cannot be looked at. */
  tryStatCached(dirfd: number, path: Bytes): Stat | undefined {
    const result = this.addon.statx(dirfd, path, AT_STATX_DONT_SYNC)
    return result < 0 ? undefined : readStat(this.addon.stat)
  }

  /** 0, or -ETIMEDOUT where a look-up of a directory, and of a name in it, would wait too long. */
  answers(fd: number, path: Bytes, resolve: number, name?: Bytes): number {
    if (this.patience < 1) return ETIMEDOUT
    const result = this.addon.answers(fd, path, resolve, name ?? null, this.patience)
    if (result === ETIMEDOUT) this.patience = Math.floor(this.patience / 2)
    return result
  }

  /** The link count of what `fd` holds, or -errno. */
  tryNlink(fd: number): number {
    const result = this.addon.statx(fd, EMPTY, AT_EMPTY_PATH)
    return result < 0 ? result : readNlink(this.addon.stat)
  }

  /** 0, or -errno: whether a name is there. */
  tryStat(dirfd: number, path: Bytes, flags: number): number {
    return this.addon.statx(dirfd, path, flags)
  }

  /** 0, or -errno. Never a directory: the flags are not an argument. */
  tryUnlinkat(dirfd: number, name: Bytes): number {
    return this.addon.unlinkat(dirfd, name, 0)
  }

  /** 0, or -errno. Of an empty directory of a restore's on the host alone. */
  tryRmdirat(dirfd: number, name: Bytes): number {
    return this.addon.unlinkat(dirfd, name, AT_REMOVEDIR)
  }

  /** 0, or -errno. */
  tryMkdirat(dirfd: number, name: Bytes, mode: number): number {
    return this.addon.mkdirat(dirfd, name, mode)
  }

  /** 0, or -errno: whether what `fd` holds could be written, by its mount and by its mode. */
  tryWritable(fd: number): number {
    const result = this.addon.faccessat2(fd, EMPTY, W_OK, AT_EMPTY_PATH)
    if (result !== ENOSYS) return result
    return this.addon.faccessat(AT_FDCWD, `/proc/thread-self/fd/${fd}` as Bytes, W_OK)
  }

  /** Bytes, or -errno. */
  tryGetdents64(fd: number, buffer: Uint8Array): number {
    return this.addon.getdents64(fd, buffer)
  }

  /** Length in bytes, or -errno. */
  tryReadlinkat(dirfd: number, path: Bytes, buffer: Buffer): number {
    return this.addon.readlinkat(dirfd, path, buffer)
  }

  /** Undefined where the link cannot be read; cut where it is longer than `buffer`. */
  readlinkat(dirfd: number, path: Bytes, buffer = Buffer.allocUnsafe(4096)): Bytes | undefined {
    const length = this.tryReadlinkat(dirfd, path, buffer)
    if (length < 0) return undefined
    return buffer.toString('latin1', 0, length) as Bytes
  }

  /** Bytes of `rows` that were filled, three words of 32 bits for each descriptor found; or -errno. */
  tryFindHolders(
    { inoHigh, inoLow }: Pick<Stat, 'inoHigh' | 'inoLow'>,
    path: Bytes,
    mayAsk: boolean,
    rows: Uint8Array,
  ): number {
    return this.addon.find_holders(inoHigh, inoLow, path, mayAsk ? 1 : 0, rows)
  }

  /** Bytes of `records` that were filled, or -errno: `UnlinkedRecords` reads them. */
  tryUnlinkedFiles(task: number, what: number, records: Uint8Array): number {
    return this.addon.unlinked_files(task, what, records)
  }

  /** The same of files with one of these inode numbers: low halves, ascending. */
  tryHeldFiles(
    task: number,
    what: number,
    inodes: Uint32Array,
    mayAsk: boolean,
    records: Uint8Array,
  ): number {
    const numbers = new Uint8Array(inodes.buffer, inodes.byteOffset, inodes.byteLength)
    return this.addon.held_files(task, what, numbers, mayAsk ? 1 : 0, records)
  }

  /** An fd, or -errno. */
  tryPidfdOpen(pid: number): number {
    return this.addon.pidfd_open(pid)
  }

  /** A copy of what that process has open as `fd`, or -errno. */
  tryPidfdGetfd(pidfd: number, fd: number): number {
    return this.addon.pidfd_getfd(pidfd, fd)
  }

  /** 0 where both threads have one table of descriptors; -errno where that cannot be told. */
  tryKcmpFiles(tid1: number, tid2: number): number {
    return this.addon.kcmp(tid1, tid2, KCMP_FILES)
  }

  /** A number, or -errno. */
  tryGetsockopt(fd: number, level: number, name: number): number {
    return this.addon.getsockopt(fd, level, name)
  }

  /** 0, or -errno. */
  trySetsockopt(fd: number, level: number, name: number, value: number): number {
    return this.addon.setsockopt(fd, level, name, value)
  }

  /** The length of all messages of an answer, or -errno: -EOVERFLOW where there is no room for them. */
  tryNetlink(protocol: number, request: Uint8Array, answer: Uint8Array): number {
    return this.addon.netlink(protocol, request, answer)
  }

  /** 0, or -errno. */
  tryPtrace(request: number, tid: number, data = 0): number {
    return this.addon.ptrace(request, tid, data)
  }

  /** 0, or -errno. */
  tryPtraceSigmask(request: number, tid: number, mask: Uint8Array): number {
    return this.addon.ptrace_sigmask(request, tid, mask)
  }

  /** Of a thread that we trace: its status, 0 where there is none yet, or -errno. */
  tryWaitpid(tid: number): number {
    return this.addon.waitpid(tid)
  }

  /** Where looks into a socket's queue begin from now on; what it was before, and 1, or -errno. */
  tryPeekFrom(fd: number, offset: number): number {
    return this.addon.peek_from(fd, offset)
  }

  /** How many copies of files of the next message are in `fds`, or -errno; the caller closes them. */
  tryPeekFiles(fd: number, fds: Uint8Array): number {
    return this.addon.peek_files(fd, fds)
  }

  /** How many ids, or -errno; `ids` has 64 bits for each. Without `id` those that the first mount leads to. */
  tryListmount(namespace: number, ids: Uint8Array, last = 0, id = LSMT_ROOT): number {
    return this.addon.listmount(id, last, namespace, ids)
  }

  /** 0, or -errno; a `Statmount` reads what `buffer` has then. */
  tryStatmount(namespace: number, id: number, mask: number, buffer: Uint8Array): number {
    return this.addon.statmount(id, namespace, mask, buffer)
  }

  /** How many of `ids` that was, or -errno; `hasPlace` looks through what `buffer` has then. */
  tryStatmounts(namespace: number, ids: Uint8Array, mask: number, buffer: Uint8Array): number {
    return this.addon.statmounts(ids, namespace, mask, buffer)
  }

  /** What the request answers with, an fd or 0; or -errno. Of the mount namespace found, `info` has all. */
  tryIoctlNsfs(fd: number, request: number, info: Uint8Array): number {
    return this.addon.ioctl_nsfs(fd, request, info)
  }

  /** 0, or -errno. */
  tryFlock(fd: number, operation: number): number {
    return this.addon.flock(fd, operation)
  }

  chdir(path: Bytes): void {
    this.must('chdir', this.addon.chdir(path), path)
  }

  fchdir(fd: number): void {
    this.must('fchdir', this.addon.fchdir(fd))
  }

  chroot(path: Bytes): void {
    this.must('chroot', this.addon.chroot(path), path)
  }

  /** What the call returned, or -errno. */
  tryPrctl(operation: number, second: number): number {
    return this.addon.prctl(operation, second)
  }

  prctl(operation: number, second: number): void {
    this.must('prctl', this.tryPrctl(operation, second))
  }

  /** Sets of 2^capability; the calling thread's. */
  capset(effective: number, permitted: number): void {
    this.must('capset', this.addon.capset(effective, permitted))
  }

  /** All threads. */
  dropGroups(): void {
    this.must('setgroups', this.addon.setgroups())
  }

  /** All threads. */
  setresuid(uid: number): void {
    this.must('setresuid', this.addon.setresuid(uid))
  }

  /** The calling thread. */
  threadSetresuid(uid: number): void {
    this.must('setresuid', this.addon.thread_setresuid(uid))
  }

  seccomp(flags: number, program: Uint8Array): void {
    this.must('seccomp', this.addon.seccomp(flags, program))
  }

  /** Undefined where this kernel has no Landlock. */
  landlockVersion(): number | undefined {
    const version = this.addon.landlock_create_ruleset(0)
    return version > 0 ? version : undefined
  }

  /** From now on the calling thread has none of these rights to any file. */
  landlock(rights: number): void {
    const fd = this.must('landlock_create_ruleset', this.addon.landlock_create_ruleset(rights))
    try {
      this.must('landlock_restrict_self', this.addon.landlock_restrict_self(fd))
    } finally {
      this.close(fd)
    }
  }

  /** Ends the process, without what Node does at its end: all has to be written before. */
  exitGroup(status: number): void {
    this.addon.exit_group(status)
  }

  noteSignal(signal: number): void {
    this.must('sigaction', this.addon.sigaction(signal, 1))
  }

  /** The first one that was noted, or 0. */
  notedSignal(): number {
    return this.addon.noted()
  }

  /** Ends this process as the signal does by default; returns where it does nothing. */
  endBySignal(pid: number, signal: number): void {
    this.addon.sigaction(signal, 0)
    this.addon.kill(pid, signal)
  }

  isatty(fd: number): boolean {
    return this.addon.isatty(fd) === 1
  }

  /** An fd is closed whatever close(2) answers. */
  close(fd: number): void {
    this.addon.close(fd)
  }

  /** `use` with an O_PATH fd, closed afterwards. */
  withPath<T>(dirfd: number, path: Bytes, flags: number, use: (fd: number) => T): T {
    const fd = this.openat(dirfd, path, O_PATH | flags)
    try {
      return use(fd)
    } finally {
      this.close(fd)
    }
  }
}
