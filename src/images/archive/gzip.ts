// The bytes that are compressed with gzip.
import { errorCode, GcError } from '../../errors.js'
import { Budget } from './budget.js'
import { Engine } from './engine.js'
import { damaged, unpacking } from './formats.js'
import { MadePieces, type Pieces } from './pieces.js'

/** Compressed bytes that are given at once: zlib makes at most a thousand times as many of them. */
const AT_ONCE = 16 * 1024
/** What comes of it is gathered in pieces of that many bytes. */
const CHUNK = 128 * 1024

export class GzipPieces extends MadePieces {
  private readonly from: Pieces
  private readonly path: string
  private readonly budget: Budget
  private readonly engine: Engine
  private isRead = false

  constructor(from: Pieces, path: string, budget = new Budget(path, 'gzip')) {
    super()
    this.from = from
    this.path = path
    this.budget = budget
    // Only where there is something to decompress.
    const engine = Engine.of(
      process.getBuiltinModule('node:zlib').createGunzip({ chunkSize: CHUNK }),
    )
    if (engine === undefined)
      throw new GcError(
        'unsupported',
        'this version of Node cannot decompress gzip piece by piece',
        {
          where: path,
          next: `nothing was touched; ${unpacking('gzip', path)}`,
        },
      )
    this.engine = engine
  }

  protected override make(): Buffer | undefined {
    if (this.isRead) return undefined
    const chunk = this.from.take(AT_ONCE)
    // Also where it ends before its end: what was compressed tells.
    if (chunk.length === 0) return undefined
    let made: Buffer
    try {
      made = this.engine.process(chunk)
    } catch (cause) {
      if (errorCode(cause)?.startsWith('Z_') !== true) throw cause
      this.isRead = true
      throw damaged(
        `what gzip compressed is damaged (${(cause as Error).message}) before byte ${this.from.position}`,
        this.path,
        cause,
      )
    }
    this.budget.spend(made.length)
    return made
  }

  end(): void {
    this.isRead = true
    this.engine.close()
  }
}
