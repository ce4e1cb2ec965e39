// Steps into another mount namespace and back: whatever is opened there stays good.
//
// setns(2) wants a thread that shares its places with no other, and puts both its root and its working
// directory onto the root of the namespace. So nobody goes who is in a chroot(2), which can only be found out by
// trying it with our own namespace, and is put right by another chroot.
import type { Bytes } from '../bytes.js'
import { ROOT } from '../paths.js'
import {
  AT_FDCWD,
  CLONE_FS,
  CLONE_NEWNS,
  EPERM,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
} from '../sys/constants.js'
import { isSameInode, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { OWN_NAMESPACE } from './nsfs.js'
import { mountsIn, type HostMount } from './mountinfo.js'
import type { Check } from './patience.js'
import { remoteTest } from './remote.js'
import { readTable, type Table, type Wanted } from './table.js'
import { hostView } from './view.js'

const isSamePlace = (a: Stat, b: Stat): boolean => isSameInode(a, b) && a.mntId === b.mntId

export class Visitor {
  /** 0, or -errno where we cannot go anywhere: -EPERM in a chroot. */
  readonly mayGo: number
  private readonly sys: Sys
  private readonly own: number
  /** As we see it: another namespace need not have one, or has one of its own making. */
  private readonly proc: number
  /** The working directory; undefined where that is the root. */
  private home: number | undefined

  /** @throws SyscallError where our own places cannot be held. */
  constructor(sys: Sys) {
    this.sys = sys
    this.own = sys.openat(AT_FDCWD, OWN_NAMESPACE, O_RDONLY)
    this.proc = sys.openat(AT_FDCWD, '/proc' as Bytes, O_PATH | O_DIRECTORY)
    const root = sys.openat(AT_FDCWD, ROOT, O_PATH | O_DIRECTORY)
    try {
      this.mayGo = this.holdHome(root) || this.tryOwn(root)
    } finally {
      sys.close(root)
    }
  }

  close(): void {
    for (const fd of [this.own, this.proc, this.home]) if (fd !== undefined) this.sys.close(fd)
  }

  /** 0, or -errno: chdir(2) asks the server of a FUSE file system, who need not answer. */
  private holdHome(root: number): number {
    const { sys } = this
    const home = sys.openat(AT_FDCWD, '/proc/thread-self/cwd' as Bytes, O_PATH | O_DIRECTORY)
    if (isSamePlace(sys.fstatCached(home), sys.fstatCached(root))) {
      sys.close(home)
      return 0
    }
    this.home = home
    const isRemote = remoteTest(hostView().mounts)(home)
    return isRemote ? sys.answers(home, '.' as Bytes, 0) : 0
  }

  private tryOwn(root: number): number {
    const { sys } = this
    sys.unshare(CLONE_FS)
    const result = sys.trySetns(this.own, CLONE_NEWNS)
    if (result < 0) return result
    const before = sys.fstatCached(root)
    const after = sys.withPath(AT_FDCWD, ROOT, O_DIRECTORY, (fd) => sys.fstatCached(fd))
    const isChroot = !isSamePlace(before, after)
    if (isChroot) {
      sys.fchdir(root)
      sys.chroot('.' as Bytes)
    }
    this.goHome()
    return isChroot ? EPERM : 0
  }

  private goHome(): void {
    if (this.home !== undefined) this.sys.fchdir(this.home)
  }

  /**
   * What `look` answers there, or -errno where `namespace` cannot be entered. It may open things, and
   * nothing else: until we are back, "/" is the container's.
   * @throws SyscallError where there is no way back: nothing may be done after that.
   */
  private visit(namespace: number, look: () => number): number {
    if (this.mayGo < 0) return this.mayGo
    const result = this.sys.trySetns(namespace, CLONE_NEWNS)
    if (result < 0) return result
    try {
      return look()
    } finally {
      this.sys.setns(this.own, CLONE_NEWNS)
      this.goHome()
    }
  }

  /** An fd of its root, or -errno. */
  openRoot(namespace: number): number {
    return this.visit(namespace, () => this.sys.tryOpenat(AT_FDCWD, ROOT, O_PATH | O_DIRECTORY))
  }

  /** All its mounts as seen from its root, or -errno. */
  mounts(namespace: number): HostMount[] | number {
    const fd = this.openTable(namespace)
    if (fd < 0) return fd
    try {
      return mountsIn(fd)
    } finally {
      this.sys.close(fd)
    }
  }

  /** The whole table, whatever processes in there see of it; or -errno. */
  read(namespace: number, wanted: Wanted, check: Check): Table | number {
    const fd = this.openTable(namespace)
    if (fd < 0) return fd
    try {
      return readTable(fd, wanted, check)
    } finally {
      this.sys.close(fd)
    }
  }

  private openTable(namespace: number): number {
    return this.visit(namespace, () =>
      this.sys.tryOpenat(this.proc, 'thread-self/mountinfo' as Bytes, O_RDONLY),
    )
  }
}

export const withVisitor = <T>(sys: Sys, use: (visitor: Visitor) => T): T => {
  const visitor = new Visitor(sys)
  try {
    return use(visitor)
  } finally {
    visitor.close()
  }
}
