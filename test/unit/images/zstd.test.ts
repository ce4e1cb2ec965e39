import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import zlib, { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { Budget, isTooSlow } from '../../../src/images/archive/budget.js'
import { GzipPieces } from '../../../src/images/archive/gzip.js'
import { FilePieces, type Pieces } from '../../../src/images/archive/pieces.js'
import {
  bundledDecoder,
  ownDecoder,
  type Decoder,
} from '../../../src/images/archive/zstd-decoder.js'
import { ZstdPieces } from '../../../src/images/archive/zstd.js'
import { ARCHIVE_LIMITS } from '../../../src/limits.js'
import { frame, rawBlock, rleBlock, skippable, zstd } from '../../encode/zstd.js'
import { inRepo } from '../../rig/repo.js'
import { refuses, test, type Test } from '../support/check.js'

const MIB = 1024 * 1024

const fileOf = (t: Test, data: Buffer): FilePieces => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pieces-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true }))
  fs.writeFileSync(path.join(folder, 'it'), data)
  const fd = fs.openSync(path.join(folder, 'it'), 'r')
  t.teardown(() => fs.closeSync(fd))
  return new FilePieces(fd, data.length)
}

const NO_BYTES = Buffer.alloc(0)

const SORTS = {
  gzip: (from: Pieces, budget?: Budget) => new GzipPieces(from, 'it', budget),
  zstd: (from: Pieces, budget?: Budget) => new ZstdPieces(from, 'it', budget),
}

/** All that comes, in takes of at most so many. */
const drain = (pieces: Pieces, most = 100_000): Buffer => {
  const found: Buffer[] = []
  for (;;) {
    const piece = pieces.take(most)
    if (piece.length === 0) break
    found.push(Buffer.from(piece))
  }
  pieces.end()
  return Buffer.concat(found)
}

/** Node's own, where it has one: all is asked of both. */
const hasOwn = ownDecoder() !== undefined

const decompressed = (t: Test, data: Buffer): Buffer => {
  const by = (decoder: () => Decoder): Buffer =>
    drain(new ZstdPieces(fileOf(t, data), 'it', undefined, decoder))
  const found = by(bundledDecoder)
  if (hasOwn) t.ok(by(() => ownDecoder()!).equals(found), 'the same by the decoder of Node')
  return found
}

/** What zstd 1.5 made, with its options in the name, of what makeSample() makes. */
const FOLDER = inRepo('test', 'unit', 'images', 'zstd')

test('what zstd itself compressed', (t) => {
  const wanted = makeSample()
  const files = fs.readdirSync(FOLDER)
  t.ok(files.length >= 4)
  for (const file of files)
    t.ok(decompressed(t, fs.readFileSync(path.join(FOLDER, file))).equals(wanted), file)
})

/** Lines that repeat near and far, and what cannot be compressed. */
function makeSample(): Buffer {
  let state = 1
  const next = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0)
  const lines: string[] = []
  for (let i = 0; i < 3_000; i++)
    lines.push(
      `${i} ${next() % 97} checkpoint/core-${next() % 50}.img ${'x'.repeat(next() % 40)}\n`,
    )
  const noise = Buffer.from(Array.from({ length: 3000 }, () => (next() >>> 16) & 0xff))
  return Buffer.concat([Buffer.from(lines.join('')), noise, Buffer.alloc(70_000), noise])
}

test('frames and blocks of all sorts', (t) => {
  const [a, b] = [Buffer.from('abc'), Buffer.alloc(1000, 'b')]
  const same = (data: Buffer, wanted: Buffer): void =>
    void t.strictSame(decompressed(t, data).toString(), wanted.toString())
  same(zstd(a), a)
  same(zstd(Buffer.alloc(0)), Buffer.alloc(0))
  same(Buffer.concat([zstd(a), skippable(b), zstd(b), skippable(a)]), Buffer.concat([a, b]))
  same(frame([rleBlock(0x62, 1000, false), rawBlock(a, true)]), Buffer.concat([b, a]))
  same(frame([rawBlock(Buffer.alloc(0), false), rawBlock(a, true)]), a)
  for (const most of [1, 2, 7, 11, 12, 13, 500]) same(zstd(b, most), b)
  const noise = makeSample()
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 131072 }), (most) => {
      t.ok(decompressed(t, zstd(noise, most)).equals(noise), `blocks of ${most}`)
    }),
    { numRuns: 10 },
  )
})

test('where it breaks off, what came before is given', (t) => {
  const data = makeSample().subarray(0, 20_000)
  const all = Buffer.concat([skippable(Buffer.alloc(5)), zstd(data, 3000)])
  for (let length = 0; length < all.length; length += 173) {
    const found = decompressed(t, all.subarray(0, length))
    t.equal(found.length % 3000, 0)
    t.ok(found.equals(data.subarray(0, found.length)))
  }
  const gz = gzipSync(data)
  for (let length = 1; length < gz.length; length += 173) {
    const found = drain(SORTS.gzip(fileOf(t, gz.subarray(0, length))))
    t.ok(found.equals(data.subarray(0, found.length)))
  }
})

test('gzip: a Node that has another decompressor is told apart', (t) => {
  for (const engine of [{}, { _handle: null, _processChunk: () => NO_BYTES }]) {
    t.intercept(zlib, 'createGunzip', { value: () => engine })
    refuses(t, () => SORTS.gzip(fileOf(t, NO_BYTES)), 'unsupported', /this version of Node/)
  }
})

test('zstd: a Node that has no decompressor, or another one, uses the bundled one', (t) => {
  t.equal(ownDecoder({}), undefined)
  t.equal(ownDecoder({ createZstdDecompress: () => ({}) }), undefined)
  t.equal(hasOwn, 'createZstdDecompress' in zlib, 'and one that has it uses it')
})

test('zstd: the window of a frame has the same limit in the decoder of Node', (t) => {
  const options: unknown[] = []
  ownDecoder({ createZstdDecompress: (given) => (options.push(given), {}) })
  t.strictSame(options, [{ chunkSize: 131072, params: { 100: 27 } }])
  const { ZSTD_d_windowLogMax: named = 100 } = zlib.constants as unknown as Record<string, number>
  t.equal(named, 100)
})

test('gzip: several members, and what fills the end', (t) => {
  const data = makeSample()
  const all = Buffer.concat([gzipSync(data), gzipSync(data), Buffer.alloc(1000)])
  t.ok(drain(SORTS.gzip(fileOf(t, all))).equals(Buffer.concat([data, data])))
})

const DAMAGED: Readonly<Record<string, readonly [keyof typeof SORTS, Buffer, RegExp]>> = {
  'a frame that is none': [
    'zstd',
    Buffer.concat([zstd(Buffer.from('a')), Buffer.from('junk')]),
    /another frame was expected/,
  ],
  'a block that is none': ['zstd', frame([Buffer.from([7, 0, 0, 0])]), /a block is none/],
  'a block that is too long': ['zstd', frame([Buffer.from([0xfc, 0xff, 0xff])]), /a block is none/],
  'a compressed block of noise': [
    'zstd',
    frame([Buffer.from([0x85, 0, 0]), Buffer.alloc(16, 0xff)]),
    /what zstd compressed is damaged/,
  ],
  'a bit without a meaning': [
    'zstd',
    frame([rawBlock(Buffer.from('a'), true)], { flags: 8 }),
    /no meaning/,
  ],
  'a dictionary': [
    'zstd',
    frame([Buffer.from([9]), rawBlock(Buffer.from('a'), true)], { flags: 1 }),
    /with a dictionary/,
  ],
  'a window of 256 MiB': [
    'zstd',
    frame([rawBlock(Buffer.from('a'), true)], { window: 18 << 3 }),
    /takes 268435456 bytes of memory, the limit is 134217728/,
  ],
  'contents in one piece that are too long': [
    'zstd',
    frame([Buffer.alloc(7, 0xff), rawBlock(Buffer.from('a'), true)], { flags: 0xe0, window: 0 }),
    /bytes of memory, the limit is/,
  ],
  'a sum of gzip': [
    'gzip',
    Buffer.concat([gzipSync('abc').subarray(0, -8), Buffer.alloc(8, 1)]),
    /what gzip compressed is damaged \(incorrect data check\)/,
  ],
  'junk after gzip': [
    'gzip',
    Buffer.concat([gzipSync('abc'), Buffer.from('junk')]),
    /incorrect header/,
  ],
}

for (const [what, [sort, data, message]] of Object.entries(DAMAGED))
  test(`${what} is refused`, (t) => {
    const error = refuses(t, () => drain(SORTS[sort](fileOf(t, data))), 'bad-images', message)
    t.match([error?.where, error?.next], ['it', /^nothing was deleted;/])
  })

test('a bomb is given up at the limit, with little in memory', (t) => {
  const blocks = Array.from({ length: 4000 }, () => rleBlock(0, 131072, false))
  const bombs = { zstd: frame(blocks), gzip: gzipSync(Buffer.alloc(500 * MIB), { level: 1 }) }
  for (const sort of ['zstd', 'gzip'] as const) {
    let longest = 0
    const pieces = SORTS[sort](fileOf(t, bombs[sort]), new Budget('it', sort, { most: 64 * MIB }))
    const error = refuses(
      t,
      () => {
        for (let length = -1; length !== 0; longest = Math.max(longest, length))
          length = pieces.take(Infinity).length
      },
      'bad-images',
      /more than 67108864 bytes are compressed in it/,
    )
    t.match(error?.next, /make a plain tar archive of it/)
    t.ok(longest <= 17 * MIB, `${sort}: ${longest} bytes at once`)
    t.ok(pieces.position <= 64 * MIB)
    pieces.end()
  }
})

test('what takes long and gives little is given up', (t) => {
  const { decompressedRate: rate } = ARCHIVE_LIMITS
  t.notOk(isTooSlow(9, 0), 'not at once')
  t.ok(isTooSlow(11, 10 * rate))
  t.notOk(isTooSlow(11, 12 * rate))
  let clock = 0
  const slow = new Budget('it', 'zstd', { now: () => (clock += 6) })
  refuses(t, () => Array.from({ length: 100 }, () => slow.spend(1)), 'bad-images', /takes too long/)
  const tiny = new Budget('it', 'zstd', { now: () => 0 })
  const spend = (): void => {
    for (let i = 0; i < 1_000_001; i++) tiny.spend(1)
  }
  refuses(t, spend, 'bad-images', /next to nothing/)
})

test('damage anywhere is refused or passed over, and nothing else comes of it', (t) => {
  const all = fs.readFileSync(path.join(FOLDER, fs.readdirSync(FOLDER)[0]!))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(all.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (changes) => {
        const data = Buffer.from(all)
        for (const [at, byte] of changes) data[at] = byte
        try {
          decompressed(t, data)
        } catch (error) {
          t.match((error as Error).name, /^GcError$/, (error as Error).stack ?? '')
        }
      },
    ),
    { numRuns: 100 },
  )
})
