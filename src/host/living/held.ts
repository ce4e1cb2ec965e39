// Links whose file a living tree holds: names of the form of a link remap, in the directory of a file that lost its
// name or in one above on the same mount, with the same inode.
import { slice, type Bytes } from '../../bytes.js'
import { isLinkName, LINK_PREFIX } from '../../link-name.js'
import { inDirectory, isWithin, relative, ROOT, slashesOf, splitLast } from '../../paths.js'
import {
  AT_SYMLINK_NOFOLLOW,
  ENOENT,
  IN_NAMESPACE,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  STATX_ATTR_MOUNT_ROOT,
} from '../../sys/constants.js'
import { entriesIn } from '../../sys/directory.js'
import { errnoName } from '../../sys/errno.js'
import { inodeKey, isSameInode, readStat, type InodeId } from '../../sys/stat.js'
import type { Sys } from '../../sys/sys.js'
import type { Time } from '../../time.js'
import { mountIdOf } from '../address.js'
import type { HostMount } from '../mountinfo.js'
import { escape } from '../../escape.js'
import { isRemoteIn, type LivingNamespace } from './namespaces.js'
import type { UnlinkedFile } from './unlinked.js'

export interface HeldLink {
  readonly namespace: LivingNamespace
  readonly mount: HostMount
  /** From the root of the namespace. */
  readonly link: Bytes
  readonly directory: InodeId
  readonly file: UnlinkedFile
  /** What its file was called by all that hold it, and by how many it was called so. */
  readonly called: ReadonlyMap<Bytes, number>
  /** Nothing else that the tree holds was called so, and nothing has such a name now. */
  readonly isOnly: () => boolean
  /** When its inode was changed last. */
  readonly ctime: Time
}

interface Name {
  readonly link: Bytes
  readonly directory: InodeId
  /** The same for one place that is seen in more than one namespace. */
  readonly place: string
  readonly key: string
  readonly ctime: Time
}

/** Bytes of names of one directory; one that has more is named. */
const MOST = 256 * 1024 * 1024
const CHUNK = 64 * 1024

export class HeldLinks {
  readonly found: HeldLink[] = []
  readonly unread: string[] = []
  private readonly sys: Sys
  /** By mount and path. */
  private readonly names = new Map<string, readonly Name[]>()
  private readonly places = new Set<string>()
  /** What the files of links were called, by inode. */
  private readonly called = new Map<string, Map<Bytes, number>>()
  /** Of those paths, the ones that are another file's, too, or are there. */
  private readonly others = new Set<Bytes>()
  private readonly above = new Map<string, readonly Name[]>()
  private readonly silent = new Set<number>()
  private memory: Buffer | undefined

  constructor(sys: Sys) {
    this.sys = sys
  }

  /** `ghosts`: what files were called that have no name left. */
  look(
    namespaces: readonly LivingNamespace[],
    files: readonly UnlinkedFile[],
    ghosts: ReadonlySet<Bytes>,
  ): void {
    const rows = new Map<number, { namespace: LivingNamespace; mount: HostMount }>()
    for (const namespace of namespaces)
      for (const mount of namespace.mounts)
        if (!rows.has(mount.mntId)) rows.set(mount.mntId, { namespace, mount })
    for (const file of files) {
      const place = rows.get(file.mntId)
      // Handed in from somewhere else, or unmounted: CRIU dumps no such file.
      if (place === undefined || !isWithin(file.path, place.mount.mountpoint)) continue
      this.lookFor(place.namespace, place.mount, file)
    }
    if (this.found.length > 0)
      this.addNames(files, ghosts, (file) => rows.get(file.mntId)?.namespace)
  }

  private addNames(
    files: readonly UnlinkedFile[],
    ghosts: ReadonlySet<Bytes>,
    namespaceOf: (file: UnlinkedFile) => LivingNamespace | undefined,
  ): void {
    const owners = new Map<Bytes, string>()
    for (const file of files) {
      const { inode, path } = file
      const key = inodeKey(inode)
      const names = this.called.get(key)
      const namespace = namespaceOf(file)
      const isNew = names?.has(path) === false
      names?.set(path, (names.get(path) ?? 0) + 1)
      if (owners.get(path) !== undefined && owners.get(path) !== key) this.others.add(path)
      owners.set(path, key)
      if (ghosts.has(path) || (isNew && (namespace === undefined || this.isThere(namespace, file))))
        this.others.add(path)
    }
  }

  private lookFor(namespace: LivingNamespace, mount: HostMount, file: UnlinkedFile): void {
    const names = this.namesAbove(namespace, mount, splitLast(file.path).dir)
    if (names.length === 0) return
    const wanted = inodeKey(file.inode)
    for (const { link, directory, place, key, ctime } of names) {
      if (key !== wanted || this.places.has(place)) continue
      if (this.isThere(namespace, file)) return
      this.places.add(place)
      const called = this.called.get(wanted) ?? new Map<Bytes, number>()
      this.called.set(wanted, called)
      const isOnly = (): boolean => [...called.keys()].every((path) => !this.others.has(path))
      this.found.push({ namespace, mount, link, directory, file, called, isOnly, ctime })
    }
  }

  /** Its name only looks as if it were unlinked. */
  private isThere({ root }: LivingNamespace, { shown, path, inode }: UnlinkedFile): boolean {
    if (shown === path) return false
    const fd = this.sys.tryOpenat2(root, relative(shown), O_PATH | O_NOFOLLOW, IN_NAMESPACE)
    if (fd < 0) return false
    const stat = this.sys.fstatCached(fd)
    this.sys.close(fd)
    return isSameInode(stat, inode)
  }

  /** Of a directory and those above it on the mount. Nearly always there is none, and very many files share one. */
  private namesAbove(namespace: LivingNamespace, mount: HostMount, dir: Bytes): readonly Name[] {
    const key = `${mount.mntId} ${dir}`
    const known = this.above.get(key)
    if (known !== undefined) return known
    const names = directoriesOf(dir, mount.mountpoint).flatMap((one) =>
      this.namesIn(namespace, mount, one),
    )
    this.above.set(key, names)
    return names
  }

  private namesIn(namespace: LivingNamespace, mount: HostMount, dir: Bytes): readonly Name[] {
    const key = `${mount.mntId} ${dir}`
    const known = this.names.get(key)
    if (known !== undefined) return known
    const names = this.read(namespace, mount, dir)
    this.names.set(key, names)
    return names
  }

  private read(namespace: LivingNamespace, mount: HostMount, dir: Bytes): readonly Name[] {
    if (this.silent.has(mount.mntId)) return []
    const { sys } = this
    const unread = (what: string): readonly Name[] => {
      this.unread.push(`directory ${escape(dir)} of process ${namespace.pid} (${what})`)
      return []
    }
    if (
      isRemoteIn(namespace, dir) &&
      sys.answers(namespace.root, relative(dir), IN_NAMESPACE) < 0
    ) {
      this.silent.add(mount.mntId)
      return unread('its file system does not answer')
    }
    const open = (): number =>
      sys.tryOpenat2(namespace.root, relative(dir), O_RDONLY | O_DIRECTORY, IN_NAMESPACE)
    // Asked twice: nobody would miss what is said to be gone.
    const first = open()
    const fd = first === ENOENT ? open() : first
    // Removed, as directories of removed files may be.
    if (fd === ENOENT) return []
    if (fd < 0) return unread(errnoName(-fd))
    try {
      if (mountIdOf(fd) !== mount.mntId) return unread('another mount covers it')
      return this.readNames(fd, dir, unread)
    } finally {
      sys.close(fd)
    }
  }

  private statOf(directory: number, name: Bytes): number {
    const result = this.sys.tryStat(directory, name, AT_SYMLINK_NOFOLLOW)
    return result === ENOENT ? this.sys.tryStat(directory, name, AT_SYMLINK_NOFOLLOW) : result
  }

  private readNames(
    fd: number,
    dir: Bytes,
    unread: (what: string) => readonly Name[],
  ): readonly Name[] {
    const { sys } = this
    const stat = sys.fstatCached(fd)
    const here = inodeKey(stat)
    const buffer = (this.memory ??= Buffer.allocUnsafe(CHUNK))
    const found: Name[] = []
    for (let read = 0; ;) {
      const length = sys.tryGetdents64(fd, buffer)
      if (length === 0) return found
      if (length < 0) unread(errnoName(-length))
      else if ((read += length) > MOST) unread('it has too many names')
      if (length < 0 || read > MOST) return found
      const part = buffer.subarray(0, length)
      if (!part.includes(LINK_PREFIX)) continue
      for (const { name, inoHigh, inoLow } of entriesIn(part)) {
        if (!isLinkName(name)) continue
        const result = this.statOf(fd, name)
        if (result === ENOENT) continue
        if (result < 0) {
          unread(`${name}: ${errnoName(-result)}`)
          continue
        }
        const { attributes, ctime, ...inode } = readStat(sys.addon.stat)
        // Of what is mounted on it only the entry tells what lies below.
        const isCovered = (attributes & STATX_ATTR_MOUNT_ROOT) !== 0
        const key = inodeKey(isCovered ? { ...stat, inoHigh, inoLow } : inode)
        const link = inDirectory(dir, name)
        found.push({ link, directory: stat, place: `${here} ${name}`, key, ctime })
      }
    }
  }
}

/** A directory and those above it, down from the mountpoint's own. */
const directoriesOf = (dir: Bytes, mountpoint: Bytes): Bytes[] => {
  const all = [
    ...slashesOf(dir)
      .slice(1)
      .map((end) => slice(dir, 0, end)),
    dir,
  ]
  return [ROOT, ...all.filter((one) => one !== ROOT)].filter((one) => isWithin(one, mountpoint))
}
