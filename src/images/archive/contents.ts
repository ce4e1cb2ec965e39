// What is kept of an archive while it passes by: names, sizes and times of the files that a dump makes, and the contents
// of the few that matter.
import { badImages } from '../../errors.js'
import { ARCHIVE_LIMITS, HINT_LIMITS, LIMITS } from '../../limits.js'
import type { Time } from '../../time.js'
import { NEWLINE } from '../side-file.js'
import { USUAL } from '../below.js'
import { HEAD_BYTES } from '../source.js'
import type { Take, Taker, TarEntry } from './tar.js'

export interface Kept {
  readonly size: number
  readonly mtime: Time
  /** What it is instead of a regular file. */
  readonly other: string | undefined
  /** All of it, its two ends, or its first word. */
  readonly data: () => Buffer
}

/** By name in its directory. */
type Files = Map<string, Kept>

/** Images that are read. */
const READ =
  /^(?:inventory|pstree|files|reg-files|inetsk|remap-fpath|(?:ids|mountpoints|netns|timens|userns)-\d{1,10})\.img$/
/** Images of which the beginning tells what they are of, and the rest is that. */
const GHOST = /^ghost-file-[\da-f]{1,8}\.img$/
const SIDE = /^(?:(?:dump|restore)\.log|stats-(?:dump|restore))$/
/** Of the runtime: how it ran the container. */
const RUNTIME = new Set(['spec.dump', 'config.dump', 'bind.mounts'])

/** What podman and CRI-O have written before these, which are the last in their archives and may be long. */
const BEFORE: readonly (readonly [directory: string, name: string])[] = [
  [USUAL, 'inventory.img'],
  [USUAL, 'pstree.img'],
  ['', 'stats-dump'],
  ['', 'config.dump'],
  ['', 'spec.dump'],
]
const AT_THE_END = /^(?:rootfs-diff\.tar|deleted\.files|volumes)(?:\/|$)/

const WORD = 4

export class Contents implements Taker {
  readonly directories = new Map<string, Files>()
  private readonly path: string
  private held = 0
  private nameBytes = 0

  constructor(path: string) {
    this.path = path
  }

  /** What its contents go to, if anything; of two of one name the later counts, as if they were unpacked. */
  add({ name, size, mtime, other }: TarEntry): Take | undefined {
    const slash = name.lastIndexOf('/')
    const [directory, base] = [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)]
    const keep = this.keeping(base, size)
    if (keep === undefined) return undefined
    this.nameBytes += name.length
    if (this.nameBytes > ARCHIVE_LIMITS.nameBytes)
      throw this.refusal(`has names of more than ${ARCHIVE_LIMITS.nameBytes} bytes`)
    const files = this.directories.get(directory) ?? new Map<string, Kept>()
    this.directories.set(directory, files)
    const { take, data } = other === undefined ? keep() : NOTHING
    files.set(base, { size, mtime, other, data })
    return take
  }

  isEnough(name: string): boolean {
    return (
      AT_THE_END.test(name) &&
      BEFORE.every(([directory, file]) => this.directories.get(directory)?.has(file) === true)
    )
  }

  private keeping(base: string, size: number): (() => Keeping) | undefined {
    if (READ.test(base))
      // One that is too long is refused when it is asked for, which is said better.
      return () => (size > LIMITS.imageBytes ? beginning(WORD) : this.whole())
    if (GHOST.test(base))
      return () => {
        this.hold(Math.min(size, HEAD_BYTES))
        return beginning(HEAD_BYTES)
      }
    if (base.endsWith('.img')) return () => beginning(WORD)
    if (SIDE.test(base))
      return () => {
        this.hold(Math.min(size, MOST_OF_ENDS))
        return ends()
      }
    if (RUNTIME.has(base))
      return () => (size > ARCHIVE_LIMITS.runtimeFileBytes ? beginning(WORD) : this.whole())
    return undefined
  }

  private whole(): Keeping {
    const all = (): number => Infinity
    return collect(all, (count) => {
      this.hold(count)
    })
  }

  private hold(count: number): void {
    this.held += count
    if (this.held > LIMITS.totalBytes)
      throw this.refusal(`has more than ${LIMITS.totalBytes} bytes of images and logs that matter`)
  }

  private refusal(what: string): Error {
    return badImages(what, {
      where: this.path,
      next: 'nothing was deleted; unpack the images of one dump, and give their directory',
    })
  }
}

interface Keeping {
  readonly take: Take | undefined
  readonly data: () => Buffer
}

const NO_BYTES: Buffer = Buffer.alloc(0)
const NOTHING: Keeping = { take: undefined, data: () => NO_BYTES }

/** `left` says how many more are wanted, and `onTake` is told of those that are taken. */
const collect = (left: () => number, onTake: (count: number) => void): Keeping => {
  let pieces: Buffer[] = []
  return {
    take: (piece) => {
      const count = Math.min(left(), piece.length)
      onTake(count)
      if (count > 0) pieces.push(Buffer.from(piece.subarray(0, count)))
      return left() > 0
    },
    data: () => {
      if (pieces.length !== 1) pieces = [Buffer.concat(pieces)]
      return pieces[0] as Buffer
    },
  }
}

const beginning = (most: number): Keeping => {
  let left = most
  return collect(
    () => left,
    (count) => {
      left -= count
    },
  )
}

/** Bytes behind its beginning, beyond which those in the middle are let go. */
const REST = 4 * HINT_LIMITS.logTail
const MOST_OF_ENDS = HINT_LIMITS.logHead + REST

/** As of a file of such a name in a directory. */
const ends = (): Keeping => {
  const { logHead, logTail } = HINT_LIMITS
  const head = beginning(logHead)
  let rest = NO_BYTES
  let passed = 0
  let length = 0
  return {
    take: (piece) => {
      const inHead = Math.max(0, Math.min(piece.length, logHead - length))
      length += piece.length
      head.take?.(piece)
      rest = Buffer.concat([rest, piece.subarray(inHead)])
      // Not at each piece: what is moved is longer than most pieces.
      if (rest.length > REST) {
        passed += rest.length - logTail
        rest = Buffer.from(rest.subarray(rest.length - logTail))
      }
      return true
    },
    data: () => {
      const tail = rest.subarray(Math.max(0, rest.length - logTail))
      const isWhole = passed === 0 && tail.length === rest.length
      return Buffer.concat(isWhole ? [head.data(), tail] : [head.data(), NEWLINE, tail])
    },
  }
}
