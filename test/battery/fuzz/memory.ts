// An image directory in memory: the same walk over the same bytes, without a file system.
import { GcError } from '../../../src/errors.js'
import type { ImageSource, ImageStat, ImageState } from '../../../src/images/source.js'
import { walkEntries, type OnEntry } from '../../../src/images/framing.js'
import { isMagic, type ImageKind } from '../../../src/images/magic.js'
import type { Time } from '../../../src/time.js'
import { CORE } from '../../encode/images.js'

class MemoryImages {
  readonly path = '/images'
  readonly fd = -1
  readonly what = 'image directory'
  readonly cut = undefined
  readonly states: ImageState[] = []
  readonly writtenAt: Time | undefined
  private readonly images: ReadonlyMap<string, Buffer>

  constructor(images: ReadonlyMap<string, Buffer>, writtenAt: Time | undefined) {
    this.images = new Map([...coresOf(images), ...images])
    this.writtenAt = writtenAt
  }

  stat(name: string): ImageStat | undefined {
    const size = this.images.get(name)?.length
    return size === undefined
      ? undefined
      : { size, mtime: this.writtenAt ?? { sec: 0, nsec: 0 }, btime: undefined }
  }

  isImage(name: string): boolean {
    const data = this.images.get(name)
    return data !== undefined && (data.length === 0 || isMagic(data))
  }

  beside(): never[] {
    return []
  }

  names(): string[] {
    return [...this.images.keys()]
  }

  /** Nothing lies below. */
  below(): undefined {
    return undefined
  }

  read(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): ImageState {
    const state = this.walk(name, kind, onEntry)
    this.states.push(state)
    return state
  }

  readIfThere(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): void {
    const state = this.walk(name, kind, onEntry)
    if (state.state !== 'absent') this.states.push(state)
  }

  peek(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): void {
    try {
      if (this.images.has(name)) this.walk(name, kind, onEntry)
    } catch (error) {
      if (!(error instanceof GcError)) throw error
    }
  }

  private walk(name: string, kind: ImageKind, onEntry: (data: Buffer) => OnEntry): ImageState {
    const data = this.images.get(name)
    if (data === undefined) return { name, state: 'absent', entries: 0, bytes: 0 }
    try {
      return { name, bytes: data.length, ...walkEntries(data, kind, onEntry(data)) }
    } catch (error) {
      if (error instanceof GcError && error.where === undefined)
        throw new GcError(error.exit, error.message, { where: name, cause: error })
      throw error
    }
  }
}

/** Nobody reads them, so that there is nothing in them to change. */
export const coresOf = (images: ReadonlyMap<string, Buffer>): [string, Buffer][] =>
  [...images.keys()]
    .filter((name) => name.startsWith('ids-'))
    .map((name) => [name.replace('ids', 'core'), CORE])

/** What readFrom() takes; whatever else it asked for would be missing, and be noticed. */
export const inMemory = (
  images: ReadonlyMap<string, Buffer>,
  writtenAt: Time | undefined,
): ImageSource => new MemoryImages(images, writtenAt) as unknown as ImageSource
