// An image directory in memory: the same walk over the same bytes, without a file system.
import { GcError } from '../../../src/errors.js'
import type { ImageDirectory, ImageState } from '../../../src/images/directory.js'
import { walkEntries, type OnEntry } from '../../../src/images/framing.js'
import type { ImageKind } from '../../../src/images/magic.js'
import type { Time } from '../../../src/time.js'

class MemoryImages {
  readonly path = '/images'
  readonly fd = -1
  readonly states: ImageState[] = []
  readonly writtenAt: Time | undefined
  private readonly images: ReadonlyMap<string, Buffer>

  constructor(images: ReadonlyMap<string, Buffer>, writtenAt: Time | undefined) {
    this.images = images
    this.writtenAt = writtenAt
  }

  names(): string[] {
    return [...this.images.keys()]
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

/** What readFrom() takes; whatever else it asked for would be missing, and be noticed. */
export const inMemory = (
  images: ReadonlyMap<string, Buffer>,
  writtenAt: Time | undefined,
): ImageDirectory => new MemoryImages(images, writtenAt) as unknown as ImageDirectory
