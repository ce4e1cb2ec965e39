// Node decompresses a whole file at once, or piece by piece on another thread; neither is for a command that is one
// thread, nor for archives of any length. What its streams are made of works piece by piece: npm itself, a part of every
// Node, reads its packages so.

/** Of a stream of zlib's; none of it is promised. */
interface Stream {
  _handle: { close(): void } | null
  _processChunk(chunk: Buffer, flush: number): Buffer
  on(event: 'error', listener: () => void): void
  removeAllListeners(event: 'error'): void
}

const NO_FLUSH = 0

export class Engine {
  private readonly stream: Stream
  private readonly handle: { close(): void }
  private readonly closeHandle: () => void

  private constructor(stream: Stream, handle: { close(): void }) {
    this.stream = stream
    this.handle = handle
    this.closeHandle = handle.close.bind(handle)
    // It would be closed after each piece.
    handle.close = () => undefined
  }

  /** Undefined for a stream that is made otherwise. */
  static of(stream: object): Engine | undefined {
    const made = stream as Partial<Stream>
    return typeof made._processChunk === 'function' && typeof made._handle?.close === 'function'
      ? new Engine(made as Stream, made._handle)
      : undefined
  }

  /** What comes of the next bytes. @throws Error with a code of zlib's or zstd's. */
  process(chunk: Buffer): Buffer {
    const { stream } = this
    try {
      return stream._processChunk(chunk, NO_FLUSH)
    } finally {
      stream._handle = this.handle
      stream.removeAllListeners('error')
      stream.on('error', () => undefined)
    }
  }

  close(): void {
    this.closeHandle()
    this.stream._handle = null
  }
}
