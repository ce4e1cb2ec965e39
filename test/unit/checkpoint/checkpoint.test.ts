import fs from 'node:fs'
import path from 'node:path'
import { readCheckpoint } from '../../../src/checkpoint/checkpoint.js'
import type { Checkpoint } from '../../../src/checkpoint/model.js'
import { GcError } from '../../../src/errors.js'
import { LIMITS } from '../../../src/limits.js'
import { dumpImages, image, writeImages, type DumpSpec } from '../../encode/images.js'
import { encode, file, ids, mount, remap, task } from '../../encode/messages.js'
import { refuses, test } from '../support/check.js'
import { dumpIn, read, ROOT_ROW, ROWS } from './dump.js'

const NESTED_ROWS = [{ mntId: 81, parent: 80, mountpoint: '/', source: '/dev/vda' }]

/** Two namespaces, three links, one of them on the volume. */
const SPEC: DumpSpec = {
  links: [
    { id: 6, link: '/var/link_remap.6', mntId: 43, size: 5 },
    { id: 8, link: '/data/link_remap.8', mntId: 45 },
    { id: 10, link: '/link_remap.10', mntId: 81 },
  ],
  remaps: [remap(30, 1, 1), remap(31, 555, 2)],
  namespaces: new Map([
    [9, ROWS],
    [12, NESTED_ROWS],
  ]),
}
const HOST_SPEC: DumpSpec = { links: [{ id: 6, link: '/var/link_remap.6' }] }

const links = ({ remaps }: Checkpoint): string[] => remaps.map(({ link }) => link)

test('a namespaced tree', (t) => {
  const dir = dumpIn(t, SPEC)
  const found = readCheckpoint(dir)
  t.hasStrict(found, {
    directory: dir,
    complete: true,
    preDump: false,
    tree: 'namespaced',
    tasks: 2,
    unlisted: [],
    counts: { ghost: 1, procfs: 1, unknown: 0 },
    notes: [],
  })
  t.strictSame(
    found.namespaces.map(({ id, isRoot, complete, mounts }) => [
      id,
      isRoot,
      complete,
      mounts.length,
    ]),
    [
      [9, true, true, 3],
      [12, false, true, 1],
    ],
  )
  t.strictSame(links(found), ['/var/link_remap.6', '/data/link_remap.8', '/link_remap.10'])
  t.strictSame(
    found.images.map(({ name, state }) => `${name} ${state}`),
    [
      'inventory.img complete',
      'pstree.img complete',
      'ids-1.img complete',
      'ids-2.img complete',
      'remap-fpath.img complete',
      'files.img complete',
      'mountpoints-9.img complete',
      'mountpoints-12.img complete',
    ],
  )
})

test('a tree in the host’s namespace has no mounts', (t) => {
  const found = read(t, HOST_SPEC)
  t.hasStrict(found, { complete: true, tree: 'host', tasks: 1, namespaces: [] })
  t.strictSame(links(found), ['/var/link_remap.6'])
  t.hasStrict(found.remaps[0]?.original, { mntId: undefined })
})

test('every version and form of old images', (t) => {
  for (const version of [1, 2] as const)
    for (const regFilesImage of [true, false])
      t.hasStrict(read(t, { ...SPEC, version, regFilesImage }), {
        complete: true,
        tree: 'namespaced',
        remaps: [{ invalid: undefined }, { invalid: undefined }, { invalid: undefined }],
      })
})

test('a dump without remaps is complete without their image', (t) => {
  for (const spec of [{}, { namespaces: SPEC.namespaces! }] as const) {
    const found = read(t, spec)
    t.equal(found.complete, true)
    t.strictSame(found.remaps, [])
  }
})

test('a pre-dump makes nothing', (t) => {
  const dir = t.testdir({ 'inventory.img': image('inventory', [encode({ 1: 0, 9: 1 })]) })
  t.hasStrict(readCheckpoint(dir), {
    preDump: true,
    complete: true,
    remaps: [],
    tree: 'host',
    tasks: 0,
  })
})

test('no images at all', (t) => {
  const empty = () => readCheckpoint(t.testdir({}))
  t.match(refuses(t, empty, 'bad-images', /no images of a CRIU dump/)?.next, /inventory\.img/)
  refuses(
    t,
    () => readCheckpoint(t.testdir({ 'dump.log': 'x', 'pages-1.img': 'x', 'core-1.img': 'x' })),
    'bad-images',
    /no images of a CRIU dump/,
  )
  refuses(t, () => readCheckpoint(path.join(t.testdir({}), 'x')), 'usage', /no image directory/)
})

test('each image that is missing makes it incomplete', (t) => {
  for (const name of dumpImages(SPEC).keys()) {
    if (name.startsWith('ids-2')) continue
    t.equal(read(t, SPEC, (images) => images.delete(name)).complete, false, name)
  }
  // These two a finished dump may lack: a zombie's ids, and the remaps of a dump without links.
  t.equal(read(t, SPEC, (images) => images.delete('ids-2.img')).complete, true)
  t.equal(read(t, { files: [file({ id: 6, name: '/d/f' })] }).complete, true)
})

test('each image that is empty makes it incomplete', (t) => {
  for (const name of dumpImages(SPEC).keys())
    t.equal(read(t, SPEC, (images) => images.set(name, Buffer.alloc(0))).complete, false, name)
})

test('a killed dump: inventory and tree absent, the rest empty', (t) => {
  const killed = read(t, HOST_SPEC, (images) => {
    images.delete('inventory.img')
    images.delete('pstree.img')
    images.set('files.img', Buffer.alloc(0))
    images.set('remap-fpath.img', Buffer.alloc(0))
  })
  t.hasStrict(killed, { complete: false, tree: 'host', tasks: 0, remaps: [], unlisted: [] })
})

test('a dump that failed has good remaps and no inventory', (t) => {
  const failed = read(t, SPEC, (images) => {
    images.delete('inventory.img')
    images.delete('pstree.img')
  })
  t.hasStrict(failed, { complete: false, tree: 'namespaced', unlisted: [] })
  t.equal(failed.remaps.length, 3)
  t.strictSame(
    failed.namespaces.map(({ id, isRoot }) => [id, isRoot]),
    [
      [9, undefined],
      [12, undefined],
    ],
    'which of several namespaces is the root’s is not known',
  )
  const single = read(t, { ...SPEC, namespaces: new Map([[9, ROWS]]) }, (images) =>
    images.delete('inventory.img'),
  )
  t.hasStrict(single.namespaces, [{ id: 9, isRoot: true }], 'a single one is')
})

test('without mountpoints a mount in a file tells of a namespace', (t) => {
  const found = read(t, SPEC, (images) => {
    images.delete('inventory.img')
    images.delete('mountpoints-9.img')
    images.delete('mountpoints-12.img')
  })
  t.hasStrict(found, { tree: 'namespaced', namespaces: [], complete: false })
})

test('names that only look like images of mounts are not', (t) => {
  const found = read(t, { ...SPEC, namespaces: new Map([[9, ROWS]]) }, (images) => {
    images.delete('inventory.img')
    for (const name of [
      'mountpoints-x.img',
      'mountpoints-9.img.bak',
      'mountpoints-12345678901.img',
    ])
      images.set(name, Buffer.from('not an image'))
  })
  t.strictSame(
    found.namespaces.map(({ id }) => id),
    [9],
  )
})

test('an inventory of nothing but its magic is no inventory', (t) => {
  const found = read(t, HOST_SPEC, (images) => {
    images.set('inventory.img', image('inventory', []))
    images.delete('remap-fpath.img')
  })
  t.equal(found.complete, false)
  t.strictSame(found.unlisted, [{ id: 6, link: '/var/link_remap.6' }], 'so files.img is searched')
})

test('one mount belongs to one namespace', (t) => {
  const twice = { ...SPEC, namespaces: new Map([...SPEC.namespaces!, [13, [ROOT_ROW]]]) }
  refuses(t, () => read(t, twice), 'bad-images', /mount 43 is in the namespaces 9 and 13/)
})

test('more mounts or namespaces than may be are refused', (t) => {
  const rows = (first: number, count: number) =>
    image(
      'mountpoints',
      Array.from({ length: count }, (_, index) =>
        mount(
          index === 0
            ? { mntId: first, parent: 1, mountpoint: '/' }
            : { mntId: first + index, parent: first, mountpoint: `/${index}` },
        ),
      ),
    )
  refuses(
    t,
    () =>
      read(t, SPEC, (images) => {
        images.set('mountpoints-9.img', rows(1000, 6000))
        images.set('mountpoints-12.img', rows(10_000, 6000))
      }),
    'bad-images',
    /more than 10000 mounts/,
  )
  const count = LIMITS.namespaces + 1
  refuses(
    t,
    () =>
      read(t, SPEC, (images) => {
        images.set(
          'pstree.img',
          image(
            'pstree',
            Array.from({ length: count }, (_, index) => task(index + 1, index)),
          ),
        )
        for (let i = 1; i <= count; i++)
          images.set(`ids-${i}.img`, image('ids', [ids({ mnt: 100 + i })]))
      }),
    'bad-images',
    /more than 1024 mount namespaces/,
  )
})

test('the parent of incremental dumps is never looked into', (t) => {
  const top = t.testdir({ child: {}, parent: {} })
  writeImages(path.join(top, 'parent'), dumpImages(SPEC))
  writeImages(path.join(top, 'child'), dumpImages({}))
  fs.symlinkSync('../parent', path.join(top, 'child/parent'))
  t.strictSame(readCheckpoint(path.join(top, 'child')).remaps, [])
  fs.rmSync(path.join(top, 'child/files.img'))
  t.equal(readCheckpoint(path.join(top, 'child')).complete, false)
})

test('no descriptor is left open', (t) => {
  const dir = dumpIn(t, SPEC)
  // Node opens and closes others meanwhile.
  const below = t.testdirName
  const left = (): string[] =>
    fs.readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(below)
      } catch {
        return false
      }
    })
  readCheckpoint(dir)
  t.strictSame(left(), [])
  refuses(t, () => readCheckpoint(t.testdir({})), 'bad-images', /no images/)
  t.strictSame(left(), [])
  const fd = fs.openSync(t.testdirName, 'r')
  t.strictSame(left(), [String(fd)], 'one that is would be seen')
  fs.closeSync(fd)
})

/** Offsets at which an entry of the image ends, its header included. */
const boundaries = (data: Buffer, header: number): Set<number> => {
  const ends = new Set([header])
  for (let at = header; at < data.length; ends.add(at)) at += 4 + data.readUInt32LE(at)
  return ends
}

/** Of the old form only the images that differ are cut. */
const OLD = new Set(['reg-files.img', 'remap-fpath.img', 'mountpoints-9.img'])

const isRead = (name: string): boolean => !name.startsWith('core-')

for (const [title, spec, isCut] of [
  ['a namespaced tree', SPEC, isRead],
  [
    'version 1 with reg-files.img',
    { ...SPEC, version: 1, regFilesImage: true },
    (name: string) => OLD.has(name),
  ],
  ['a host tree', HOST_SPEC, isRead],
] as const)
  test(`each image cut at every byte: ${title}`, (t) => {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    t.teardown(() => (Error.stackTraceLimit = stackTraceLimit))
    const header = 'version' in spec ? 4 : 8
    const dir = dumpIn(t, spec)
    // This takes longer than a dump's images may be apart.
    const put = (name: string, data: Buffer): void => {
      fs.writeFileSync(path.join(dir, name), data)
      fs.utimesSync(path.join(dir, name), 1e9, 1e9)
    }
    for (const [name, data] of dumpImages(spec)) put(name, data)
    const good = new Set(readCheckpoint(dir).remaps.map((one) => JSON.stringify(one)))
    const complete: string[] = []
    const invented: string[] = []
    for (const [name, data] of dumpImages(spec)) {
      if (!isCut(name)) continue
      const ends = boundaries(data, name === 'inventory.img' ? 4 : header)
      for (let cut = 0; cut < data.length; cut++) {
        put(name, data.subarray(0, cut))
        try {
          const found = readCheckpoint(dir)
          // A cut between two entries cannot be told from the end of an image.
          if (found.complete && !ends.has(cut)) complete.push(`${name} at ${cut}`)
          for (const one of found.remaps)
            if (one.invalid === undefined && !good.has(JSON.stringify(one)))
              invented.push(`${name} at ${cut}: ${one.link}`)
        } catch (error) {
          if (!(error instanceof GcError && error.exit === 'bad-images')) throw error
        }
      }
      put(name, data)
    }
    t.strictSame(complete, [], 'no cut image counts as whole')
    t.strictSame(invented, [], 'and what is left of it means what it meant')
    t.equal(readCheckpoint(dir).complete, true, 'the whole images are')
  })

test('an inventory cut anywhere is not complete', (t) => {
  const data = dumpImages(SPEC).get('inventory.img')!
  const dir = dumpIn(t, SPEC)
  for (let cut = 0; cut < data.length; cut++) {
    fs.writeFileSync(path.join(dir, 'inventory.img'), data.subarray(0, cut))
    if (readCheckpoint(dir).complete) t.fail(`complete at ${cut}`)
  }
  t.pass('never')
})

test('a remap-fpath.img cut between entries: the links it lost are not passed over', (t) => {
  // CRIU's writer flushes whole entries, so that a killed or full dump cuts exactly there; and no
  // finished dump has this image without an entry. files.img still has the links' entries.
  const data = dumpImages(SPEC).get('remap-fpath.img')!
  for (const cut of boundaries(data, 8)) {
    if (cut === data.length) continue
    const found = read(t, { ...SPEC, remaps: [] }, (images) =>
      images.set('remap-fpath.img', data.subarray(0, cut)),
    )
    const lost = 3 - found.remaps.length
    if (lost === 0) continue
    t.ok(
      !found.complete || found.unlisted.length === lost,
      `cut at ${cut}: ${lost} links are lost, complete ${found.complete}, unlisted ${found.unlisted.length}`,
    )
  }
})
