// Images that want more of the machine than any dump needs: each ends with a clear word, with no more work
// than a few ordinary runs and little memory, with nothing touched. So does what is just within the limits.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { LIMITS } from '../../src/limits.js'
import type { JsonReport } from '../../src/report/schema.js'
import type { ImageKind } from '../../src/images/magic.js'
import { dumpImages, image, writeImages } from '../encode/images.js'
import * as message from '../encode/messages.js'
import { Yardstick, type Costly } from '../rig/cost.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { varint } from './fuzz/wire.js'

/** As much work as so many runs on an ordinary dump, measured beside it; and MiB. */
const RUNS = 9
const MEMORY = 256

type Images = Map<string, Buffer>

/** A dump of links that are there, to which each case adds what is too much. */
const modest = (): Images =>
  dumpImages({
    namespaces: new Map([[9, [{ mntId: 50, parent: 1, mountpoint: '/' }]]]),
    links: [
      { id: 4, link: '/app/link_remap.4', mntId: 50, size: 10 },
      { id: 6, link: '/app/link_remap.6', mntId: 51, size: 10 },
    ],
  })

/** Very many entries, without a JavaScript value for each. */
const crowd = (kind: ImageKind, count: number, entry: (index: number) => Buffer): Buffer => {
  const head = image(kind, [])
  const longest = entry(count - 1).length + 4
  const data = Buffer.alloc(head.length + count * longest)
  let at = head.copy(data)
  for (let index = 0; index < count; index++) {
    const one = entry(index)
    at = data.writeUInt32LE(one.length, at)
    at += one.copy(data, at)
  }
  return data.subarray(0, at)
}

/** The same entry over and over. */
const same = (kind: ImageKind, count: number, one: Buffer): Buffer => crowd(kind, count, () => one)

const MANY = LIMITS.entries + 1

const mounts = (from: number, count: number): Buffer =>
  crowd('mountpoints', count, (index) =>
    message.mount(
      index === 0
        ? { mntId: from, parent: 1, mountpoint: '/' }
        : { mntId: from + index, parent: from, mountpoint: `/m${index}` },
    ),
  )

/** Messages in messages, deeper than a stack of calls could follow if each were one. */
const deep = (field: number): Buffer => {
  const layers: Buffer[] = []
  let length = 0
  for (let depth = 0; depth < 100_000; depth++) {
    const layer = Buffer.concat([varint((field << 3) | 2), varint(length)])
    layers.push(layer)
    length += layer.length
  }
  return Buffer.concat(layers.reverse())
}

const MIB = 1024 * 1024

interface Case {
  readonly name: string
  readonly change: (images: Images) => void
  /** Changed on disk, where it would be too large to write. */
  readonly grow?: Readonly<Record<string, number>>
  /** What it says; bad images unless `cut`: then the rest of them is used. */
  readonly says?: RegExp
  readonly cut?: true
  /** Within the limits: how many remaps it reports, and of which verdict. */
  readonly fits?: { readonly remaps: number; readonly verdict: RegExp; readonly json?: true }
}

const withImage = (name: string, data: () => Buffer) => (images: Images) => {
  images.set(name, data())
}

/** Rows that are no tree: what is complete is checked for that, what is cut cannot be. */
const cutMounts = (rows: readonly message.MountRow[]) =>
  withImage('mountpoints-9.img', () =>
    Buffer.concat([image('mountpoints', rows.map(message.mount)), Buffer.from([1])]),
  )

/** One link and one original, on which very many remaps agree. */
const shared = (count: number, original: string) => (images: Images) => {
  images.set(
    'files.img',
    image('files', [
      message.file({ id: 4, name: '/app/link_remap.4' }),
      message.file({ id: 5, name: original, mntId: 50, mode: 0o100644 }),
    ]),
  )
  images.set('remap-fpath.img', same('remap-fpath', count, message.remap(5, 4, 0)))
}

/** Links in directories of their own, each as deep as a path may be. */
const deepLinks = (count: number) => (images: Images) => {
  const link = (index: number): string =>
    `/d${index}${'/a'.repeat(2000)}/link_remap.${2 * index + 2}`
  images.set(
    'files.img',
    image(
      'files',
      Array.from({ length: count }, (_, index) => [
        message.file({ id: 2 * index + 2, name: link(index) }),
        message.file({ id: 2 * index + 3, name: '/gone', mntId: 50, mode: 0o100644 }),
      ]).flat(),
    ),
  )
  images.set(
    'remap-fpath.img',
    crowd('remap-fpath', count, (index) => message.remap(2 * index + 3, 2 * index + 2, 0)),
  )
}

const LIMIT = /limit|more than/

const entries: Case[] = [
  ['files.img', 'files', message.file({ id: 100, name: '/x' })],
  ['files.img', 'files', Buffer.from('08021064', 'hex')],
  ['remap-fpath.img', 'remap-fpath', message.remap(5, 4, 1)],
  ['remap-fpath.img', 'remap-fpath', message.remap(5, 4, 0)],
  ['pstree.img', 'pstree', message.task(1, 0)],
  ['ids-1.img', 'ids', message.ids({ mnt: 9 })],
  ['inventory.img', 'inventory', message.inventory()],
  ['mountpoints-9.img', 'mountpoints', message.mount({ mntId: 1, parent: 1, mountpoint: '/' })],
].map(([name, kind, entry]) => ({
  name: `${MANY} entries of ${String(name)}, ${(entry as Buffer).length} bytes each`,
  change: withImage(name as string, () => same(kind as ImageKind, MANY, entry as Buffer)),
}))

const cases: Case[] = [
  ...entries,
  {
    name: `${LIMITS.remaps + 1} link remaps`,
    change: withImage('remap-fpath.img', () =>
      crowd('remap-fpath', LIMITS.remaps + 1, (index) =>
        message.remap(2 * index + 1, 2 * index, 0),
      ),
    ),
  },
  {
    name: `${LIMITS.tasks + 1} tasks`,
    change: withImage('pstree.img', () =>
      crowd('pstree', LIMITS.tasks + 1, (index) => message.task(index + 1, index === 0 ? 0 : 1)),
    ),
  },
  {
    name: `${LIMITS.mounts + 1} mounts`,
    change: withImage('mountpoints-9.img', () => mounts(50, LIMITS.mounts + 1)),
  },
  {
    name: `${LIMITS.mounts + 1} mounts in two namespaces`,
    change: (images) => {
      images.set('pstree.img', image('pstree', [message.task(1, 0), message.task(2, 1)]))
      images.set('ids-2.img', image('ids', [message.ids({ mnt: 10 })]))
      images.set('mountpoints-9.img', mounts(50, LIMITS.mounts / 2))
      images.set('mountpoints-10.img', mounts(50_000, LIMITS.mounts / 2 + 1))
    },
  },
  {
    name: `${LIMITS.namespaces + 1} mount namespaces`,
    change: (images) => {
      images.delete('inventory.img')
      for (let id = 0; id <= LIMITS.namespaces; id++)
        images.set(`mountpoints-${id}.img`, mounts(1000 + id, 1))
    },
  },
  {
    name: 'an entry of more than a MiB',
    change: withImage('files.img', () => image('files', [Buffer.alloc(LIMITS.entryBytes + 1)])),
  },
  {
    name: 'a sparse image of 1 TiB',
    change: () => undefined,
    grow: { 'files.img': 1024 * 1024 * MIB },
  },
  {
    name: 'an image just over the limit',
    change: () => undefined,
    grow: { 'remap-fpath.img': LIMITS.imageBytes + 1 },
  },
  {
    name: 'images that are too much together',
    change: () => undefined,
    grow: {
      'inventory.img': LIMITS.imageBytes,
      'pstree.img': LIMITS.imageBytes,
      'remap-fpath.img': LIMITS.imageBytes,
      'files.img': LIMITS.imageBytes,
      'mountpoints-9.img': LIMITS.imageBytes,
    },
  },
  {
    name: 'an entry with messages in messages, in a field that nobody knows',
    change: withImage('files.img', () => image('files', [deep(15)])),
    cut: true,
  },
  {
    name: 'an entry with messages in messages, in that of the file',
    change: withImage('files.img', () => image('files', [deep(3)])),
    cut: true,
  },
  {
    name: 'very many entries of nothing',
    change: withImage('files.img', () => same('files', MANY, Buffer.alloc(0))),
    cut: true,
  },
  {
    name: 'groups in groups',
    change: withImage('remap-fpath.img', () =>
      image('remap-fpath', [Buffer.alloc(LIMITS.entryBytes, 0x1b)]),
    ),
    cut: true,
  },
  {
    name: 'an entry of very many fields',
    change: withImage('remap-fpath.img', () =>
      image('remap-fpath', [Buffer.alloc(LIMITS.entryBytes, '0801', 'hex')]),
    ),
    cut: true,
  },
  {
    name: 'a million bytes of an original’s name, in each of very many remaps',
    change: shared(LIMITS.remaps, `/${'x'.repeat(1_000_000)}`),
    fits: { remaps: LIMITS.remaps, verdict: /^kept\tinvalid\t/ },
  },
  {
    name: 'a million bytes of a link’s name, in each of very many remaps',
    change: (images) => {
      shared(LIMITS.remaps, '/gone')(images)
      const name = `/${'x'.repeat(1_000_000)}/link_remap.4`
      const original = message.file({ id: 5, name: '/gone', mntId: 50, mode: 0o100644 })
      images.set('files.img', image('files', [message.file({ id: 4, name }), original]))
    },
    fits: { remaps: LIMITS.remaps, verdict: /^kept\tinvalid\t/ },
  },
  {
    name: 'very many remaps with a long name of their original, as a document',
    change: shared(20_000, `/${'x'.repeat(3999)}`),
    fits: { remaps: 20_000, verdict: /^(would-remove|absent)$/, json: true },
  },
  {
    name: 'very many links in directories as deep as can be',
    change: deepLinks(2000),
    fits: { remaps: 2000, verdict: /^(absent|kept)\t/ },
  },
  {
    name: 'a cut image with a root that is its own parent',
    change: cutMounts([{ mntId: 50, parent: 50, mountpoint: '/' }]),
    cut: true,
  },
  {
    name: 'a cut image with a mount that is its own parent',
    change: cutMounts([
      { mntId: 50, parent: 50, mountpoint: '/app' },
      { mntId: 40, parent: 1, mountpoint: '/' },
    ]),
    cut: true,
  },
  {
    name: 'a cut image with mounts that are parents of each other',
    change: cutMounts([
      { mntId: 50, parent: 51, mountpoint: '/app' },
      { mntId: 51, parent: 50, mountpoint: '/app' },
      { mntId: 40, parent: 1, mountpoint: '/' },
    ]),
    cut: true,
  },
]

/** Each remap of the report is there, with a verdict that it may have. */
const verdictsOf = (text: string, json: boolean): string[] =>
  json
    ? (JSON.parse(text) as JsonReport).remaps.map(({ verdict }) => verdict)
    : text.split('\n').slice(0, -1)

if (process.getuid?.() !== 0) t.pass('limits', { skip: 'needs root' })
else {
  const base = fs.mkdtempSync(join(tmpdir(), 'criu-gc-limits-'))
  t.teardown(() => {
    fs.rmSync(base, { recursive: true })
  })
  const yardstick = new Yardstick()
  t.teardown(() => yardstick.end())
  const app = join(base, 'rootfs', 'app')
  fs.mkdirSync(app, { recursive: true })
  for (const name of ['link_remap.4', 'link_remap.6', 'precious'])
    fs.writeFileSync(join(app, name), 'ten bytes.')

  for (const { name, change, grow = {}, says = LIMIT, cut, fits } of cases)
    t.test(name, (t) => {
      const directory = fs.mkdtempSync(join(base, 'images-'))
      const images = modest()
      change(images)
      writeImages(directory, images)
      for (const [file, size] of Object.entries(grow)) fs.truncateSync(join(directory, file), size)
      const before = manifest(app)
      // What is used of cut images may be removed: `show` tells as well what they cost.
      const shows = cut === true || fits !== undefined
      const args = [shows ? 'show' : 'clean', '-D', directory, '-r', join(base, 'rootfs')]
      if (fits?.json === true) args.push('--json')
      const output = join(base, 'output')
      const run = (): Costly => {
        const stdout = fs.openSync(output, 'w')
        const done = yardstick.run(args, stdout)
        fs.closeSync(stdout)
        return done
      }
      const done = run()
      t.notOk(done.error, 'it ends')
      const ratio = yardstick.ratio(done.cost, () => run().cost, RUNS)
      t.ok(ratio <= RUNS, `${done.cost.cpuMs} ms of work, ${ratio.toFixed(2)} ordinary runs`)
      t.ok(done.cost.rssMiB < MEMORY, `${done.cost.rssMiB} MiB`)
      if (fits !== undefined) {
        t.equal(done.status, 3, `leftovers; ${done.stderr}`)
        const verdicts = verdictsOf(fs.readFileSync(output, 'utf8'), fits.json === true)
        t.equal(verdicts.length, fits.remaps, 'each is reported')
        t.ok(verdicts.every((verdict) => fits.verdict.test(verdict)))
      } else if (cut === true) t.ok([3, 4, 7].includes(done.status ?? -1), `exit ${done.status}`)
      else {
        t.equal(done.status, 7, `bad images; ${done.stderr}`)
        t.match(done.stderr, says)
      }
      t.notMatch(done.stderr, /^ +at /m, 'no stack trace')
      t.strictSame(onlyRemoved(before, manifest(app), []), [], 'nothing was touched')
      fs.rmSync(directory, { recursive: true })
      t.end()
    })
}
