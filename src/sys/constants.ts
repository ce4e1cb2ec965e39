// Numbers of the kernel's interface (x86-64 and arm64 agree on all of them but the O_ group, which
// Node knows). Named as in the headers.
import { constants as fs } from 'node:fs'

/** Errors as the addon answers them; `errno.ts` has the names of all. */
export const EPERM = -1
export const ENOENT = -2
export const ESRCH = -3
export const EINTR = -4
export const EWOULDBLOCK = -11
export const EACCES = -13
export const EEXIST = -17
export const EXDEV = -18
export const ENOTDIR = -20
export const EINVAL = -22
export const ENOSYS = -38
export const ELOOP = -40
export const EOVERFLOW = -75
export const ETIMEDOUT = -110

export const AT_FDCWD = -100
export const AT_SYMLINK_NOFOLLOW = 0x100
export const AT_REMOVEDIR = 0x200
export const AT_EMPTY_PATH = 0x1000
export const AT_STATX_DONT_SYNC = 0x4000

export const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = fs
/** Not in Node's list; the same number on every architecture that Node runs on. */
export const O_PATH = 0o10000000

export const CLONE_NEWNS = 0x20000
export const CLONE_NEWNET = 0x40000000
export const CLONE_FS = 0x200
export const MS_PRIVATE = 0x40000
export const MS_REC = 0x4000

export const RESOLVE_NO_XDEV = 0x01
export const RESOLVE_NO_MAGICLINKS = 0x02
export const RESOLVE_NO_SYMLINKS = 0x04
export const RESOLVE_BENEATH = 0x08
export const RESOLVE_IN_ROOT = 0x10
/** A path of a container from its root: nothing that somebody put there is followed, nothing leads out. */
export const IN_NAMESPACE = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
/** The same on one mount. */
export const IN_MOUNT = IN_NAMESPACE | RESOLVE_NO_XDEV
/** A path below a directory, on its mount. */
export const BENEATH_MOUNT =
  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV

export const OPEN_TREE_CLONE = 1
export const MOVE_MOUNT_F_EMPTY_PATH = 0x04
export const MOVE_MOUNT_T_EMPTY_PATH = 0x40

export const MOUNT_ATTR_NOSUID = 0x02
export const MOUNT_ATTR_NODEV = 0x04
export const MOUNT_ATTR_NOEXEC = 0x08

export const FSCONFIG_SET_STRING = 1
export const FSCONFIG_CMD_CREATE = 6

export const STATX_BTIME = 0x800
export const STATX_ATTR_IMMUTABLE = 0x10
export const STATX_ATTR_APPEND = 0x20
export const STATX_ATTR_MOUNT_ROOT = 0x2000

/** 2^64 - 1. */
export const LSMT_ROOT = -1
export const STATMOUNT_SB_BASIC = 0x01
export const STATMOUNT_MNT_BASIC = 0x02
export const STATMOUNT_MNT_ROOT = 0x08
export const STATMOUNT_MNT_POINT = 0x10
export const STATMOUNT_FS_TYPE = 0x20
export const STATMOUNT_SB_SOURCE = 0x200

/** Their numbers without type and size, which the addon puts to them. */
export const NS_MNT_GET_INFO = 10
export const NS_MNT_GET_NEXT = 11
export const NS_MNT_GET_PREV = 12

export const W_OK = 2

export const KCMP_FILES = 2
/** What `unlinked_files` looks at. */
export const DESCRIPTORS = 1
export const MEMORY = 2
export const SOCKETS = 4

export const SOL_SOCKET = 1
export const SO_PROTOCOL = 38
export const IPPROTO_TCP = 6
export const TCP_REPAIR = 19

export const PTRACE_SEIZE = 0x4206
export const PTRACE_INTERRUPT = 0x4207
export const PTRACE_GETSIGMASK = 0x420a
export const PTRACE_SETSIGMASK = 0x420b
export const PTRACE_DETACH = 17

export const S_IFMT = 0o170000
export const S_IFREG = 0o100000
export const S_IFDIR = 0o040000
export const S_IFLNK = 0o120000
export const S_IFIFO = 0o010000
export const S_IFCHR = 0o020000
export const S_IFBLK = 0o060000

export const LOCK_EX = 2
export const LOCK_NB = 4
