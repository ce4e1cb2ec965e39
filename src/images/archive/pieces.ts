// The bytes of an archive one after another, a bounded piece at a time: however long it is, little of it is in memory.
import fs from 'node:fs'

export interface Pieces {
  /** Bytes that were taken or passed over. */
  readonly position: number
  /** Valid until the next call; at most so many, none at the end. */
  take(most: number): Buffer
  /** As many as there are. */
  skip(count: number): number
  /** Frees what the system keeps for it. */
  end(): void
}

const NOTHING: Buffer = Buffer.alloc(0)
const SIZE = 64 * 1024

/** Of a file itself, where what is passed over is not even read. */
export class FilePieces implements Pieces {
  position = 0
  private readonly fd: number
  private readonly size: number
  private readonly memory = Buffer.allocUnsafeSlow(SIZE)
  private rest = NOTHING

  /** A file that grows meanwhile is read as it was. */
  constructor(fd: number, size: number) {
    this.fd = fd
    this.size = size
  }

  take(most: number): Buffer {
    if (this.rest.length === 0) {
      const length = Math.min(SIZE, this.size - this.position)
      const count = length <= 0 ? 0 : fs.readSync(this.fd, this.memory, 0, length, this.position)
      this.rest = this.memory.subarray(0, count)
    }
    const piece = this.rest.subarray(0, most)
    this.rest = this.rest.subarray(piece.length)
    this.position += piece.length
    return piece
  }

  skip(count: number): number {
    const passed = Math.max(0, Math.min(count, this.size - this.position))
    this.rest = this.rest.subarray(Math.min(passed, this.rest.length))
    this.position += passed
    return passed
  }

  end(): void {
    this.rest = NOTHING
  }
}

/** Of what has to be made first, such as by decompressing. */
export abstract class MadePieces implements Pieces {
  position = 0
  private rest = NOTHING
  private isOver = false

  /** The next ones, or none at the end. */
  protected abstract make(): Buffer | undefined

  abstract end(): void

  take(most: number): Buffer {
    while (this.rest.length === 0 && !this.isOver) {
      const made = this.make()
      if (made === undefined) this.isOver = true
      else this.rest = made
    }
    const piece = this.rest.subarray(0, most)
    this.rest = this.rest.subarray(piece.length)
    this.position += piece.length
    return piece
  }

  skip(count: number): number {
    let left = count
    while (left > 0) {
      const { length } = this.take(left)
      if (length === 0) break
      left -= length
    }
    return count - left
  }
}

/** A copy of exactly so many; fewer where it ends before. */
export const takeAll = (pieces: Pieces, count: number): Buffer => {
  const first = Buffer.from(pieces.take(count))
  if (first.length === count || first.length === 0) return first
  const found = [first]
  let length = first.length
  while (length < count) {
    const piece = pieces.take(count - length)
    if (piece.length === 0) break
    found.push(Buffer.from(piece))
    length += piece.length
  }
  return Buffer.concat(found, length)
}
