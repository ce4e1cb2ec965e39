// A decoder of one frame of zstd: Node's own, which newer ones have, or one in JavaScript, which takes ten times as long.
import { Decompress } from 'fzstd'
import { ARCHIVE_LIMITS } from '../../limits.js'
import { Engine } from './engine.js'

export interface Decoder {
  /** What comes of the header and a block, or of the next block. @throws Error for what is damaged. */
  decode(data: Buffer, isLast: boolean): Buffer
  close(): void
}

/** A parameter of libzstd, which Node names only where it has it. */
const WINDOW_LOG_MAX = 100

/** What a block holds at most: its contents come in one piece. */
const CHUNK = 128 * 1024

interface Zlib {
  createZstdDecompress?: (options: object) => object
}

/** Undefined where this Node has none. */
export const ownDecoder = (
  { createZstdDecompress }: Zlib = process.getBuiltinModule('node:zlib') as Zlib,
): Decoder | undefined => {
  const params = { [WINDOW_LOG_MAX]: Math.log2(ARCHIVE_LIMITS.windowBytes) }
  const stream = createZstdDecompress?.({ chunkSize: CHUNK, params })
  const engine = stream === undefined ? undefined : Engine.of(stream)
  return engine === undefined
    ? undefined
    : {
        decode: (data) => engine.process(data),
        close: () => {
          engine.close()
        },
      }
}

export const bundledDecoder = (): Decoder => {
  let made: Uint8Array[] = []
  const decoder = new Decompress((data) => made.push(data))
  return {
    decode: (data, isLast) => {
      made = []
      decoder.push(data, isLast)
      return Buffer.concat(made)
    },
    close: () => undefined,
  }
}

export const newDecoder = (): Decoder => ownDecoder() ?? bundledDecoder()
