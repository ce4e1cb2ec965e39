// The table of system calls without a kernel: every call is recorded in order and answered as a test
// says, or with 0 or a new descriptor. A descriptor that is not open may not be used.
import type { Bytes } from '../../../src/bytes.js'
import { LAYOUT, type Addon } from '../../../src/sys/addon.js'
import { NS_MNT_GET_INFO } from '../../../src/sys/constants.js'
import type { Stat } from '../../../src/sys/stat.js'

type Calls = { [K in keyof Addon as Addon[K] extends (...args: never[]) => number ? K : never]: 0 }
export type Name = keyof Calls

/** Numbers as given, names as text with one char a byte, other buffers by their length. */
export type Argument = number | string | null

export interface Call {
  readonly name: Name
  readonly args: readonly Argument[]
}

/** Undefined: the answer that there would have been without a script. */
export type Script = (...args: Argument[]) => number | undefined

const OPENS = new Set<Name>([
  'openat', 'openat2', 'open_tree', 'fsopen', 'fsmount', 'landlock_create_ruleset', 'ioctl_nsfs',
  'pidfd_open', 'pidfd_getfd',
]) // prettier-ignore
/** Arguments that are descriptors. */
const DESCRIPTORS: Partial<Record<Name, readonly number[]>> = { move_mount: [0, 2] }
/** The images' directory, which is locked, was opened elsewhere. */
const NO_DESCRIPTOR = new Set<Name>([
  'flock', 'pidfd_open', 'kcmp', 'ptrace', 'ptrace_sigmask', 'waitpid', 'unshare', 'mount', 'fsopen', 'chdir', 'chroot', 'find_holders', 'listmount', 'statmount', 'statmounts', 'prctl', 'capset', 'setgroups', 'setresuid',
  'thread_setresuid', 'seccomp', 'isatty', 'exit_group', 'sigaction', 'noted', 'kill', 'landlock_create_ruleset',
]) // prettier-ignore
const FIRST = 100

const words = (value: number): [high: number, low: number] => [
  Math.floor(value / 2 ** 32),
  value % 2 ** 32,
]

export class FakeAddon implements Addon {
  readonly stat = new Uint32Array(20)
  readonly layout = LAYOUT
  readonly numbers: Record<string, number | undefined> = { unlinkat: 263, openat: 257 }
  readonly calls: Call[] = []
  /** Open descriptors, and which call made each. */
  readonly open = new Map<number, Call>()
  private readonly scripts = new Map<Name, Script>()
  private next = FIRST

  on(name: Name, script: Script): this {
    this.scripts.set(name, script)
    return this
  }

  /** Puts a script before the one that is there. */
  before(name: Name, script: Script): this {
    const then = this.scripts.get(name)
    return this.on(name, (...args) => script(...args) ?? then?.(...args))
  }

  /** What it answered is told, once it has. */
  after(name: Name, tell: (result: unknown) => void): this {
    const then = this.scripts.get(name)
    return this.on(name, (...args) => {
      const result = then?.(...args)
      tell(result)
      return result
    })
  }

  /** A descriptor that was there before. */
  given(): number {
    this.open.set(this.next, { name: 'openat', args: [] })
    return this.next++
  }

  /** The calls of these names, in order. */
  of(...names: readonly Name[]): Call[] {
    return this.calls.filter(({ name }) => names.includes(name))
  }

  /** Their names. */
  order(...names: readonly Name[]): Name[] {
    return (names.length === 0 ? this.calls : this.of(...names)).map(({ name }) => name)
  }

  answerStat(stat: Partial<Stat>): 0 {
    const time = { sec: 0, nsec: 0 }
    const { ctime = time, btime } = stat
    this.stat.set([
      btime === undefined ? 0 : 0x800,
      stat.mode ?? 0o100644,
      stat.nlink ?? 1,
      stat.attributes ?? 0,
      stat.major ?? 0,
      stat.minor ?? 0,
      stat.inoHigh ?? 0,
      stat.inoLow ?? 1,
      ...words(stat.size ?? 0),
      ...words(stat.mntId ?? 1),
      ...[ctime, btime ?? time].flatMap(({ sec, nsec }) => [...words(sec), nsec]),
      stat.rdevMajor ?? 1,
      stat.rdevMinor ?? 3,
    ])
    return 0
  }

  private call(name: Name, given: readonly (number | string | Uint8Array | null)[]): number {
    // Text would name another file: a name has one char a byte.
    if (given.some((arg) => typeof arg === 'string' && /[^\0-\xff]/.test(arg)))
      throw new TypeError(`${name} with text`)
    const args = given.map((arg) => (arg instanceof Uint8Array ? arg.length : arg))
    this.calls.push({ name, args })
    // The images' directory, which is opened elsewhere.
    if (name === 'flock') this.open.set(args[0] as number, { name, args })
    for (const place of DESCRIPTORS[name] ?? (NO_DESCRIPTOR.has(name) ? [] : [0])) {
      const fd = args[place] as number
      if (fd !== -100 && !this.open.has(fd)) throw new Error(`${name} of ${fd}, which is not open`)
    }
    const opens = OPENS.has(name) && !(name === 'ioctl_nsfs' && args[1] === NS_MNT_GET_INFO)
    const result = this.scripts.get(name)?.(...args) ?? (opens ? this.next++ : 0)
    if (opens && result >= 0) this.open.set(result, { name, args })
    if (name === 'close') this.open.delete(args[0] as number)
    return result
  }

  unshare(flags: number): number {
    return this.call('unshare', [flags])
  }
  setns(fd: number, nstype: number): number {
    return this.call('setns', [fd, nstype])
  }
  mount(target: Bytes, flags: number): number {
    return this.call('mount', [target, flags])
  }
  openat(dirfd: number, path: Bytes, flags: number, mode: number): number {
    return this.call('openat', [dirfd, path, flags, mode])
  }
  openat2(dirfd: number, path: Bytes, flags: number, resolve: number): number {
    return this.call('openat2', [dirfd, path, flags, resolve])
  }
  open_tree(dirfd: number, path: Bytes, flags: number): number {
    return this.call('open_tree', [dirfd, path, flags])
  }
  move_mount(from: number, fromPath: Bytes, to: number, toPath: Bytes, flags: number): number {
    return this.call('move_mount', [from, fromPath, to, toPath, flags])
  }
  mount_setattr(
    dirfd: number,
    path: Bytes,
    flags: number,
    set: number,
    clear: number,
    propagation: number,
  ): number {
    return this.call('mount_setattr', [dirfd, path, flags, set, clear, propagation])
  }
  fsopen(name: Bytes): number {
    return this.call('fsopen', [name])
  }
  fsconfig(fd: number, command: number, key: Bytes | null, value: Bytes | null): number {
    return this.call('fsconfig', [fd, command, key, value])
  }
  fsmount(fd: number, attributes: number): number {
    return this.call('fsmount', [fd, attributes])
  }
  statx(dirfd: number, path: Bytes, flags: number): number {
    return this.call('statx', [dirfd, path, flags])
  }
  unlinkat(dirfd: number, path: Bytes, flags: number): number {
    return this.call('unlinkat', [dirfd, path, flags])
  }
  mkdirat(dirfd: number, path: Bytes, mode: number): number {
    return this.call('mkdirat', [dirfd, path, mode])
  }
  getdents64(fd: number, buffer: Uint8Array): number {
    const result = this.call('getdents64', [fd, buffer])
    this.entries.copy(buffer)
    return result
  }
  /** What getdents64 reads. */
  entries: Buffer = Buffer.alloc(0)
  readlinkat(dirfd: number, path: Bytes, buffer: Uint8Array): number {
    const result = this.call('readlinkat', [dirfd, path])
    this.link.copy(buffer)
    return result === 0 ? this.link.length : result
  }
  /** What readlinkat finds. */
  link: Buffer = Buffer.alloc(0)
  /** What find_holders, listmount, statmount and ioctl_nsfs put into the memory that they get. */
  memory: Buffer = Buffer.alloc(0)
  private fill(result: number, buffer: Uint8Array): number {
    if (result >= 0) this.memory.copy(buffer)
    return result
  }
  find_holders(
    inoHigh: number,
    inoLow: number,
    path: Bytes,
    mayAsk: number,
    rows: Uint8Array,
  ): number {
    return this.fill(this.call('find_holders', [inoHigh, inoLow, path, mayAsk, rows]), rows)
  }
  unlinked_files(task: number, what: number, records: Uint8Array): number {
    return this.fill(this.call('unlinked_files', [task, what, records]), records)
  }
  held_files(
    task: number,
    what: number,
    inodes: Uint8Array,
    mayAsk: number,
    records: Uint8Array,
  ): number {
    return this.fill(this.call('held_files', [task, what, inodes, mayAsk, records]), records)
  }
  pidfd_open(pid: number): number {
    return this.call('pidfd_open', [pid])
  }
  pidfd_getfd(pidfd: number, fd: number): number {
    return this.call('pidfd_getfd', [pidfd, fd])
  }
  kcmp(pid1: number, pid2: number, type: number): number {
    return this.call('kcmp', [pid1, pid2, type])
  }
  peek_from(fd: number, offset: number): number {
    return this.call('peek_from', [fd, offset])
  }
  getsockopt(fd: number, level: number, name: number): number {
    return this.call('getsockopt', [fd, level, name])
  }
  setsockopt(fd: number, level: number, name: number, value: number): number {
    return this.call('setsockopt', [fd, level, name, value])
  }
  netlink(protocol: number, request: Uint8Array, answer: Uint8Array): number {
    return this.fill(this.call('netlink', [protocol, request]), answer)
  }
  ptrace(request: number, tid: number, data: number): number {
    return this.call('ptrace', [request, tid, data])
  }
  ptrace_sigmask(request: number, tid: number, mask: Uint8Array): number {
    return this.call('ptrace_sigmask', [request, tid, Uint8Array.from(mask)])
  }
  waitpid(tid: number): number {
    return this.call('waitpid', [tid])
  }
  peek_files(fd: number, fds: Uint8Array): number {
    return this.fill(this.call('peek_files', [fd, fds]), fds)
  }
  listmount(id: number, last: number, namespace: number, ids: Uint8Array): number {
    return this.fill(this.call('listmount', [id, last, namespace, ids]), ids)
  }
  statmounts(ids: Uint8Array, namespace: number, mask: number, buffer: Uint8Array): number {
    return this.fill(this.call('statmounts', [ids, namespace, mask, buffer]), buffer)
  }
  statmount(id: number, namespace: number, mask: number, buffer: Uint8Array): number {
    return this.fill(this.call('statmount', [id, namespace, mask, buffer]), buffer)
  }
  ioctl_nsfs(fd: number, request: number, info: Uint8Array): number {
    return this.fill(this.call('ioctl_nsfs', [fd, request, info]), info)
  }
  flock(fd: number, operation: number): number {
    return this.call('flock', [fd, operation])
  }
  chdir(path: Bytes): number {
    return this.call('chdir', [path])
  }
  fchdir(fd: number): number {
    return this.call('fchdir', [fd])
  }
  chroot(path: Bytes): number {
    return this.call('chroot', [path])
  }
  prctl(operation: number, second: number): number {
    return this.call('prctl', [operation, second])
  }
  capset(effective: number, permitted: number): number {
    return this.call('capset', [effective, permitted])
  }
  setgroups(): number {
    return this.call('setgroups', [])
  }
  setresuid(uid: number): number {
    return this.call('setresuid', [uid])
  }
  thread_setresuid(uid: number): number {
    return this.call('thread_setresuid', [uid])
  }
  seccomp(flags: number, program: Uint8Array): number {
    return this.call('seccomp', [flags, Uint8Array.from(program)])
  }
  landlock_create_ruleset(rights: number): number {
    return this.call('landlock_create_ruleset', [rights])
  }
  landlock_restrict_self(fd: number): number {
    return this.call('landlock_restrict_self', [fd])
  }
  faccessat(dirfd: number, path: Bytes, mode: number): number {
    return this.call('faccessat', [dirfd, path, mode])
  }
  faccessat2(dirfd: number, path: Bytes, mode: number, flags: number): number {
    return this.call('faccessat2', [dirfd, path, mode, flags])
  }
  answers(
    dirfd: number,
    path: Bytes,
    resolve: number,
    name: Bytes | null,
    milliseconds: number,
  ): number {
    return this.call('answers', [dirfd, path, resolve, name, milliseconds])
  }
  exit_group(status: number): number {
    return this.call('exit_group', [status])
  }
  isatty(fd: number): number {
    return this.call('isatty', [fd])
  }
  sigaction(signal: number, notes: number): number {
    return this.call('sigaction', [signal, notes])
  }
  /** Asked at every turn, and therefore not recorded. */
  noted(): number {
    return this.scripts.get('noted')?.() ?? 0
  }
  kill(pid: number, signal: number): number {
    return this.call('kill', [pid, signal])
  }
  close(fd: number): number {
    return this.call('close', [fd])
  }
}
