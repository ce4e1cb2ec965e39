// Images as a killed dump, a full disk or another release leaves them: what is listed in whole goes,
// what is not is left alone and said, and the exit code tells the caller that there may be more.
import fs from 'node:fs'
import { join } from 'node:path'
import { file, remap } from '../encode/messages.js'
import { must } from '../rig/command.js'
import { DATA_MOUNT, NS, ROOT_MOUNT } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { check, newWorld, test, withoutMount, type Expected, type World } from './rig.js'

const MOUNTPOINTS = `mountpoints-${NS}.img`

/** where each entry begins (its size word), and the end */
function entries(data: Buffer, header = 8): number[] {
  const starts = [header]
  for (let at = header; at < data.length; starts.push(at)) at += 4 + data.readUInt32LE(at)
  return starts
}

type Change = (images: Map<string, Buffer>) => void
const without =
  (...names: string[]): Change =>
  (images) => {
    for (const name of names) images.delete(name)
  }
const changed =
  (name: string, change: (data: Buffer) => Buffer): Change =>
  (images) => {
    images.set(name, change(images.get(name) as Buffer))
  }
const empty = (name: string): Change => changed(name, () => Buffer.alloc(0))
const word = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32LE(value)
  return buffer
}

type Unlisted = { id: number; link?: string }[]
interface Case {
  name: string
  tamper?: Change
  build?: (world: World) => void
  /** of the links 4, 6 and 8 */
  verdicts?: string[]
  code: number
  unlisted?: Unlisted
  says?: RegExp
  after?: (world: World) => void
}

const ALL = [4, 6, 8]
const removed = (...ids: number[]): string[] => ids.map((id) => `${id} removed`)
const candidates: Unlisted = ALL.map((id) => ({ id, link: `/app/link_remap.${id}` }))

const asPreDump = (world: World): void => {
  world.inventory = { version: 0, preDumpMode: 1 }
}

const cases: Case[] = [
  {
    name: '1: an empty directory',
    tamper: (images) => images.clear(),
    code: 7,
    says: /no images of a CRIU dump/,
  },
  {
    name: '2: no inventory',
    tamper: without('inventory.img'),
    verdicts: removed(...ALL),
    code: 4,
  },
  {
    name: '2b: no inventory and no process tree',
    tamper: without('inventory.img', 'pstree.img', 'ids-1.img'),
    verdicts: removed(...ALL),
    code: 4,
  },
  {
    name: '2c: no inventory and two mount namespaces',
    build: ({ namespaces }) =>
      namespaces.set(NS + 1, [{ mntId: 70, parent: 1, mountpoint: '/', major: 0, minor: 0xffff0 }]),
    tamper: without('inventory.img', 'pstree.img', 'ids-1.img', 'ids-2.img'),
    // which of them --root is for nobody says
    verdicts: ALL.map((id) => `${id} kept unreachable`),
    code: 3,
  },
  { name: '3: files.img is empty', tamper: empty('files.img'), verdicts: [], code: 4 },
  {
    name: '4: remap-fpath.img is empty',
    tamper: empty('remap-fpath.img'),
    verdicts: [],
    code: 4,
    unlisted: candidates,
  },
  {
    name: '4b: remap-fpath.img is not there, and no inventory either',
    tamper: without('remap-fpath.img', 'inventory.img'),
    verdicts: [],
    code: 4,
    unlisted: candidates,
  },
  {
    name: '4c: a finished dump without remap-fpath.img has no remaps',
    build: (world) => {
      world.links = []
    },
    verdicts: [],
    code: 0,
  },
  {
    name: '4d: remap-fpath.img is not there, and files.img has links',
    tamper: without('remap-fpath.img'),
    verdicts: [],
    code: 4,
    unlisted: candidates,
  },
  ...[1, 4, 6].map((length) => ({
    name: `5: files.img is cut inside its header, at ${length} bytes`,
    tamper: changed('files.img', (data) => data.subarray(0, length)),
    verdicts: [],
    code: 4,
  })),
  {
    name: '6: files.img is cut inside an entry',
    tamper: changed('files.img', (data) => data.subarray(0, (entries(data)[4] as number) + 7)),
    verdicts: removed(4, 6),
    code: 4,
  },
  {
    name: '7: files.img is cut between the size and the entry',
    tamper: changed('files.img', (data) => data.subarray(0, (entries(data)[4] as number) + 4)),
    verdicts: removed(4, 6),
    code: 4,
  },
  {
    name: '8: remap-fpath.img is cut',
    tamper: changed('remap-fpath.img', (data) =>
      data.subarray(0, (entries(data)[1] as number) + 5),
    ),
    verdicts: removed(4),
    code: 4,
    unlisted: candidates.slice(1),
  },
  {
    name: '9: no mountpoints image',
    tamper: without(MOUNTPOINTS),
    // looked for by their paths below --root
    verdicts: removed(...ALL),
    code: 4,
    says: /mountpoints-9\.img is missing or cut/,
  },
  {
    name: '9b: the originals are on no mount, and there is one namespace',
    build: (world) => {
      world.links = world.links.map((link) => withoutMount(link))
    },
    verdicts: removed(...ALL),
    code: 0,
  },
  {
    name: '9c: the originals are on no mount, and there are two namespaces',
    build: (world) => {
      world.links = world.links.map((link) => withoutMount(link))
      world.namespaces.set(NS + 1, [{ mntId: 70, parent: 1, mountpoint: '/' }])
    },
    verdicts: ALL.map((id) => `${id} kept unreachable`),
    code: 3,
    says: /do not say on which mount/,
  },
  {
    name: '9d: the originals are on no mount, and the mountpoints image is cut',
    build: (world) => {
      world.links = world.links.map((link) => withoutMount(link))
      world.rows.push({ mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: '/app' })
    },
    tamper: changed(MOUNTPOINTS, (data) => data.subarray(0, (entries(data)[1] as number) + 9)),
    verdicts: ALL.map((id) => `${id} kept unreachable`),
    code: 3,
  },
  {
    name: '10: the mountpoints image is cut before the root',
    build: (world) => {
      const [root] = world.rows
      // CRIU writes children first
      world.rows = [{ mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: '/data' }]
      if (root) world.rows.push(root)
    },
    tamper: changed(MOUNTPOINTS, (data) => data.subarray(0, (entries(data)[1] as number) + 9)),
    verdicts: ALL.map((id) => `${id} kept unreachable`),
    code: 3,
  },
  {
    name: '10b: the mountpoints image is cut behind the root',
    build: (world) => {
      world.rows.push({ mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: '/data' })
    },
    tamper: changed(MOUNTPOINTS, (data) => data.subarray(0, (entries(data)[1] as number) + 9)),
    verdicts: removed(...ALL),
    code: 4,
  },
  ...['inventory.img', 'pstree.img', 'files.img', 'remap-fpath.img', MOUNTPOINTS].map((name) => ({
    name: `11: ${name} begins with another magic`,
    tamper: changed(name, (data) => Buffer.concat([word(0x12345678), data.subarray(4)])),
    code: 7,
    says: new RegExp(`${name.replace('.', '\\.')}.*is not a CRIU .* image`),
  })),
  {
    name: '12: images of version 1, without the common word',
    build: (world) => {
      world.version = 1
    },
    verdicts: removed(...ALL),
    code: 0,
  },
  {
    name: '12b: the words of a service image',
    tamper: changed('files.img', (data) => Buffer.concat([word(0x55105940), data.subarray(4)])),
    code: 7,
  },
  {
    name: '12c: the common word before another image',
    tamper: (images) => images.set('files.img', images.get('remap-fpath.img') as Buffer),
    code: 7,
  },
  ...[0, 3, 99, 2 ** 32 - 1].map((version) => ({
    name: `13: the version ${version}`,
    build: (world: World) => {
      world.inventory = { version }
    },
    code: 7,
    says: new RegExp(`version ${version} is not supported`),
  })),
  {
    name: '14: the layout before CRIU 3.4: reg-files.img, no types, ghosts by a bit',
    build: (world) => {
      world.regFilesImage = true
      world.links = world.links.map((link) => ({ ...link, untyped: true }))
      world.remaps.push(remap(5, 2 ** 31 + 1))
    },
    verdicts: removed(...ALL),
    code: 0,
  },
  ...['files.img', 'remap-fpath.img', 'inventory.img', 'pstree.img'].map((name) => ({
    name: `15: zeros behind the entries of ${name}`,
    tamper: changed(name, (data) => Buffer.concat([data, Buffer.alloc(4096 - data.length)])),
    verdicts: removed(...ALL),
    code: 4,
  })),
  {
    name: '15b: the end of remap-fpath.img was never written, its length was',
    tamper: changed('remap-fpath.img', (data) => {
      data.fill(0, entries(data)[1])
      return data
    }),
    verdicts: removed(4),
    code: 4,
    unlisted: candidates.slice(1),
  },
  {
    name: '15c: nothing of files.img was written but its length',
    tamper: changed('files.img', (data) => Buffer.alloc(data.length)),
    code: 7,
  },
  {
    name: '16: an id twice',
    build: ({ files }) => files.push(file({ id: 5, name: '/other', mntId: ROOT_MOUNT })),
    verdicts: ['4 kept invalid', '6 removed', '8 removed'],
    code: 3,
  },
  {
    name: "17: the original's entry was cut, the link's was not",
    tamper: changed('files.img', (data) => data.subarray(0, (entries(data)[5] as number) + 7)),
    verdicts: removed(4, 6),
    code: 4,
    unlisted: candidates.slice(2),
  },
  {
    // a cut between two entries does not show
    name: "17b: the original's entry is not there",
    tamper: changed('files.img', (data) => data.subarray(0, entries(data)[5])),
    verdicts: [...removed(4, 6), '8 kept invalid'],
    code: 3,
    says: /no regular file has the id 9 of the original/,
  },
  {
    name: '18: files.img is a fifo',
    after: ({ images }) => {
      fs.unlinkSync(join(images, 'files.img'))
      must('mkfifo', [join(images, 'files.img')])
    },
    code: 7,
    says: /files\.img.*not a regular file/,
  },
  {
    name: '19: the images of a pre-dump',
    build: asPreDump,
    // it writes its inventory and memory
    tamper: (images) => {
      for (const name of images.keys()) if (name !== 'inventory.img') images.delete(name)
    },
    verdicts: [],
    code: 0,
  },
  {
    name: '19b: the inventory of a pre-dump beside the images of a dump that was killed at its first link',
    build: asPreDump,
    tamper: (images) => {
      for (const name of ['files.img', 'remap-fpath.img']) empty(name)(images)
    },
    verdicts: [],
    code: 4,
  },
  {
    name: '19c: the same where only the process tree was written',
    build: asPreDump,
    tamper: without('files.img', 'remap-fpath.img', MOUNTPOINTS),
    verdicts: [],
    code: 4,
  },
  {
    name: '19d: the same where it was killed at its end',
    build: asPreDump,
    verdicts: removed(...ALL),
    code: 4,
  },
  {
    name: '20: a streamed dump, which leaves a log at most',
    tamper: (images) => {
      images.clear()
      images.set('dump.log', Buffer.from('Dumping finished successfully\n'))
    },
    code: 7,
    says: /streamed dump has to be extracted/,
  },
]

await inside(import.meta.url, () => {
  for (const { name, tamper, build, after, ...rest } of cases)
    test(`partial ${name}`, (t) => {
      const world = newWorld(t, { alone: true })
      const links = ALL.map((id) => world.link('app', id))
      build?.(world)
      if (tamper) world.tamper = tamper
      const { verdicts, code, unlisted, says } = rest
      const gone = links.filter((_, index) => verdicts?.includes(`${ALL[index]} removed`))
      const expected: Expected = {
        code,
        removed: gone,
        ...(verdicts && { verdicts }),
        ...(says && { says }),
        ...(after && { after: () => after(world) }),
        once: true,
        afterwards: ({ report }) => {
          if (verdicts && code !== 3) t.equal(report?.complete, code === 0)
          if (unlisted) t.strictSame(report?.unlisted, unlisted)
        },
      }
      check(t, world, expected)
    })
})
