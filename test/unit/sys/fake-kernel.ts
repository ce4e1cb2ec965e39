// As much of a kernel as the namespaces and the clean-up need: directories, hard links, mounts, and
// the rules on which the program relies. What it refuses the real one refuses too; the real one is
// asked in the suites that need root.
import type { Bytes } from '../../../src/bytes.js'
import { FIRST_USER_NAMESPACE } from '../../../src/host/nsfs.js'
import { NS_MNT_GET_INFO } from '../../../src/sys/constants.js'
import type { Stat } from '../../../src/sys/stat.js'
import { FakeAddon } from './fake-addon.js'

const [ENOENT, EBUSY, EEXIST, EXDEV, ENOTDIR, EISDIR, EINVAL, ELOOP] = [
  -2, -16, -17, -18, -20, -21, -22, -40,
]
const AT_FDCWD = -100
const [DIRECTORY, TYPE, SYMLINK] = [0o040000, 0o170000, 0o120000]
const O_CREAT = 0o100
const O_DIRECTORY = 0o200000
const NO_XDEV = 1
const CLONE = 1

/** What the names of one inode share. */
export type Inode = { -readonly [K in keyof Stat]?: Stat[K] } & { nlink: number; mode: number }

/** A file system: inodes by path, "" for its root. */
type Tree = Map<string, Inode>

interface FakeMount {
  readonly id: number
  readonly tree: Tree
  /** Path of its root in the file system. */
  readonly root: string
}

interface Handle {
  readonly mount: FakeMount
  readonly path: string
  readonly inode: Inode
}

const isDirectory = ({ mode }: Inode): boolean => (mode & TYPE) === DIRECTORY

/** struct linux_dirent64. */
const directoryEntry = (name: string): Buffer => {
  const entry = Buffer.alloc(Math.ceil((20 + name.length) / 8) * 8)
  entry.writeUInt16LE(entry.length, 16)
  entry.write(name, 19, 'latin1')
  return entry
}

/** Ten seconds before the images of the tests' dumps were written. */
const MADE = { sec: 1_699_999_990, nsec: 0 }

export class FakeKernel extends FakeAddon {
  private readonly host: FakeMount
  private readonly handles = new Map<number, Handle | 'namespace'>()
  private readonly listed = new Set<number>()
  private readonly attached = new Map<string, FakeMount>()
  private lastId = 0
  private inodes = 0
  private unshared = false

  constructor() {
    super()
    this.host = this.newMount(new Map([['', this.inode(DIRECTORY | 0o755)]]), '')
    this.answer()
  }

  /** The namespaces of the one before are gone, what it did in the host's tree is not. */
  newProcess(): void {
    this.unshared = false
    this.attached.clear()
  }

  /** A directory of the host, with all above it. */
  directory(path: string, rest: Partial<Inode> = {}): Inode {
    for (let at = path.indexOf('/', 1); at !== -1; at = path.indexOf('/', at + 1))
      if (!this.host.tree.has(path.slice(0, at))) this.directory(path.slice(0, at))
    const inode = { ...this.inode(DIRECTORY | 0o755), ...rest }
    this.host.tree.set(path, inode)
    return inode
  }

  /** A file of the host. */
  file(path: string, rest: Partial<Inode> = {}): Inode {
    const inode = { ...this.inode(0o100644), ...rest }
    this.host.tree.set(path, inode)
    return inode
  }

  /** Another name of a file, whose `nlink` is what the test gave it. */
  anotherName(inode: Inode, path: string): void {
    this.host.tree.set(path, inode)
  }

  /** By somebody else. */
  remove(path: string): void {
    this.host.tree.delete(path)
  }

  symlink(path: string): void {
    this.host.tree.set(path, this.inode(SYMLINK | 0o777))
  }

  /** Names in the host's tree, of files. */
  files(): string[] {
    return [...this.host.tree].filter(([, inode]) => !isDirectory(inode)).map(([path]) => path)
  }

  /** Id of the mount on which `path` lies, seen from a descriptor; or -errno. */
  mountAt(fd: number, path: Bytes): number {
    const found = this.walk(this.handle(fd), path, 0)
    return typeof found === 'number' ? found : found.mount.id
  }

  private inode(mode: number): Inode {
    const nlink = isDirectory({ mode, nlink: 1 }) ? 2 : 1
    return { mode, nlink, inoLow: ++this.inodes, ctime: MADE }
  }

  private newMount(tree: Tree, root: string): FakeMount {
    return { id: ++this.lastId, tree, root }
  }

  private handle(fd: number): Handle {
    if (fd === AT_FDCWD) return this.rootOf(this.host)
    const handle = this.handles.get(fd)
    if (handle === undefined || handle === 'namespace') throw new Error(`no file behind ${fd}`)
    return handle
  }

  private rootOf(mount: FakeMount): Handle {
    return { mount, path: mount.root, inode: mount.tree.get(mount.root)! }
  }

  /** A handle or -errno; crosses into mounts after each name, follows no symbolic link. */
  private walk(start: Handle, path: string, resolve: number): Handle | number {
    let at = start
    for (const name of path.split('/').filter((part) => part !== '' && part !== '.')) {
      if (!isDirectory(at.inode)) return (at.inode.mode & TYPE) === SYMLINK ? ELOOP : ENOTDIR
      const inode = at.mount.tree.get(`${at.path}/${name}`)
      if (inode === undefined) return ENOENT
      at = { mount: at.mount, path: `${at.path}/${name}`, inode }
      const over = this.topOf(at)
      if (over !== at && (resolve & NO_XDEV) !== 0) return EXDEV
      at = over
    }
    return at
  }

  private topOf(handle: Handle): Handle {
    let at = handle
    for (let over; (over = this.attached.get(`${at.mount.id}:${at.path}`)) !== undefined;)
      at = this.rootOf(over)
    return at
  }

  private keep(handle: Handle | 'namespace'): number {
    const fd = this.given()
    this.handles.set(fd, handle)
    return fd
  }

  private answerWith({ inode, mount }: Handle): 0 {
    return this.answerStat({ ...inode, mntId: mount.id })
  }

  private answer(): void {
    this.on('openat', (dirfd, path, flags, mode) => {
      if (String(path).endsWith('/ns/mnt')) return this.keep('namespace')
      const start = this.handle(dirfd as number)
      let found = this.walk(start, String(path), 0)
      if (found === ENOENT && ((flags as number) & O_CREAT) !== 0) {
        start.mount.tree.set(`${start.path}/${path}`, this.inode(0o100000 | (mode as number)))
        found = this.walk(start, String(path), 0)
      }
      return this.opened(found, flags as number)
    })
    this.on('openat2', (dirfd, path, flags, resolve) => {
      const found = this.walk(this.handle(dirfd as number), String(path), resolve as number)
      if (typeof found !== 'number' && (found.inode.mode & TYPE) === SYMLINK) return ELOOP
      return this.opened(found, flags as number)
    })
    this.on('open_tree', (fd, _path, flags) => {
      const { mount, path } = this.handle(fd as number)
      if (((flags as number) & CLONE) === 0) return this.keep(this.handle(fd as number))
      // A mount of another namespace than the caller's.
      if (this.unshared) return EINVAL
      return this.keep(this.rootOf(this.newMount(mount.tree, path)))
    })
    this.on('fsmount', () =>
      this.keep(this.rootOf(this.newMount(new Map([['', this.inode(DIRECTORY | 0o700)]]), ''))),
    )
    this.on('unshare', () => {
      this.unshared = true
      return 0
    })
    this.on('move_mount', (from, _fromPath, to) => {
      const { mount, path } = this.handle(from as number)
      const place = this.topOf(this.handle(to as number))
      if (path !== mount.root || [...this.attached.values()].includes(mount)) return EINVAL
      if (isDirectory(this.handle(from as number).inode) !== isDirectory(place.inode))
        return ENOTDIR
      this.attached.set(`${place.mount.id}:${place.path}`, mount)
      return 0
    })
    this.on('mkdirat', (dirfd, name, mode) => {
      const { mount, path } = this.handle(dirfd as number)
      if (mount.tree.has(`${path}/${name}`)) return EEXIST
      mount.tree.set(`${path}/${name}`, this.inode(DIRECTORY | (mode as number)))
      return 0
    })
    // There are no other namespaces, and nothing is hidden of this one.
    this.on('ioctl_nsfs', (_fd, request) => {
      this.memory = Buffer.alloc(16)
      return request === NS_MNT_GET_INFO ? 0 : ENOENT
    })
    this.on('listmount', () => 0)
    this.on('statx', (dirfd, name) => {
      if (this.handles.get(dirfd as number) === 'namespace') return this.answerStat({})
      if (String(name).endsWith('/ns/user'))
        return this.answerStat({ inoLow: FIRST_USER_NAMESPACE })
      const found = this.walk(this.handle(dirfd as number), String(name), 0)
      return typeof found === 'number' ? found : this.answerWith(found)
    })
    this.on('unlinkat', (dirfd, name) => {
      const { mount, path } = this.handle(dirfd as number)
      const inode = mount.tree.get(`${path}/${name}`)
      if (inode === undefined) return ENOENT
      if (isDirectory(inode)) return EISDIR
      if (this.attached.has(`${mount.id}:${path}/${name}`)) return EBUSY
      inode.nlink -= 1
      const now = { sec: 2_000_000_000, nsec: 0 }
      inode.ctime = now
      const directory = mount.tree.get(path)!
      directory.ctime = now
      mount.tree.delete(`${path}/${name}`)
      return 0
    })
    this.on('getdents64', (fd) => {
      const { mount, path } = this.handle(fd as number)
      // All at once; a second time there is nothing more.
      const isRead = this.listed.has(fd as number)
      this.listed.add(fd as number)
      const names = [...mount.tree.keys()].filter(
        (other) => other.startsWith(`${path}/`) && !other.includes('/', path.length + 1),
      )
      const all = ['.', '..', ...names.map((name) => name.slice(path.length + 1))]
      this.entries = isRead ? Buffer.alloc(0) : Buffer.concat(all.map(directoryEntry))
      return this.entries.length
    })
    this.on('readlinkat', (_dirfd, path) => {
      const fd = Number(/\d+$/.exec(String(path))?.[0])
      // That of the images, which are in no tree of ours.
      if (!this.handles.has(fd)) return ENOENT
      const handle = this.handle(fd)
      const gone = handle.mount.tree.get(handle.path) !== handle.inode
      this.link = Buffer.from(`${handle.path || '/'}${gone ? ' (deleted)' : ''}`, 'latin1')
      return undefined
    })
  }

  private opened(found: Handle | number, flags: number): number {
    if (typeof found === 'number') return found
    if ((flags & O_DIRECTORY) !== 0 && !isDirectory(found.inode)) return ENOTDIR
    return this.keep(found)
  }
}
