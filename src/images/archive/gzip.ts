// The bytes that are compressed with gzip.
//
// Node decompresses a whole file at once, or piece by piece on another thread; neither is for a command that is one
// thread, nor for archives of any length. What its stream is made of works piece by piece: npm itself, a part of every
// Node, reads its packages so.
import { errorCode, GcError } from '../../errors.js'
import { Budget } from './budget.js'
import { damaged, unpacking } from './formats.js'
import { MadePieces, type Pieces } from './pieces.js'

type Zlib = typeof import('node:zlib')

/** Of a stream of zlib's. */
interface Engine {
  _handle: { close(): void } | null
  _processChunk(chunk: Buffer, flush: number): Buffer
  on(event: 'error', listener: () => void): void
  removeAllListeners(event: 'error'): void
}

/** None of it is promised. */
const isEngine = (engine: Partial<Engine>): engine is Engine & { _handle: { close(): void } } =>
  typeof engine._processChunk === 'function' && typeof engine._handle?.close === 'function'

/** Compressed bytes that are given at once: zlib makes at most a thousand times as many of them. */
const AT_ONCE = 16 * 1024

export class GzipPieces extends MadePieces {
  private readonly from: Pieces
  private readonly path: string
  private readonly budget: Budget
  private readonly zlib: Zlib
  private readonly engine: Engine
  private readonly handle: { close(): void }
  private readonly close: () => void
  private isRead = false

  constructor(from: Pieces, path: string, budget = new Budget(path, 'gzip')) {
    super()
    this.from = from
    this.path = path
    this.budget = budget
    // Only where there is something to decompress.
    this.zlib = process.getBuiltinModule('node:zlib')
    const engine = this.zlib.createGunzip() as unknown as Partial<Engine>
    if (!isEngine(engine))
      throw new GcError(
        'unsupported',
        'this version of Node cannot decompress gzip piece by piece',
        {
          where: path,
          next: `nothing was touched; ${unpacking('gzip', path)}`,
        },
      )
    this.engine = engine
    this.handle = engine._handle
    this.close = this.handle.close.bind(this.handle)
    // It would be closed after each piece.
    this.handle.close = () => undefined
  }

  protected override make(): Buffer | undefined {
    if (this.isRead) return undefined
    const chunk = this.from.take(AT_ONCE)
    // Also where it ends before its end: what was compressed tells.
    if (chunk.length === 0) return undefined
    try {
      const made = this.engine._processChunk(chunk, this.zlib.constants.Z_NO_FLUSH)
      this.budget.spend(made.length)
      return made
    } catch (cause) {
      const code = errorCode(cause)
      if (code?.startsWith('Z_') !== true) throw cause
      this.isRead = true
      throw damaged(
        `what gzip compressed is damaged (${(cause as Error).message}) before byte ${this.from.position}`,
        this.path,
        cause,
      )
    } finally {
      this.engine._handle = this.handle
      this.engine.removeAllListeners('error')
      this.engine.on('error', () => undefined)
    }
  }

  end(): void {
    this.isRead = true
    this.close()
    this.engine._handle = null
  }
}
