// Frames of zstd whose blocks are not compressed, and others that a compressor does not make.
const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const BLOCK = 128 * 1024

export const rawBlock = (data: Buffer, isLast: boolean): Buffer => {
  const block = Buffer.alloc(3)
  block.writeUIntLE((data.length << 3) | Number(isLast), 0, 3)
  return Buffer.concat([block, data])
}

/** One byte that stands for many. */
export const rleBlock = (byte: number, count: number, isLast: boolean): Buffer => {
  const block = Buffer.alloc(4)
  block.writeUIntLE(count * 8 + 2 + Number(isLast), 0, 3)
  block[3] = byte
  return block
}

/** `window`: the descriptor, 0 for a KiB, 8 more for twice that. */
export const frame = (blocks: readonly Buffer[], { window = 56, flags = 0 } = {}): Buffer =>
  Buffer.concat([MAGIC, Buffer.from([flags, window]), ...blocks])

export const skippable = (data: Buffer): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0x184d2a57)
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data])
}

/** The data in blocks of at most so many bytes. */
export const zstd = (data: Buffer, most = BLOCK): Buffer => {
  const blocks: Buffer[] = []
  for (let at = 0; at === 0 || at < data.length; at += most)
    blocks.push(rawBlock(data.subarray(at, at + most), at + most >= data.length))
  return frame(blocks)
}
