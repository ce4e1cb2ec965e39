// Names out of an image. A call of Node's for each costs more than all else that is done with it: a piece of the image
// is made one string, of which those in it are parts.
import { fromBuffer, slice, type Bytes } from '../bytes.js'

/** Bytes of one: it is kept as long as any part of it is. */
const PIECE = 4096

export class Text {
  private readonly data: Buffer
  private piece = '' as Bytes
  private start = 0

  constructor(data: Buffer) {
    this.data = data
  }

  at(start: number, end: number): Bytes {
    if (end - start > PIECE) return fromBuffer(this.data, start, end)
    if (start < this.start || end > this.start + this.piece.length) {
      this.piece = fromBuffer(this.data, start, start + PIECE)
      this.start = start
    }
    return slice(this.piece, start - this.start, end - this.start)
  }
}
