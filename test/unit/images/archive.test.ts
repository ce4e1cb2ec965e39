import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { readCheckpoint } from '../../../src/checkpoint/checkpoint.js'
import type { Checkpoint } from '../../../src/checkpoint/model.js'
import { FilePieces } from '../../../src/images/archive/pieces.js'
import { walkTar, type TarEntry } from '../../../src/images/archive/tar.js'
import { ImageArchive } from '../../../src/images/archive.js'
import { ImageDirectory } from '../../../src/images/directory.js'
import { openImages } from '../../../src/images/open.js'
import { sideFiles } from '../../../src/images/side-files.js'
import { ARCHIVE_LIMITS, HINT_LIMITS, LIMITS } from '../../../src/limits.js'
import { dumpImages, image } from '../../encode/images.js'
import { END, entry, longName, pax, tar, type EntrySpec } from '../../encode/tar.js'
import { zstd } from '../../encode/zstd.js'
import { countingReads } from '../../rig/bytes-read.js'
import { layOut, recordedCases } from '../checkpoint/recorded.js'
import { refuses, test, type Test } from '../support/check.js'

const LINKS = [
  { id: 3, link: '/a/link_remap.3' },
  { id: 5, link: '/b/link_remap.5', original: '/b/it' },
]
const DUMP = dumpImages({ links: LINKS })
const TIME = 1_700_000_000
/** Nothing that can be compressed. */
const NOISE = randomBytes(100_000)

const entriesOf = (images: ReadonlyMap<string, Buffer>, directory = 'checkpoint/'): EntrySpec[] =>
  [...images].map(([name, data]) => ({ name: `${directory}${name}`, data, mtime: TIME }))

const write = (t: Test, data: Buffer, name = 'it.tar'): string => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'archive-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true }))
  const file = path.join(folder, name)
  fs.writeFileSync(file, data)
  return file
}

const open = (t: Test, data: Buffer): ImageArchive => {
  const images = new ImageArchive(write(t, data))
  t.teardown(() => images.close())
  return images
}

/** What of it does not say where it was read, or how. */
const same = (checkpoint: Checkpoint, ...places: readonly string[]): unknown =>
  JSON.parse(
    places.reduce(
      (text, place) => text.replaceAll(place, 'PLACE'),
      // An archive keeps no births.
      JSON.stringify({
        ...checkpoint,
        directory: undefined,
        times: { ...checkpoint.times, born: undefined, reused: undefined },
      }),
    ),
  )

const SORTS: Readonly<Record<string, (data: Buffer) => Buffer>> = {
  plain: (data) => data,
  gzip: (data) => gzipSync(data),
  zstd: (data) => zstd(data, 4096),
}

/** With GNU tar, and compressed by the program of that name where it is there. */
const pack = (t: Test, directory: string, ...options: string[]): Buffer => {
  const made = spawnSync('tar', ['-cf', '-', ...options, '-C', directory, '.'], {
    maxBuffer: 1 << 28,
  })
  t.equal(made.status, 0)
  return made.stdout
}

for (const name of recordedCases())
  test(`the checkpoint of ${name} is the same in an archive`, (t) => {
    const directory = layOut(t, name, { logs: true })
    const above = path.dirname(directory)
    const wanted = readCheckpoint(directory)
    for (const format of ['gnu', 'posix', 'ustar'])
      for (const [sort, compress] of Object.entries(SORTS)) {
        const file = write(t, compress(pack(t, above, `--format=${format}`)))
        t.strictSame(
          same(readCheckpoint(file), `${file}/checkpoint`, file),
          same(wanted, `${directory}/..`, directory),
          `${format} ${sort}`,
        )
      }
  })

test('as the times of its entries the archive has those of the images', (t) => {
  const archive = open(
    t,
    tar(
      { name: 'checkpoint/inventory.img', data: 'x', mtime: TIME },
      pax({ mtime: '1700000001.123456789' }),
      { name: 'checkpoint/files.img' },
      pax({ mtime: '1700000002.5' }),
      { name: 'checkpoint/pstree.img', mtime: 5 },
      { name: 'checkpoint/seccomp.img', mtime: 7 },
    ),
  )
  const time = (name: string) => archive.stat(name)?.mtime
  t.strictSame(time('inventory.img'), { sec: TIME, nsec: 0 })
  t.strictSame(time('files.img'), { sec: TIME + 1, nsec: 123456789 })
  t.strictSame(time('pstree.img'), { sec: TIME + 2, nsec: 500_000_000 })
  t.strictSame(time('seccomp.img'), { sec: 7, nsec: 0 }, 'and no other than its own')
  t.equal(archive.stat('core-1.img'), undefined)
  t.equal(archive.stat('inventory.img')?.btime, undefined)
})

test('in whole seconds they are taken for that', (t) => {
  const file = write(t, tar(...entriesOf(DUMP)))
  t.equal(readCheckpoint(file).times.wholeSeconds, true)
  t.strictSame(readCheckpoint(file).times.written, { sec: TIME, nsec: 0 })
  const [first = { name: '' }, ...rest] = entriesOf(DUMP)
  const exact = write(t, tar(pax({ mtime: `${TIME}.25` }), first, ...rest))
  t.equal(readCheckpoint(exact).times.wholeSeconds, false)
})

test('the directory with the images is found', (t) => {
  const inside = (...places: readonly string[]) =>
    readCheckpoint(
      write(t, tar(...places.flatMap((place) => entriesOf(DUMP, place)), { name: 'config.dump' })),
    ).remaps.length
  for (const place of ['', './', 'checkpoint/', './checkpoint/', '/var/tmp/it/', 'a//b/./c/'])
    t.equal(inside(place), LINKS.length, place)
  t.equal(inside('pre-checkpoint/', 'checkpoint/'), LINKS.length, 'that of the dump')
  for (const places of [
    ['a/', 'b/'],
    ['', 'b/'],
    ['a/checkpoint/', 'b/checkpoint/'],
  ])
    refuses(t, () => inside(...places), 'bad-images', /images are in 2 directories of it: /)
  const killed = new Map([['files.img', image('files', [])]])
  const file = write(
    t,
    tar(...entriesOf(DUMP, 'pre-checkpoint/'), ...entriesOf(killed, 'checkpoint/')),
  )
  t.equal(readCheckpoint(file).remaps.length, 0, 'also where that of the pre-dump is the whole one')
})

test('logs and statistics in it are those of the dump', (t) => {
  const log = (text: string, name: string): EntrySpec => ({ name, data: text, mtime: TIME })
  const found = (...entries: EntrySpec[]): string[] =>
    sideFiles(open(t, tar(...entriesOf(DUMP), ...entries)), 'dump.log', undefined).map(
      ({ place, data, mtime }) => `${place} ${data.toString()} ${mtime.sec}`,
    )
  t.strictSame(found(), [])
  t.strictSame(found(log('above', 'dump.log')), [`beside above ${TIME}`])
  t.strictSame(found(log('beside', 'checkpoint/dump.log'), log('above', 'dump.log')), [
    `beside beside ${TIME}`,
    `beside above ${TIME}`,
  ])
  t.strictSame(found(log('no', 'other/dump.log')), [])
  t.strictSame(found({ name: 'dump.log', type: '2', link: '/etc/passwd' }), [])
  const archive = open(t, tar(...entriesOf(DUMP, ''), log('beside', 'dump.log')))
  t.equal(sideFiles(archive, 'dump.log', archive.path).length, 1, 'nor is it a work directory')
  t.equal(sideFiles(archive, 'dump.log', undefined)[0]?.path, `${archive.path}/dump.log`)
})

test('of a long log the beginning and the end, as in a directory', (t) => {
  const { logHead, logTail } = HINT_LIMITS
  for (const size of [
    ...[0, 1, logHead, logHead + 1, logHead + logTail, logHead + logTail + 1],
    ...[5 * logTail + 17, 3_000_000],
  ]) {
    const data = Buffer.from(Array.from({ length: size }, (_, at) => at % 251))
    const dir = t.testdir({})
    fs.writeFileSync(path.join(dir, 'dump.log'), data)
    const directory = new ImageDirectory(dir)
    t.teardown(() => directory.close())
    const of = (images: ImageDirectory | ImageArchive): Buffer =>
      sideFiles(images, 'dump.log', undefined)[0]!.data
    for (const compress of Object.values(SORTS)) {
      const archive = open(t, compress(tar({ name: 'dump.log', data })))
      t.ok(of(archive).equals(of(directory)), `${size} bytes`)
    }
  }
})

test('files of the runtime are kept as they are', (t) => {
  const bytes = Buffer.from([0x7b, 0, 0xff, 0x7d])
  const archive = open(
    t,
    tar(
      ...entriesOf(DUMP),
      { name: 'spec.dump', data: bytes },
      { name: 'other/config.dump', data: 'x' },
      { name: 'bind.mounts', type: '1', link: 'spec.dump' },
    ),
  )
  t.strictSame(archive.runtimeFile('spec.dump'), bytes)
  t.equal(archive.runtimeFile('config.dump'), undefined)
  refuses(t, () => archive.runtimeFile('bind.mounts'), 'bad-images', /is a second name of another/)
  const most = ARCHIVE_LIMITS.runtimeFileBytes
  const long = open(t, tar({ name: 'config.dump', data: Buffer.alloc(most + 1) }))
  refuses(t, () => long.runtimeFile('config.dump'), 'bad-images', /more than the limit/)
})

test('the later of two counts', (t) => {
  const two = (name: string, ...more: (EntrySpec | Buffer)[]) =>
    readCheckpoint(write(t, tar({ name, data: 'bad' }, ...entriesOf(DUMP), ...more)))
  t.equal(two('checkpoint/remap-fpath.img').remaps.length, LINKS.length)
  t.equal(two('./checkpoint//remap-fpath.img').remaps.length, LINKS.length)
  refuses(
    t,
    () => two('x', { name: './checkpoint/remap-fpath.img', type: '2', link: '/etc/passwd' }),
    'bad-images',
    /is a symbolic link/,
  )
})

const OTHERS: readonly (readonly [string, RegExp])[] = [
  ['1', /a second name/],
  ['2', /a symbolic link/],
  ['3', /a device/],
  ['4', /a device/],
  ['5', /a directory/],
  ['6', /a FIFO/],
  ['S', /a sparse file/],
  ['V', /of type /],
  ['!', /of type /],
]

for (const [type, what] of OTHERS)
  test(`an image of type ${type} is none`, (t) => {
    const archive = open(t, tar({ name: 'files.img', type, link: 'x' }))
    t.equal(archive.stat('files.img'), undefined)
    const images = new Map([...DUMP].filter(([name]) => name !== 'files.img'))
    const file = write(
      t,
      tar(...entriesOf(images, ''), { name: 'files.img', type, link: '/etc/passwd' }),
    )
    const error = refuses(t, () => readCheckpoint(file), 'bad-images', what)
    t.equal(error?.where, `${file}/files.img`)
    t.match(error?.next, /^nothing was deleted/)
  })

test('links and devices have no contents whatever their size says', (t) => {
  for (const type of ['1', '2', '3', '4', '5', '6']) {
    const entries = [{ name: 'other', type, size: '00000001000\0' }, ...entriesOf(DUMP)]
    t.equal(readCheckpoint(write(t, tar(...entries))).remaps.length, LINKS.length, type)
  }
})

test('long names, of GNU and of pax', (t) => {
  const deep = `${'d'.repeat(90)}/${'e'.repeat(90)}/checkpoint/`
  for (const before of [longName, (name: string) => pax({ path: name })]) {
    const entries = [...DUMP].flatMap(([name, data]) => [
      before(`${deep}${name}`),
      entry({ name: 'cut-off', data, mtime: TIME }),
    ])
    t.equal(readCheckpoint(write(t, tar(...entries))).remaps.length, LINKS.length)
  }
})

test('what stands in a header of pax for all is said of none', (t) => {
  const file = write(t, tar(pax({ size: '0', mtime: '5', path: 'x' }, 'g'), ...entriesOf(DUMP)))
  t.strictSame(readCheckpoint(file).times.written, { sec: TIME, nsec: 0 })
})

test('pages are passed over, sparse or not', (t) => {
  const maps = Buffer.alloc(512)
  const sparse = entry({
    name: 'checkpoint/pages-1.img',
    type: 'S',
    data: Buffer.alloc(1000, 'p'),
    change: (header) => header.fill(1, 482, 483),
  })
  const entries = [
    sparse.subarray(0, 512),
    Buffer.concat([maps.fill(1, 504, 505), Buffer.alloc(512)]),
    sparse.subarray(512),
    pax({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'pages-2.img' }),
    entry({ name: 'GNUSparseFile.1/pages-2.img', data: Buffer.alloc(700) }),
  ]
  t.equal(readCheckpoint(write(t, tar(...entries, ...entriesOf(DUMP)))).remaps.length, LINKS.length)
  const file = write(
    t,
    tar(
      ...entriesOf(DUMP, ''),
      pax({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'files.img', 'GNU.sparse.realsize': '9' }),
      { name: 'GNUSparseFile.1/files.img', data: 'x' },
    ),
  )
  refuses(t, () => readCheckpoint(file), 'bad-images', /is a sparse file/)
})

test('of a plain archive what is passed over is not read', (t) => {
  const size = 2 ** 34
  const file = write(t, Buffer.alloc(0))
  const fd = fs.openSync(file, 'w')
  const put = (data: Buffer, at: number): number => at + fs.writeSync(fd, data, 0, data.length, at)
  const field = Buffer.alloc(12)
  field[0] = 0x80
  field.writeBigUInt64BE(BigInt(size), 4)
  let at = put(entry({ name: 'checkpoint/pages-1.img', size: field }), 0) + size
  at = put(tar(...entriesOf(DUMP)), at)
  fs.closeSync(fd)
  const { result, bytes } = countingReads(() => readCheckpoint(file))
  t.equal(result.remaps.length, LINKS.length)
  t.ok(bytes < 1 << 20, `${bytes} bytes of ${at}`)
})

/** As podman writes it, before what may be long. */
const podman = (directory = 'checkpoint/'): EntrySpec[] => [
  ...['config.dump', 'spec.dump', 'stats-dump'].map((name) => ({ name, data: '' })),
  ...entriesOf(DUMP, directory),
]

test('no further than needed', (t) => {
  for (const last of ['rootfs-diff.tar', './deleted.files', 'volumes/data.tar', 'volumes/'])
    for (const [sort, compress] of Object.entries(SORTS)) {
      const before = Buffer.concat(podman().map(entry))
      const file = write(t, compress(Buffer.concat([before, entry({ name: last, data: NOISE })])))
      const { size } = fs.statSync(file)
      // What follows is damaged, or not there: nobody asks.
      const fd = fs.openSync(file, 'r+')
      fs.writeSync(fd, Buffer.alloc(20_000, 0xff), 0, 20_000, size - 30_000)
      fs.closeSync(fd)
      t.equal(readCheckpoint(file).complete, true, `${sort}, ${last}, damaged`)
      fs.truncateSync(file, size - 90_000)
      t.equal(readCheckpoint(file).complete, true, `${sort}, ${last}, cut`)
    }
})

test('on, where something may still come', (t) => {
  const isCut = (...entries: EntrySpec[]): boolean =>
    new ImageArchive(write(t, Buffer.concat(entries.map(entry)))).cut !== undefined
  const last = { name: 'rootfs-diff.tar', data: 'x' }
  t.notOk(isCut(...podman(), last))
  for (const lacking of ['inventory.img', 'pstree.img', 'config.dump', 'spec.dump', 'stats-dump'])
    t.ok(isCut(...podman().filter(({ name }) => !name.endsWith(lacking)), last), lacking)
  t.ok(isCut(...podman('other/'), last))
  t.ok(isCut(...podman(), { name: 'other', data: 'x' }))
  t.ok(isCut(...podman(), { name: 'x/rootfs-diff.tar', data: 'x' }))
  t.ok(isCut(...podman(), { name: 'rootfs-diff.tar.more', data: 'x' }))
})

test('one that breaks off anywhere is never whole', (t) => {
  const data = tar(...entriesOf(DUMP), { name: 'dump.log', data: 'x' })
  const whole = data.length - END.length
  for (let length = 1; length < whole + 512; length += 101) {
    const file = write(t, data.subarray(0, length))
    if (length < 512) {
      refuses(t, () => readCheckpoint(file), 'bad-images', /no images|breaks off/)
      continue
    }
    const found = readCheckpoint(file)
    t.equal(found.complete, false, `at ${length}`)
    t.match(found.signs.join('\n'), /the archive breaks off at byte \d+/)
  }
  t.equal(readCheckpoint(write(t, data.subarray(0, whole + 512))).complete, true)
})

for (const [sort, compress] of Object.entries(SORTS))
  test(`${sort}: what came before the cut counts`, (t) => {
    const order = ['remap-fpath.img', 'files.img', 'inventory.img']
    const images = new Map(order.map((name) => [name, DUMP.get(name)!]))
    const rest = { name: 'checkpoint/pages-1.img', data: NOISE }
    const data = compress(tar(...entriesOf(images), rest))
    const found = readCheckpoint(write(t, data.subarray(0, data.length - 1100)))
    t.equal(found.remaps.length, LINKS.length)
    t.equal(found.complete, false)
    t.match(found.signs.join('\n'), /breaks off at byte \d+/)
  })

test('an image that is cut off with the archive is cut', (t) => {
  const long = dumpImages({
    links: Array.from({ length: 200 }, (_, id) => ({
      id: id * 2 + 1,
      link: `/a/link_remap.${id * 2 + 1}`,
    })),
  })
  const files = long.get('files.img')!
  const others = [...entriesOf(long)].filter(({ name }) => !name.endsWith('/files.img'))
  const start = tar(...others).length - END.length
  const all = Buffer.concat([
    ...others.map(entry),
    entry({ name: 'checkpoint/files.img', data: files }),
  ])
  const found = readCheckpoint(write(t, all.subarray(0, start + 512 + files.length / 2)))
  t.match(
    found.images.find(({ name }) => name === 'files.img'),
    { state: 'truncated', bytes: Math.floor(files.length / 2) },
  )
  t.ok(found.remaps.length > 0 && found.remaps.length < 200)
})

test('a pre-dump of which not all is there is none for certain', (t) => {
  const images = dumpImages({ inventory: { version: 0, preDumpMode: 1 } })
  const inventory = images.get('inventory.img')!
  const data = tar({ name: 'inventory.img', data: inventory })
  t.equal(readCheckpoint(write(t, data.subarray(0, data.length - END.length))).complete, false)
  t.equal(readCheckpoint(write(t, data)).preDump, true)
})

const DAMAGED: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
  'a name that leads out': [tar({ name: '../files.img' }), /a name that leads out of it/],
  'one that does so in the middle': [
    tar({ name: 'checkpoint/../../x' }),
    /a name that leads out of it/,
  ],
  'a long name that does': [tar(longName('a/../b'), { name: 'x' }), /a name that leads out of it/],
  'a negative size': [
    tar({ name: 'x', size: Buffer.alloc(12, 0xff) }),
    /the entry at byte 0 has no size/,
  ],
  'an absurd size': [
    tar({ name: 'x', size: Buffer.concat([Buffer.from([0x80]), Buffer.alloc(11, 0xff)]) }),
    /a number that is none/,
  ],
  'a size that is no number': [tar({ name: 'x', size: 'abcdefghijk\0' }), /has no size/],
  'an absurd size of pax': [
    tar(pax({ size: '99999999999999999999' }), { name: 'x' }),
    /the entry at byte 1024 has no size/,
  ],
  'a header that is huge': [
    tar({ name: 'x', type: 'x', size: '00100000000\0' }),
    /16777216 bytes are said of the entry/,
  ],
  'a sum that is wrong': [
    Buffer.concat([entry({ name: 'a' }), Buffer.alloc(512, 'x'), END]),
    /the header at byte 512 is damaged/,
  ],
}

for (const [what, [data, message]] of Object.entries(DAMAGED))
  test(`${what} is refused`, (t) => {
    const file = write(t, data)
    const error = refuses(t, () => readCheckpoint(file), 'bad-images', message)
    t.equal(error?.where, file)
    t.match(error?.next, /^nothing was deleted;/)
  })

test('sizes without contents are cut, and take no memory', (t) => {
  const file = write(t, entry({ name: 'files.img', size: '00400000000\0' }))
  t.equal(readCheckpoint(file).complete, false)
  const most = (LIMITS.imageBytes + 1).toString(8).padStart(11, '0') + '\0'
  const long = write(t, Buffer.concat([entry({ name: 'files.img', size: most }), END]))
  refuses(t, () => readCheckpoint(long), 'bad-images', /has 67108865 bytes, the limit is 67108864/)
})

test('images that matter have a limit together', (t) => {
  const part = Buffer.alloc(LIMITS.imageBytes)
  const file = write(t, Buffer.alloc(0))
  const fd = fs.openSync(file, 'w')
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    fs.writeSync(fd, entry({ name: `${name}/files.img`, data: part }))
  fs.closeSync(fd)
  refuses(t, () => new ImageArchive(file), 'bad-images', /more than 268435456 bytes of images/)
})

/** A file that grows by one part after another. */
const writeParts = (t: Test, parts: Iterable<Buffer>): string => {
  const file = write(t, Buffer.alloc(0))
  const fd = fs.openSync(file, 'w')
  for (const part of parts) fs.writeSync(fd, part)
  fs.closeSync(fd)
  return file
}

test('logs of many directories have a limit together', (t) => {
  const data = Buffer.alloc(1 << 20, 'l')
  const file = writeParts(
    t,
    Array.from({ length: 260 }, (_, at) => entry({ name: `${at}/dump.log`, data })),
  )
  refuses(t, () => new ImageArchive(file), 'bad-images', /more than 268435456 bytes of images/)
})

test('names have a limit together', (t) => {
  const name = 'n'.repeat(ARCHIVE_LIMITS.headerBytes - 100)
  const file = writeParts(
    t,
    Array.from({ length: ARCHIVE_LIMITS.nameBytes / ARCHIVE_LIMITS.headerBytes + 1 }, (_, at) =>
      Buffer.concat([longName(`${name}/${at}.img`), entry({ name: 'x' })]),
    ),
  )
  refuses(t, () => new ImageArchive(file), 'bad-images', /names of more than 134217728 bytes/)
})

test('what stands in a value of pax is no record', (t) => {
  const inner = '17 path=other.img\n'
  const header = pax({
    path: 'checkpoint/files.img',
    'SCHILY.xattr.user.x': `\n${inner}${inner}`,
  })
  const archive = open(t, tar(header, { name: 'x', data: 'it' }))
  t.strictSame(archive.names(), ['files.img'])
  t.strictSame(open(t, tar(pax({ path: '77' }), { name: 'x' })).names(), [], 'a name of digits')
})

test('a header of pax that is none is refused', (t) => {
  const good = '12 path=a.b\n'
  for (const data of [
    ...['x', '0 path=a\n', '-1 path=a\n', '9 path\n', '99 path=a.b\n', '10 path=a.b\n'],
    ...['13 path=a.b\n', '011111111 path=a', good + '\0', '1', '5 = =\n', '3 \n1 =\n'],
  ])
    refuses(
      t,
      () => open(t, tar({ name: 'p', type: 'x', data }, { name: 'x' })),
      'bad-images',
      /no header of pax/,
      JSON.stringify(data),
    )
  t.doesNotThrow(() => open(t, tar({ name: 'p', type: 'x', data: good }, { name: 'x' })))
})

test('of a long name and one of pax the latter counts, and is not lost', (t) => {
  const names = (...before: Buffer[]) => open(t, tar(...before, { name: 'x.img' })).names()
  t.strictSame(names(longName('long.img'), pax({ path: 'pax.img' })), ['pax.img'])
  t.strictSame(names(longName('long.img'), pax({ mtime: '5' })), ['long.img'])
})

test('entries have a limit', (t) => {
  const data = tar({ name: 'a' }, pax({ path: 'b' }), { name: 'x' })
  const walk = (most: number) => () => {
    const fd = fs.openSync(write(t, data), 'r')
    t.teardown(() => fs.closeSync(fd))
    const pieces = new FilePieces(fd, data.length)
    const names: string[] = []
    const taker = {
      add: ({ name }: TarEntry): undefined => void names.push(name),
      isEnough: () => false,
    }
    t.equal(walkTar(pieces, 'it', taker, most), undefined)
    return names
  }
  t.strictSame(walk(3)(), ['a', 'b'])
  refuses(t, walk(2), 'bad-images', /more than 2 entries/)
})

const NOT_READ: Readonly<Record<string, readonly [Buffer, RegExp, RegExp]>> = {
  xz: [Buffer.from('\xfd7zXZ\0x', 'latin1'), /compressed with xz/, /xz -dc < '/],
  bzip2: [Buffer.from('BZh9x'), /compressed with bzip2/, /bzip2 -dc < '/],
  age: [Buffer.from('age-encryption.org/v1\n'), /it is encrypted/, /decrypt it first/],
  openssl: [Buffer.from('Salted__xxxxxxxx'), /it is encrypted/, /decrypt it first/],
  'an image': [DUMP.get('files.img')!, /it is an image of CRIU/, /the directory that it is in/],
  nothing: [Buffer.alloc(0), /an empty file/, /give the directory/],
}

for (const [what, [data, message, next]] of Object.entries(NOT_READ))
  test(`${what} is not read`, (t) => {
    const file = write(t, data)
    const error = refuses(t, () => readCheckpoint(file), 'usage', message)
    t.match(error?.next, /^nothing was touched;/)
    t.match(error?.next, next)
  })

test('what is no archive', (t) => {
  const text = Buffer.alloc(2000, 'some text. ')
  for (const compress of Object.values(SORTS))
    refuses(t, () => readCheckpoint(write(t, compress(text))), 'bad-images', /is not a tar archive/)
  refuses(t, () => readCheckpoint(write(t, Buffer.from('x'))), 'bad-images', /no images|not a tar/)
  refuses(t, () => readCheckpoint(write(t, tar())), 'bad-images', /no images .* in this archive/)
  refuses(t, () => new ImageArchive(t.testdir({})), 'usage', /neither a directory/)
  refuses(t, () => new ImageArchive('/none'), 'bad-images', /cannot be opened \(ENOENT\)/)
})

test('no descriptor is left open', (t) => {
  const count = (): number => fs.readdirSync('/proc/self/fd').length
  const good = write(t, gzipSync(tar(...entriesOf(DUMP))))
  const bad = write(t, Buffer.alloc(600, 'x'))
  const before = count()
  openImages(good).close()
  refuses(t, () => openImages(bad), 'bad-images', /not a tar/)
  refuses(t, () => new ImageArchive('/dev/null'), 'usage', /neither/)
  t.equal(count(), before)
})

test('whatever is in it, it is read or refused', (t) => {
  const data = tar(...entriesOf(DUMP), pax({ mtime: '5.5' }), longName('checkpoint/x.img'), {
    name: 'y',
  })
  const file = write(t, data)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(data.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...Object.values(SORTS)),
      fc.boolean(),
      (changes, compress, isInside) => {
        const changed = isInside ? Buffer.from(data) : compress(data)
        for (const [at, byte] of changes) changed[at % changed.length] = byte
        fs.writeFileSync(file, isInside ? compress(changed) : changed)
        try {
          readCheckpoint(file)
        } catch (error) {
          t.match((error as Error).name, /^GcError$/, (error as Error).stack ?? '')
        }
      },
    ),
    { numRuns: 500 },
  )
  t.pass('500 of them')
})
