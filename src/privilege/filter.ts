// A seccomp filter for the time in which container paths are looked at: even a process that has been
// taken over cannot mount, enter, execute or rename anything, nor remove a directory. What openat2(2) may
// do with a file it does not see: that is for Landlock.
import { constants } from 'node:fs'

/** Number of a system call on this architecture; undefined where it has none of that name. */
export type Numbers = Readonly<Record<string, number | undefined>>

/** With EPERM, not with death: what is refused is then in the report. */
const DENIED = [
  'mount', 'umount2', 'pivot_root', 'chroot', 'open_tree', 'move_mount', 'mount_setattr', 'fsopen',
  'fsconfig', 'fsmount', 'fspick', 'unshare', 'setns', 'execve', 'execveat', 'ptrace',
  'process_vm_readv', 'process_vm_writev', 'pidfd_getfd', 'tkill', 'tgkill', 'pidfd_send_signal',
  'rt_sigqueueinfo', 'rt_tgsigqueueinfo', 'renameat2', 'linkat', 'symlinkat', 'mkdirat', 'mknodat', 'fchmod', 'fchmodat', 'fchmodat2',
  'fchown', 'fchownat', 'truncate', 'ftruncate', 'fallocate', 'setxattr', 'lsetxattr', 'fsetxattr',
  'removexattr', 'lremovexattr', 'fremovexattr', 'utimensat', 'socket', 'socketpair', 'connect',
  'bind', 'bpf', 'init_module', 'finit_module', 'kexec_load', 'reboot',
  'rename', 'renameat', 'link', 'symlink', 'mkdir', 'mknod', 'chmod', 'chown', 'lchown', 'unlink',
  'rmdir', 'creat', 'open', 'utime', 'utimes', 'futimesat',
  // What is asked for through a ring no filter sees, and newer Nodes hold one before we start.
  'io_uring_setup', 'io_uring_enter', 'io_uring_register',
] // prettier-ignore

// struct seccomp_data: nr at 0, arch at 4, the low halves of the first and the third argument at 16 and 32
// (little-endian).
const NR = 0
const ARCH = 4
const FIRST_ARGUMENT = 16
const THIRD_ARGUMENT = 32

const LOAD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_GREATER_EQUAL = 0x35
const JUMP_ANY_BIT = 0x45
const RETURN = 0x06

const ALLOW = 0x7fff0000
const DENY_EPERM = 0x00050001
const KILL_PROCESS = 0x80000000

const AUDIT_ARCH: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {
  x64: 0xc000003e,
  arm64: 0xc00000b7,
}
/** On x86-64 the calls of another ABI are reached by numbers with this bit. */
const X32_BIT = 0x40000000

const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = constants
const WRITING = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND

/** What no call has: where this architecture lacks one, nothing is compared with it. */
const NO_CALL = -1

/** An array of struct sock_filter for process `pid`; undefined for an architecture that it does not know. */
export const filterProgram = (
  numbers: Numbers,
  architecture: NodeJS.Architecture,
  pid: number,
): Buffer | undefined => {
  const arch = AUDIT_ARCH[architecture]
  if (arch === undefined) return undefined
  const denied = DENIED.map((name) => numbers[name]).filter((number) => number !== undefined)
  // Jumps are relative, so the program is written with the distances to its last instructions.
  const length = 5 + denied.length + 3 + 8
  const deny = length - 2
  const allow = length - 1
  // struct sock_filter is u16, u8, u8, u32: two words, low one first on the machines that AUDIT_ARCH has.
  const words = new Uint32Array(length * 2)
  let next = 0
  const put = (code: number, ifTrue: number, ifFalse: number, value: number): void => {
    words[next * 2] = code | (ifTrue << 16) | (ifFalse << 24)
    words[next * 2 + 1] = value
    next += 1
  }
  const jump = (code: number, value: number, yes: number, no: number): void => {
    put(code, yes - next - 1, no - next - 1, value)
  }
  const here = (offset: number): number => next + offset
  put(LOAD, 0, 0, ARCH)
  jump(JUMP_EQUAL, arch, here(2), here(1))
  put(RETURN, 0, 0, KILL_PROCESS)
  put(LOAD, 0, 0, NR)
  jump(JUMP_GREATER_EQUAL, X32_BIT, deny, here(1))
  for (const number of denied) jump(JUMP_EQUAL, number, deny, here(1))
  jump(JUMP_EQUAL, numbers.unlinkat ?? NO_CALL, here(3), here(1))
  jump(JUMP_EQUAL, numbers.openat ?? NO_CALL, here(4), here(1))
  jump(JUMP_EQUAL, numbers.kill ?? NO_CALL, here(5), allow)
  // unlinkat(dirfd, name, 0) only: a directory cannot be removed.
  put(LOAD, 0, 0, THIRD_ARGUMENT)
  jump(JUMP_EQUAL, 0, allow, deny)
  put(LOAD, 0, 0, THIRD_ARGUMENT)
  jump(JUMP_ANY_BIT, WRITING, deny, allow)
  // kill(pid, signal) of nobody but ourselves: that is how a run ends that a signal interrupted.
  put(LOAD, 0, 0, FIRST_ARGUMENT)
  jump(JUMP_EQUAL, pid, allow, deny)
  put(RETURN, 0, 0, DENY_EPERM)
  put(RETURN, 0, 0, ALLOW)
  return Buffer.from(words.buffer)
}
