// Every name of the form of a link remap below a directory, on its mount. Nothing is followed: neither links nor other
// mounts. Descriptors and memory are bounded whatever the tree is like; what could not be looked at is named.
import { concat, slice, type Bytes } from '../../bytes.js'
import { escape } from '../../escape.js'
import { isLinkName, LINK_PREFIX } from '../../link-name.js'
import { ROOT } from '../../paths.js'
import {
  AT_EMPTY_PATH,
  BENEATH_MOUNT,
  ELOOP,
  ENOENT,
  ENOTDIR,
  ETIMEDOUT,
  EXDEV,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  S_IFDIR,
  S_IFMT,
} from '../../sys/constants.js'
import { DT_DIR, DT_UNKNOWN, entriesIn, type Entry } from '../../sys/directory.js'
import { errnoName } from '../../sys/errno.js'
import { inodeKey, isSameInode, readStat, type InodeId, type Stat } from '../../sys/stat.js'
import type { Sys } from '../../sys/sys.js'
import { openBelow, openBeneath, pathBelow, type Top } from './top.js'

/** A directory with a link in it; of one object for all that are in it. */
export interface FoundDirectory {
  readonly top: Top
  /** Absolute, as seen from the top. */
  readonly path: Bytes
  readonly stat: Stat
}

export interface FoundName {
  readonly directory: FoundDirectory
  readonly name: Bytes
  /** Undefined where something is mounted on it, which hides it. */
  readonly stat: Stat | undefined
}

export interface WalkOptions {
  /** Names that are kept in mind. */
  readonly most: number
  readonly onProgress: (directories: number) => void
}

/** A directory that is being read. */
interface Frame {
  readonly fd: number
  readonly stat: Stat
  /** Its name in the one before it; empty for the first one. */
  readonly name: Bytes
  /** Directories of the part that was read last. */
  readonly below: Entry[]
  /** Made for the first link in it. */
  found?: FoundDirectory
}

/** Where the walk goes on from the top again. */
interface Later {
  readonly path: Bytes
  readonly inode: InodeId
}

const CHUNK = 64 * 1024
/** Directories that are open at once. */
const OPEN = 128
/** Bytes of paths that wait, of each the whole: more are in no tree that a person made. */
const WAITING = 64 * 1024 * 1024
/** Phrases on what could not be looked at. */
const PHRASES = 1000

export class Walk {
  readonly found: FoundName[] = []
  /** What could not be looked at, a phrase each. */
  readonly unread: string[] = []
  /** How many were read. */
  directories = 0
  /** Directories that something is mounted on: not looked into. */
  otherMounts = 0
  private readonly sys: Sys
  private readonly options: WalkOptions
  /** Tops may lie in each other, and directories are moved meanwhile. */
  private readonly places = new Set<string>()
  private readonly buffer = Buffer.allocUnsafe(CHUNK)
  private unnamed = 0
  private isFull = false

  constructor(sys: Sys, options: WalkOptions) {
    this.sys = sys
    this.options = options
  }

  look(top: Top): void {
    const later: Later[] = [{ path: ROOT, inode: top.stat }]
    for (let next = later.pop(); next !== undefined && !this.isFull; next = later.pop()) {
      const down = new Descent(this, this.sys, top, next.path, this.buffer)
      const isDone = down.run(next.inode)
      const waiting = later.reduce((sum, { path }) => sum + path.length, 0)
      for (const one of down.deeper)
        if (waiting + one.path.length > WAITING) this.miss(top, one.path, 'it is too deep')
        else later.push(one)
      // Nobody waits for it again.
      if (!isDone) return
    }
  }

  /** After the last top. */
  end(): void {
    if (this.unnamed > 0) this.unread.push(`${this.unnamed} more directories and names`)
  }

  read(): void {
    this.directories += 1
    if (this.directories % 256 === 0) this.options.onProgress(this.directories)
  }

  /** False where no more is wanted. */
  add(directory: FoundDirectory, name: Bytes, stat: Stat | undefined): boolean {
    const place = `${inodeKey(directory.stat)} ${name}`
    if (this.places.has(place)) return true
    if (this.found.length >= this.options.most) {
      this.isFull = true
      this.unread.unshift(
        `what comes after the first ${this.options.most} names (--max-remaps takes more)`,
      )
      return false
    }
    this.places.add(place)
    this.found.push({ directory, name, stat })
    return true
  }

  miss(top: Top, path: Bytes, why: string): void {
    if (this.unread.length < PHRASES) this.unread.push(`${shorten(pathBelow(top, path))} (${why})`)
    else this.unnamed += 1
  }
}

/** A path of a deep tree has more than anybody reads. */
const shorten = (path: Bytes): string =>
  path.length <= 1000 ? escape(path) : `${escape(slice(path, 0, 1000))}…`

/** From one directory down, as deep as descriptors are spent for it. */
class Descent {
  readonly deeper: Later[] = []
  private readonly walk: Walk
  private readonly sys: Sys
  private readonly top: Top
  private readonly start: Bytes
  private readonly buffer: Buffer
  private readonly frames: Frame[] = []

  constructor(walk: Walk, sys: Sys, top: Top, start: Bytes, buffer: Buffer) {
    this.walk = walk
    this.sys = sys
    this.top = top
    this.start = start
    this.buffer = buffer
  }

  /** False where the walk of this top has to end. */
  run(inode: InodeId): boolean {
    try {
      if (!this.begin(inode)) return true
      for (let frame = this.frames.at(-1); frame !== undefined; frame = this.frames.at(-1)) {
        const below = frame.below.pop()
        if (below === undefined) {
          const state = this.readPart(frame)
          if (state === 'stop') return false
          if (state === 'end') this.leave()
        } else if (!this.enter(frame, below)) return false
      }
      return true
    } finally {
      while (this.frames.length > 0) this.leave()
    }
  }

  private begin(inode: InodeId): boolean {
    const { sys, top, start } = this
    if (top.isRemote && sys.answers(top.fd, '.' as Bytes, BENEATH_MOUNT) < 0)
      return this.miss('', 'its file system does not answer')
    const fd = openBelow(sys, top, start)
    if (fd < 0) return this.gone('', fd)
    return this.push(fd, '' as Bytes, inode)
  }

  /** Takes an O_PATH fd. */
  private push(place: number, name: Bytes, expected?: InodeId): boolean {
    const { sys } = this
    const fd = sys.tryOpenat(place, '.' as Bytes, O_RDONLY | O_DIRECTORY)
    sys.close(place)
    if (fd < 0) return this.gone(name, fd)
    const stat = statOf(sys, fd)
    if (typeof stat === 'number') {
      sys.close(fd)
      return this.gone(name, stat)
    }
    if (expected !== undefined && !isSameInode(stat, expected)) {
      sys.close(fd)
      return this.miss(name, 'another directory has its name by now')
    }
    this.frames.push({ fd, stat, name, below: [] })
    this.walk.read()
    return true
  }

  private leave(): void {
    const frame = this.frames.pop()
    if (frame !== undefined) this.sys.close(frame.fd)
  }

  /** False where the walk of this top has to end. */
  private enter({ fd: parent }: Frame, { name, type }: Entry): boolean {
    const { sys, top } = this
    if (top.isRemote) {
      const answer = sys.answers(parent, name, BENEATH_MOUNT)
      if (answer < 0) {
        this.miss(
          name,
          answer === ETIMEDOUT ? 'its file system does not answer' : 'it was not asked',
        )
        return false
      }
    }
    // Not O_DIRECTORY: that would have automounts mounted.
    const fd = openBeneath(sys, parent, name, O_PATH)
    if (fd < 0) {
      // Not all file systems tell which names are directories.
      if (fd !== ELOOP || type === DT_DIR) this.gone(name, fd)
    } else if (this.frames.length < OPEN) this.push(fd, name)
    else this.putOff(fd, name)
    return true
  }

  /** Takes an O_PATH fd. */
  private putOff(fd: number, name: Bytes): void {
    const inode = statOf(this.sys, fd)
    this.sys.close(fd)
    if (typeof inode === 'number') this.gone(name, inode)
    else if ((inode.mode & S_IFMT) === S_IFDIR) this.deeper.push({ path: this.pathOf(name), inode })
  }

  private readPart(frame: Frame): 'more' | 'end' | 'stop' {
    const { sys, buffer } = this
    const length = sys.tryGetdents64(frame.fd, buffer)
    // It was removed while it was read.
    if (length === 0 || length === ENOENT) return 'end'
    if (length < 0) {
      this.missHere(errnoName(-length))
      return 'end'
    }
    const part = buffer.subarray(0, length)
    const mayHaveLinks = part.includes(LINK_PREFIX)
    for (const entry of entriesIn(part)) {
      const { name, type } = entry
      if (name === '.' || name === '..') continue
      if (type === DT_DIR || type === DT_UNKNOWN) frame.below.push(entry)
      if (mayHaveLinks && isLinkName(name) && !this.hold(frame, name)) return 'stop'
    }
    return 'more'
  }

  /** False where the walk of this top has to end. */
  private hold(frame: Frame, name: Bytes): boolean {
    const { sys, top } = this
    const { fd: directory } = frame
    if (top.isRemote && sys.answers(directory, '.' as Bytes, BENEATH_MOUNT, name) < 0) {
      this.miss(name, 'its file system does not answer')
      return false
    }
    const fd = openBeneath(sys, directory, name, O_PATH | O_NOFOLLOW)
    if (fd === ENOENT) return true
    if (fd < 0 && fd !== EXDEV) {
      this.miss(name, errnoName(-fd))
      return true
    }
    const stat = fd < 0 ? undefined : statOf(sys, fd)
    if (fd >= 0) sys.close(fd)
    if (typeof stat === 'number') {
      this.miss(name, errnoName(-stat))
      return true
    }
    frame.found ??= { top, path: this.pathOf(), stat: frame.stat }
    return this.walk.add(frame.found, name, stat)
  }

  /** A name that cannot be entered. */
  private gone(name: string, result: number): false {
    if (result === EXDEV) this.walk.otherMounts += 1
    else if (result === ELOOP) this.miss(name, 'ELOOP: a symbolic link took its place meanwhile')
    else if (result !== ENOENT && result !== ENOTDIR) this.miss(name, errnoName(-result))
    return false
  }

  private miss(name: string, why: string): false {
    this.walk.miss(this.top, this.pathOf(name), why)
    return false
  }

  private missHere(why: string): void {
    this.walk.miss(this.top, this.pathOf(), why)
  }

  /** Of a name in the last directory, or of that one itself. */
  private pathOf(name = ''): Bytes {
    const names = [...this.frames.map((frame) => frame.name), name].filter((one) => one !== '')
    if (names.length === 0) return this.start
    return concat(this.start === ROOT ? '' : this.start, ...names.map((one) => `/${one}`))
  }
}

const statOf = (sys: Sys, fd: number): Stat | number => {
  const result = sys.tryStat(fd, '' as Bytes, AT_EMPTY_PATH)
  return result < 0 ? result : readStat(sys.addon.stat)
}
