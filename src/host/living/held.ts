// Links whose file a living tree holds: names of the form of a link remap, in the directory of a file that lost its
// name or in one above on the same mount, with the same inode.
import { concat, slice, type Bytes } from '../../bytes.js'
import { isLinkName, LINK_PREFIX } from '../../link-name.js'
import { isWithin, relative, ROOT, slashesOf, splitLast } from '../../paths.js'
import {
  AT_SYMLINK_NOFOLLOW,
  ENOENT,
  IN_NAMESPACE,
  O_DIRECTORY,
  O_RDONLY,
} from '../../sys/constants.js'
import { namesIn } from '../../sys/directory.js'
import { errnoName } from '../../sys/errno.js'
import { readStat } from '../../sys/stat.js'
import type { Sys } from '../../sys/sys.js'
import type { Time } from '../../time.js'
import { mountIdOf } from '../address.js'
import type { HostMount } from '../mountinfo.js'
import { escape } from '../../escape.js'
import { isRemoteIn, type LivingNamespace } from './namespaces.js'
import { inodeKey, type UnlinkedFile } from './unlinked.js'

export interface HeldLink {
  readonly namespace: LivingNamespace
  readonly mount: HostMount
  /** From the root of the namespace. */
  readonly link: Bytes
  readonly file: UnlinkedFile
  /** When its inode was changed last. */
  readonly ctime: Time
}

interface Name {
  readonly name: Bytes
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
  private readonly silent = new Set<number>()
  private memory: Buffer | undefined

  constructor(sys: Sys) {
    this.sys = sys
  }

  look(namespaces: readonly LivingNamespace[], files: readonly UnlinkedFile[]): void {
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
  }

  private lookFor(namespace: LivingNamespace, mount: HostMount, file: UnlinkedFile): void {
    const wanted = inodeKey(file.inode)
    for (const dir of directoriesOf(file.path, mount.mountpoint))
      for (const { name, place, key, ctime } of this.namesIn(namespace, mount, dir)) {
        if (key !== wanted || this.places.has(place)) continue
        this.places.add(place)
        const link = dir === ROOT ? concat(ROOT, name) : concat(dir, ROOT, name)
        this.found.push({ namespace, mount, link, file, ctime })
      }
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
    const fd = sys.tryOpenat2(namespace.root, relative(dir), O_RDONLY | O_DIRECTORY, IN_NAMESPACE)
    // Removed, as directories of removed files may be.
    if (fd === ENOENT) return []
    if (fd < 0) return unread(errnoName(-fd))
    try {
      if (mountIdOf(fd) !== mount.mntId) return unread('another mount covers it')
      return this.readNames(fd, unread)
    } finally {
      sys.close(fd)
    }
  }

  private readNames(fd: number, unread: (what: string) => readonly Name[]): readonly Name[] {
    const { sys } = this
    const directory = inodeKey(sys.fstatCached(fd))
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
      for (const name of namesIn(part, isLinkName)) {
        if (sys.tryStat(fd, name, AT_SYMLINK_NOFOLLOW) < 0) continue
        const stat = readStat(sys.addon.stat)
        found.push({ name, place: `${directory} ${name}`, key: inodeKey(stat), ctime: stat.ctime })
      }
    }
  }
}

/** The directory of a path and those above it, down from the mountpoint's own. */
const directoriesOf = (path: Bytes, mountpoint: Bytes): Bytes[] => {
  const { dir } = splitLast(path)
  const all = [
    ...slashesOf(dir)
      .slice(1)
      .map((end) => slice(dir, 0, end)),
    dir,
  ]
  return [ROOT, ...all.filter((one) => one !== ROOT)].filter((one) => isWithin(one, mountpoint))
}
