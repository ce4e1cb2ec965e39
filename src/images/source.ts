// Where images come from: a directory, or an archive of one. Each image is walked in memory, once, and its state noted.
import { badImages, GcError, orRefused } from '../errors.js'
import { LIMITS } from '../limits.js'
import type { Time } from '../time.js'
import { walkEntries, type Framing, type OnEntry } from './framing.js'
import type { ImageKind } from './magic.js'
import type { FoundFile } from './side-file.js'

/** What became of one image. `absent` and `empty` differ: an empty one was being written. */
export interface ImageState {
  readonly name: string
  readonly state: Framing['state'] | 'absent'
  readonly entries: number
  readonly bytes: number
  /** Where it was cut, in bytes, and how. */
  readonly offset?: number
  readonly detail?: string
}

/** What is said of one image, whose contents need not be read for it. */
export interface ImageStat {
  /** In bytes. */
  readonly size: number
  readonly mtime: Time
  /** Undefined where the file system, or the archive, does not keep it. */
  readonly btime: Time | undefined
}

export interface ImageHead {
  /** Up to HEAD_BYTES. */
  readonly data: Buffer
  /** In bytes. */
  readonly size: number
}

/** More than the longest entry with which the image of a ghost file begins: it may have the target of a symbolic link. */
export const HEAD_BYTES = 4608

export const NEXT = 'nothing was deleted; give a directory with the images themselves'

export abstract class ImageSource {
  /** As the caller named it. */
  readonly path: string
  /** Of the directory or the archive: what is locked, and what others may have open. */
  abstract readonly fd: number
  abstract readonly what: 'image directory' | 'archive'
  /** Why images that the dump wrote may be missing here, in words. */
  readonly cut: string | undefined = undefined
  readonly states: ImageState[] = []
  private totalBytes = 0

  constructor(path: string) {
    this.path = path
  }

  abstract close(): void

  /** Device and inode number of what is locked, in words of a file name. */
  abstract inode(): string

  /** Names of files beside each other, in no order; of an archive only those that a dump makes. */
  abstract names(): string[]

  /** Of a regular file there; undefined where there is none. */
  abstract stat(name: string): ImageStat | undefined

  /** Whether that file begins as an image of CRIU 1.6 or later, or is empty, as one that was created for it. */
  abstract isImage(name: string): boolean

  /** The beginning of an image, and the size of all of it; undefined where there is none that can be read. */
  abstract head(name: string): ImageHead | undefined

  /** Files of that name beside the images, and above a directory that is called `checkpoint`. */
  abstract beside(name: string): FoundFile[]

  /** What could be given in the place of this one, which has no images. */
  abstract below(names: readonly string[]): string | undefined

  /** What a runtime put beside the images, by its name; undefined where there is none. Archives alone have it. */
  abstract runtimeFile(name: string): Buffer | undefined

  /** Until the next one is loaded; undefined where there is none. @throws GcError. */
  protected abstract load(name: string): Buffer | undefined

  protected abstract has(name: string): boolean

  /** For messages. */
  protected where(name: string): string {
    return `${this.path}/${name}`
  }

  /** Walks one image and notes its state. */
  read(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): ImageState {
    const state = this.walk(name, kind, onEntry)
    this.states.push(state)
    return state
  }

  /** As read(), for an image that only newer releases write: that it is missing is worth no note. */
  readIfThere(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): void {
    if (!this.has(name)) return
    const state = this.walk(name, kind, onEntry)
    if (state.state !== 'absent') this.states.push(state)
  }

  /** For an image of which nothing depends: what is wrong with it is nobody's concern, and nor is that it is there. */
  peek(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): void {
    if (this.has(name))
      orRefused<unknown>(
        () => this.walk(name, kind, onEntry),
        () => undefined,
      )
  }

  /** @throws GcError bad-images where an image of that size is too much. */
  protected count(name: string, size: number): void {
    const refuse = (what: string): GcError =>
      badImages(what, { where: this.where(name), next: NEXT })
    this.totalBytes += size
    if (size > LIMITS.imageBytes)
      throw refuse(`has ${size} bytes, the limit is ${LIMITS.imageBytes}`)
    if (this.totalBytes > LIMITS.totalBytes)
      throw refuse(`brings the images to more than ${LIMITS.totalBytes} bytes`)
  }

  private walk(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): ImageState {
    const data = this.load(name)
    if (data === undefined) return { name, state: 'absent', entries: 0, bytes: 0 }
    try {
      return { name, bytes: data.length, ...walkEntries(data, kind, onEntry(data)) }
    } catch (error) {
      if (error instanceof GcError && error.where === undefined)
        throw new GcError(error.exit, error.message, {
          where: this.where(name),
          next: error.next ?? NEXT,
          cause: error,
        })
      throw error
    }
  }
}
