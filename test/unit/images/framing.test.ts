import fc from 'fast-check'
import { walkEntries, type Framing } from '../../../src/images/framing.js'
import { COMMON_MAGIC, MAGIC, SERVICE_MAGIC, type ImageKind } from '../../../src/images/magic.js'
import { LIMITS } from '../../../src/limits.js'
import { image } from '../../encode/images.js'
import { refuses, test } from '../support/check.js'
import { holds } from '../support/property.js'

const KINDS = Object.keys(MAGIC) as ImageKind[]

const word = (value: number): Buffer => {
  const data = Buffer.alloc(4)
  data.writeUInt32LE(value)
  return data
}

/** What was found, and the bytes of each entry. */
const walk = (data: Buffer, kind: ImageKind): { framing: Framing; bodies: string[] } => {
  const bodies: string[] = []
  const framing = walkEntries(data, kind, (start, end) => {
    bodies.push(data.toString('hex', start, end))
    return true
  })
  return { framing, bodies }
}

const ENTRIES = [Buffer.from('a'), Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(300, 'x')]
const BODIES = ENTRIES.map((entry) => entry.toString('hex'))

test('the magic words are those of CRIU', (t) => {
  t.equal(COMMON_MAGIC, 0x54564319)
  t.strictSame(MAGIC, {
    inventory: 0x58313116,
    pstree: 0x50273030,
    ids: 0x54432030,
    files: 0x56303138,
    'reg-files': 0x50363636,
    inetsk: 0x56443851,
    netns: 0x55933752,
    'remap-fpath': 0x59133954,
    mountpoints: 0x55563928,
    timens: 0x43114433,
    userns: 0x55474906,
    'ghost-file': 0x52583605,
    stats: 0x57093306,
  })
})

for (const version of [1, 2])
  test(`whole images, version ${version}`, (t) => {
    for (const kind of KINDS) {
      const { framing, bodies } = walk(image(kind, ENTRIES, version), kind)
      t.strictSame(framing, { state: 'complete', entries: 4 }, kind)
      t.strictSame(bodies, BODIES, kind)
      t.strictSame(walk(image(kind, [], version), kind).framing, { state: 'complete', entries: 0 })
    }
  })

test('the inventory never has the common word', (t) => {
  t.equal(image('inventory', []).length, 4, 'the encoder knows it')
  const withCommon = Buffer.concat([word(COMMON_MAGIC), image('inventory', ENTRIES)])
  refuses(t, () => walk(withCommon, 'inventory'), 'bad-images', /first word is 54564319/)
})

test('stats always have the word of service files, and no image has it', (t) => {
  const framed = image('stats', ENTRIES)
  t.equal(framed.readUInt32LE(0), SERVICE_MAGIC, 'the encoder knows it')
  refuses(t, () => walk(framed.subarray(4), 'stats'), 'bad-images', /first word is 57093306/)
  refuses(t, () => walk(framed, 'files'), 'bad-images', /first word is 55105940/)
})

test('an empty file is not a cut one', (t) => {
  for (const kind of KINDS)
    t.strictSame(walk(Buffer.alloc(0), kind).framing, { state: 'empty', entries: 0 })
})

for (const version of [1, 2])
  test(`cut at every byte, version ${version}: whole entries before the cut count`, (t) => {
    const whole = image('files', ENTRIES, version)
    const first = version * 4
    // Where each entry ends: a cut there cannot be told from the end of an image.
    const ends = ENTRIES.map((_, i) =>
      ENTRIES.slice(0, i + 1).reduce((sum, entry) => sum + 4 + entry.length, first),
    )
    const wrong: number[] = []
    for (let cut = 1; cut < whole.length; cut++) {
      const { framing, bodies } = walk(whole.subarray(0, cut), 'files')
      const entries = ends.filter((end) => end <= cut).length
      const boundary = cut === first || ends.includes(cut)
      const asExpected =
        framing.entries === entries &&
        bodies.join() === BODIES.slice(0, entries).join() &&
        framing.state === (boundary ? 'complete' : 'truncated') &&
        (boundary || framing.offset === (cut < first ? 0 : [first, ...ends][entries]))
      if (!asExpected) wrong.push(cut)
    }
    t.strictSame(wrong, [], 'cuts that were taken for something else')
  })

test('where and how it was cut', (t) => {
  const whole = image('files', [Buffer.from('abc'), Buffer.from('defg')])
  t.strictSame(walk(whole.subarray(0, 17), 'files').framing, {
    state: 'truncated',
    entries: 1,
    offset: 15,
    detail: 'cut inside a size word',
  })
  t.strictSame(walk(whole.subarray(0, 19), 'files').framing, {
    state: 'truncated',
    entries: 1,
    offset: 15,
    detail: 'entry of 4 bytes, 0 are left',
  })
  t.match(walk(whole.subarray(0, 22), 'files').framing.detail, /4 bytes, 3 are left/)
  t.match(walk(whole.subarray(0, 6), 'files').framing.detail, /magic/)
})

test('another file type is refused, whatever its length', (t) => {
  const others = [
    word(0x464c457f),
    Buffer.from('#!/bin/sh\n'),
    Buffer.from([0x18]),
    Buffer.from([0x19, 0x42]),
    Buffer.alloc(64),
  ]
  for (const data of others)
    for (const kind of KINDS)
      refuses(t, () => walk(data, kind), 'bad-images', new RegExp(`not a CRIU ${kind} image`))
})

test('an image of one kind is not one of another', (t) => {
  for (const version of [1, 2])
    for (const written of KINDS)
      for (const read of KINDS)
        if (read !== written)
          refuses(
            t,
            () => walk(image(written, ENTRIES, version), read),
            'bad-images',
            /first word is|is not a CRIU/,
            `${written} as ${read}, version ${version}`,
          )
})

test('big-endian images are refused', (t) => {
  const swapped = image('files', [Buffer.from('abcd')]).swap32()
  refuses(t, () => walk(swapped, 'files'), 'bad-images', /first word is 19435654/)
})

test('an absurd size is a cut, not memory', (t) => {
  for (const size of [0xffffffff, 0x80000000, 0x7fffffff, LIMITS.entryBytes + 1]) {
    const data = Buffer.concat([image('files', [Buffer.from('a')]), word(size), Buffer.alloc(50)])
    const { framing, bodies } = walk(data, 'files')
    t.hasStrict(framing, { state: 'truncated', entries: 1, offset: 13 })
    t.match(framing.detail, new RegExp(`entry of ${size} bytes, 50 are left`))
    t.equal(bodies.length, 1)
  }
})

test('limits refuse, they do not cut', (t) => {
  const fits = image('files', [Buffer.alloc(LIMITS.entryBytes)])
  t.equal(walkEntries(fits, 'files', () => true).state, 'complete')
  const big = image('files', [Buffer.alloc(LIMITS.entryBytes + 1)])
  refuses(t, () => walkEntries(big, 'files', () => true), 'bad-images', /1048577 bytes, the limit/)

  const header = image('files', [])
  const full = Buffer.concat([header, Buffer.alloc(4 * LIMITS.entries)])
  t.strictSame(
    walkEntries(full, 'files', () => true),
    { state: 'complete', entries: LIMITS.entries },
    'as many entries as may be',
  )
  const over = Buffer.concat([full, word(0)])
  refuses(t, () => walkEntries(over, 'files', () => true), 'bad-images', /more than 1000000 entr/)
})

test('an entry that does not decode ends the image there', (t) => {
  const data = image('files', [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')])
  let calls = 0
  const framing = walkEntries(data, 'files', () => ++calls < 2)
  t.equal(calls, 2, 'nothing after it is looked at')
  t.strictSame(framing, {
    state: 'truncated',
    entries: 1,
    offset: 13,
    detail: 'entry that does not decode',
  })
})

test('any bytes: an answer or a GcError, and every entry within the file', (t) => {
  const kind = fc.constantFrom(...KINDS)
  const framed = fc
    .tuple(
      kind,
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }),
      fc.constantFrom(1, 2),
      fc.uint8Array({ maxLength: 12 }),
    )
    .map(([of, entries, version, tail]) => ({
      of,
      data: Buffer.concat([
        image(
          of,
          entries.map((entry) => Buffer.from(entry)),
          version,
        ),
        tail,
      ]),
    }))
  holds(
    t,
    'bounds are those of consecutive entries',
    fc.property(framed, ({ of, data }) => {
      let last = 0
      const found: number[] = []
      const framing = walkEntries(data, of, (start, end) => {
        found.push(start)
        const good = start >= last + 4 && end >= start && end <= data.length
        last = end
        return good
      })
      return framing.detail !== 'entry that does not decode' && found.length === framing.entries
    }),
  )
})
