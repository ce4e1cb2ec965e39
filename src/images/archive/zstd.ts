// The bytes that are compressed with zstd (RFC 8878). Frames and blocks are found here, so that the decoder gets one
// block after the other, and none that asks for more memory than zstd itself would give it.
import { badImages } from '../../errors.js'
import { ARCHIVE_LIMITS } from '../../limits.js'
import { Budget } from './budget.js'
import { damaged, SKIPPABLE, unpacking } from './formats.js'
import { MadePieces, takeAll, type Pieces } from './pieces.js'
import { newDecoder, type Decoder } from './zstd-decoder.js'

const MAGIC = 0xfd2fb528
/** Bytes of a block, before and after. */
const BLOCK = 128 * 1024
const CHECKSUM = 4
const RLE = 1
const RESERVED = 3

/** Thrown where the file ends: what came before is whole. */
class Cut extends Error {}

interface Frame {
  readonly decoder: Decoder
  readonly hasChecksum: boolean
  /** What the decoder has not been given yet. */
  header: Buffer
}

export class ZstdPieces extends MadePieces {
  private readonly from: Pieces
  private readonly path: string
  private readonly budget: Budget
  private readonly decoderOfFrame: () => Decoder
  private frame: Frame | undefined
  private isRead = false

  constructor(
    from: Pieces,
    path: string,
    budget = new Budget(path, 'zstd'),
    decoderOfFrame = newDecoder,
  ) {
    super()
    this.decoderOfFrame = decoderOfFrame
    this.from = from
    this.path = path
    this.budget = budget
  }

  protected override make(): Buffer | undefined {
    if (this.isRead) return undefined
    try {
      this.frame ??= this.nextFrame()
      if (this.frame !== undefined) return this.nextBlock(this.frame)
    } catch (error) {
      if (!(error instanceof Cut)) throw error
    }
    this.isRead = true
    return undefined
  }

  end(): void {
    this.isRead = true
    this.frame?.decoder.close()
    this.frame = undefined
  }

  /** Undefined at the end of the last. */
  private nextFrame(): Frame | undefined {
    for (;;) {
      const magic = takeAll(this.from, 4)
      if (magic.length < 4) return undefined
      const word = magic.readUInt32LE()
      if (word === MAGIC) return this.begin(magic)
      if (word >>> 4 !== SKIPPABLE) throw this.damage('another frame was expected')
      const size = this.exactly(4).readUInt32LE()
      if (this.from.skip(size) < size) return undefined
    }
  }

  private begin(magic: Buffer): Frame {
    const descriptor = this.exactly(1)
    const flags = descriptor[0] as number
    const isSingle = (flags & 0x20) !== 0
    const [dictionaryBytes = 0] = [[0, 1, 2, 4][flags & 3]]
    const sizeBytes = flags >> 6 === 0 ? Number(isSingle) : 1 << (flags >> 6)
    const rest = this.exactly(Number(!isSingle) + dictionaryBytes + sizeBytes)
    if ((flags & 8) !== 0) throw this.damage('a bit is set that has no meaning')
    if (rest.subarray(Number(!isSingle)).subarray(0, dictionaryBytes).some(Boolean))
      throw this.refusal('it was compressed with a dictionary')
    const window = isSingle ? sizeOf(rest, sizeBytes) : windowOf(rest[0] as number)
    if (window > ARCHIVE_LIMITS.windowBytes)
      throw this.refusal(
        `decompressing takes ${window} bytes of memory, the limit is ${ARCHIVE_LIMITS.windowBytes}`,
      )
    const header = Buffer.concat([magic, descriptor, rest])
    return { decoder: this.decoderOfFrame(), hasChecksum: (flags & 4) !== 0, header }
  }

  private nextBlock(frame: Frame): Buffer {
    const { decoder, hasChecksum } = frame
    const at = this.from.position
    const header = this.exactly(3)
    const word = header.readUIntLE(0, 3)
    const [isLast, type, size] = [(word & 1) !== 0, (word >> 1) & 3, word >> 3]
    if (type === RESERVED || size > BLOCK) throw this.damage('a block is none', at)
    const body = this.exactly(type === RLE ? 1 : size)
    const tail = isLast && hasChecksum ? this.exactly(CHECKSUM) : body.subarray(0, 0)
    let data: Buffer
    try {
      data = decoder.decode(Buffer.concat([frame.header, header, body, tail]), isLast)
    } catch (cause) {
      throw this.damage((cause as Error).message, at, cause)
    }
    frame.header = Buffer.alloc(0)
    if (isLast) {
      decoder.close()
      this.frame = undefined
    }
    this.budget.spend(data.length)
    return data
  }

  private exactly(count: number): Buffer {
    const data = takeAll(this.from, count)
    if (data.length < count) throw new Cut()
    return data
  }

  private damage(what: string, at = this.from.position, cause?: unknown): Error {
    return damaged(`what zstd compressed is damaged (${what}) at byte ${at}`, this.path, cause)
  }

  private refusal(what: string): Error {
    return badImages(what, {
      where: this.path,
      next: `nothing was deleted; ${unpacking('zstd', this.path)}`,
    })
  }
}

const windowOf = (descriptor: number): number => {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

/** That of the contents: there is no other window. */
const sizeOf = (rest: Buffer, bytes: number): number => {
  const at = rest.length - bytes
  if (bytes === 8) return Number(rest.readBigUInt64LE(at))
  return rest.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0)
}
