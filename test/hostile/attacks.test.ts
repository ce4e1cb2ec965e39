// What an author of images can try, by the numbers of the threat model's list of attacks: whatever the
// images say, only link_remap.N in what the caller gave goes, and nothing of them reaches a mount call.
import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { encode, file, mount, regFile, remap } from '../encode/messages.js'
import { must } from '../rig/command.js'
import { Yardstick } from '../rig/cost.js'
import { verdicts } from '../rig/gc.js'
import { DATA_MOUNT, later, NS, ROOT_MOUNT } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { mountinfo, rootOfRoot } from '../rig/mountinfo.js'
import {
  background,
  check,
  newWorld,
  placeOf,
  test,
  unchanged,
  type Expected,
  type World,
} from './rig.js'

const data = (world: World): string[] => ['--external', `mnt[data]:${world.volume}`]

/** the images are no tree: nothing is touched */
function refused(t: Test, world: World, says: RegExp, more: Partial<Expected> = {}): void {
  check(t, world, { code: 7, says, once: true, ...more })
}

await inside(import.meta.url, () => {
  const yardstick = new Yardstick()
  t.teardown(() => yardstick.end())
  /** not more work than so many runs on an ordinary dump; the kernel counts in seconds */
  const atMost = (runs: number): string[] => [
    'prlimit',
    `--cpu=${Math.ceil((runs * yardstick.measure()) / 1000)}`,
  ]

  test('attack 1: names that no kernel gave', (t) => {
    const world = newWorld(t)
    const link = world.link('app', 4)
    const names: (string | Buffer)[] = [
      ...['', '/', '.', '..', '/..', 'app/link_remap.6', './app/link_remap.8', '/link_remap.10/'],
      ...['//app/link_remap.12', '/app//link_remap.14', '/app/./link_remap.16'],
      ...['/app/../app/link_remap.18', '/app/link_remap.20/.', '/../link_remap.22'],
      ...['/app/link_remap.4\0/link_remap.24', `/${'n'.repeat(256)}/link_remap.26`],
      ...[`${'/n'.repeat(2100)}/link_remap.28`, `${'/..'.repeat(40)}${world.host}/link_remap.30`],
      Buffer.from([0x2f, 0xff, 0x00]),
    ]
    names.forEach((name, index) => world.remap(100 + 2 * index, name))
    // the numbers in the names are those of files that are there, too
    for (let id = 6; id <= 30; id += 2) world.file(world.at('app'), `link_remap.${id}`)
    world.remap(6, 'app/link_remap.6')
    world.remap(12, '//app/link_remap.12')
    world.remap(14, '/app//link_remap.14')
    world.remap(16, '/app/./link_remap.16')
    world.remap(18, '/app/../app/link_remap.18')
    world.remap(20, '/app/link_remap.20/')
    const ids = [...names.map((_, index) => 100 + 2 * index), 6, 12, 14, 16, 18, 20]
    const kept = ids.map((id) => `${id} kept invalid`)
    check(t, world, { verdicts: ['4 removed', ...kept], removed: [link] })
  })

  test('attack 2: names that are not quite that of the link', (t) => {
    const world = newWorld(t)
    const link = world.link('app', 4)
    const names = [
      ...['link_remap.04', 'link_remap.4 ', ' link_remap.4', 'Link_remap.4', 'link_remap.+4'],
      ...['link_remap.4.bak', 'link_remap.0x4', 'link_remap.', 'link_remap', 'link_remap.abc'],
      ...['xlink_remap.4', 'link_remap.4\n', 'link_remap.\u0664', 'link_remap.4e0', 'precious'],
      'link_remap.77777',
    ]
    for (const name of names) fs.writeFileSync(world.at('app', name), 'not ours')
    names.forEach((name, index) => world.remap(100 + 2 * index, `/app/${name}`))
    // the id 4 itself, a second time
    world.files.push(file({ id: 4, name: '/app/precious' }))
    const kept = names.map((_, index) => `${100 + 2 * index} kept invalid`)
    check(t, world, { verdicts: ['4 kept invalid', ...kept] })
    t.ok(fs.existsSync(link))
  })

  test('attack 3: the link of a remap is a file that a task had open', (t) => {
    const world = newWorld(t)
    // the name fits its id, the entry is that of an open file
    world.file(world.at('app'), 'link_remap.4')
    world.files.push(file({ id: 4, name: '/app/link_remap.4', mode: 0o100644, mntId: ROOT_MOUNT }))
    world.files.push(file({ id: 6, name: '/etc/passwd', mode: 0o100644, mntId: ROOT_MOUNT }))
    fs.mkdirSync(world.at('etc'))
    fs.writeFileSync(world.at('etc/passwd'), 'root\n')
    world.remaps.push(remap(91, 4, 0), remap(91, 6, 0))
    check(t, world, { verdicts: ['4 kept invalid', '6 kept invalid'] })
  })

  test('attack 4: ids twice, in circles, and of nothing', (t) => {
    const world = newWorld(t)
    for (const id of [4, 6, 8, 10, 12]) world.file(world.at('app'), `link_remap.${id}`)
    const link = (id: number): Buffer => file({ id, name: `/app/link_remap.${id}` })
    world.files.push(
      ...[link(4), link(4), link(6), link(8), link(10), link(12)],
      // two ids in one entry
      encode({ 1: 1, 2: 12, 3: regFile({ id: 14, name: '/app/link_remap.12' }) }),
    )
    world.remaps.push(
      remap(91, 4, 0), // claimed twice
      remap(6, 6, 0), // its own original
      // Of a link as an original nothing is known. They are links that the images call theirs in the
      // tree that the caller gave: going by what the images say is all that can be done.
      remap(10, 8, 0), // each other's
      remap(8, 10, 0),
      remap(91, 12, 0), // claimed by an entry that calls itself otherwise
      remap(91, 999, 0), // no such link
      remap(999, 6, 0), // no such original
    )
    check(t, world, {
      verdicts: [
        ...['4 kept invalid', '6 kept invalid', '8 removed', '10 removed'],
        ...['12 kept invalid', '999 kept invalid', '6 kept invalid'],
      ],
      removed: [8, 10].map((id) => join(world.root, `app/link_remap.${id}`)),
    })
  })

  test('attack 5: remaps of other types name no link', (t) => {
    const world = newWorld(t)
    for (const id of [4, 6, 8, 10]) world.file(world.at('app'), `link_remap.${id}`)
    const names = [4, 6, 8, 2 ** 31 + 10]
    // opened for writing: not what a link's own entry looks like, which would be missed in the listing
    const flags = 0o100002
    for (const id of names) world.files.push(file({ id, name: `/app/link_remap.${id | 0}`, flags }))
    world.remaps.push(
      remap(91, 4, 1), // a ghost
      remap(91, 6, 2), // of /proc
      remap(91, 8, 7), // of a later release
      remap(91, 2 ** 31 + 10), // a ghost before types were written
    )
    check(t, world, {
      verdicts: [],
      afterwards: ({ report }) =>
        t.strictSame(report?.notLinked, { ghost: 2, procfs: 1, unknown: 1 }, 'counted'),
    })
  })

  for (const mountpoint of ['/../host', '/data/..', 'data', '', '/data/', '//', '/da\0ta', '/./x'])
    test(`attack 6: the mountpoint ${JSON.stringify(mountpoint)}`, (t) => {
      const world = newWorld(t)
      world.external('data', 4, { row: { mountpoint } })
      world.options = data(world)
      refused(t, world, /mount 51: its mountpoint/)
    })

  for (const root of ['/../host', '//deleted', '/volume//deleted', 'host', '', '/a/../../host'])
    test(`attack 6b: a bind of the root from ${JSON.stringify(root)}`, (t) => {
      const world = newWorld(t)
      fs.mkdirSync(world.at('data'))
      const row = { mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: '/data' }
      world.rows.push({ ...row, ...placeOf(world.root), root })
      world.remap(4, '/data/link_remap.4', { mntId: DATA_MOUNT })
      check(t, world, { verdicts: ['4 kept unreachable'], once: true })
    })

  test('attack 6c: a bind of the root whose way a symbolic link has', (t) => {
    const world = newWorld(t)
    fs.mkdirSync(world.at('data'))
    fs.symlinkSync(world.host, world.at('bound'))
    const place = placeOf(world.root)
    world.rows.push({
      ...{ mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: '/data' },
      ...{ ...place, root: join(place.root, 'bound') },
    })
    world.remap(4, '/data/link_remap.4', { mntId: DATA_MOUNT })
    check(t, world, { verdicts: ['4 kept unreachable'] })
  })

  test('attack 6d: a bind of a directory that was removed', (t) => {
    const world = newWorld(t)
    const link = world.link('data', 4, { mntId: DATA_MOUNT })
    const place = placeOf(world.root)
    world.rows.push({
      ...{ mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: '/data', deleted: true },
      ...{ ...place, root: join(place.root, 'data') },
    })
    check(t, world, { verdicts: ['4 kept unreachable'], once: true })
    t.ok(fs.existsSync(link))
  })

  const child = { mntId: 60, parent: ROOT_MOUNT, mountpoint: '/x' }
  const trees: [name: string, rows: (typeof child)[], says: RegExp][] = [
    ['a mount is its own parent', [{ ...child, parent: 60 }], /parent|roots/],
    [
      'mounts are parents of each other',
      [
        { ...child, parent: 61 },
        { ...child, mntId: 61, parent: 60 },
      ],
      /parents of each other/,
    ],
    ['a mount occurs twice', [child, child], /occurs twice/],
    ['two mounts at one place', [child, { ...child, mntId: 61 }], /one mountpoint/],
    ['a parent that is not there', [{ ...child, parent: 99 }], /is not there/],
    ['two roots', [{ mntId: 60, parent: 1, mountpoint: '/' }], /2 mounts are roots/],
    [
      'a mount that is not below its parent',
      [child, { mntId: 61, parent: 60, mountpoint: '/y' }],
      /not below its parent/,
    ],
  ]
  for (const [name, rows, says] of trees)
    test(`attack 7: ${name}`, (t) => {
      const world = newWorld(t)
      world.rows.push(...rows)
      refused(t, world, says)
    })

  test('attack 7b: a million mounts', (t) => {
    const world = newWorld(t)
    world.tamper = (images) => {
      const entry = mount({ mntId: 60, parent: ROOT_MOUNT, mountpoint: '/x' })
      const one = Buffer.alloc(4 + entry.length)
      one.writeUInt32LE(entry.length)
      entry.copy(one, 4)
      const rows = images.get(`mountpoints-${NS}.img`) as Buffer
      const many = Buffer.alloc(999_000 * one.length, one)
      images.set(`mountpoints-${NS}.img`, Buffer.concat([rows, many]))
    }
    refused(t, world, /more than 10000 mounts/, { under: atMost(30) })
  })

  test('attack 7c: two thousand mounts, each on the one before', (t) => {
    const world = newWorld(t)
    let mountpoint = ''
    for (let mntId = 60; mntId < 2060; mntId++)
      world.rows.push({ mntId, parent: mntId - 1, mountpoint: (mountpoint += '/x'), fstype: 5 })
    world.rows[1] = { mntId: 60, parent: ROOT_MOUNT, mountpoint: '/x', fstype: 5 }
    world.options = ['--mounts', 'all']
    check(t, world, { verdicts: [], once: true, under: atMost(40) })
  })

  // attack 8 with file systems that would have to be made is case 38
  for (const [option, verdict] of [
    [[], '4 kept unreachable'],
    // CRIU's own option to use what it finds: not to be had by a file that only has the name
    [['--external', 'mnt[]'], '4 kept mismatch'],
  ] as const)
    test(`attack 8: a mount of this machine's own disk, with ${option.join(' ')}`, (t) => {
      const world = newWorld(t)
      const [row] = mountinfo()
        .map((line) => line.split(' '))
        .filter((fields) => fields[4] === '/')
      const source = row?.at(-2) ?? ''
      const place = { ...placeOf('/'), root: rootOfRoot() }
      fs.mkdirSync(world.at('disk'))
      world.rows.push({
        ...{ mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: '/disk', source, ...place },
      })
      world.remap(4, `/disk${world.host}/link_remap.4`, { mntId: DATA_MOUNT })
      world.options = [...option]
      check(t, world, { verdicts: [verdict], once: true })
    })

  test('attack 9: all the flags that mount(2) has', (t) => {
    const world = newWorld(t)
    Object.assign(world.rows[0] as object, { flags: 0xfffffffe, sbFlags: 0xfffffffe })
    const link = world.external('data', 4, { row: { flags: 0xffffffff, sbFlags: 0xffffffff } })
    world.options = [...data(world), '--mounts', 'all']
    check(t, world, { verdicts: ['4 removed'], removed: [link] })
  })

  test("attack 10: a key that is another mount's", (t) => {
    const world = newWorld(t)
    const link = world.external('data', 4)
    // the same key on /etc: what is reached there is still the volume
    fs.mkdirSync(world.at('etc'))
    world.file(world.at('etc'), 'link_remap.6')
    const second = world.file(world.volume, 'link_remap.6')
    const etc = { mntId: 52, parent: ROOT_MOUNT, mountpoint: '/etc', extKey: 'data' }
    world.rows.push({ ...etc, ...placeOf(world.volume) })
    world.remap(6, '/etc/link_remap.6', { mntId: 52 })
    world.options = data(world)
    check(t, world, { verdicts: ['4 removed', '6 removed'], removed: [link, second] })
  })

  test('attack 10a: a link that is not below the mount that it is on', (t) => {
    const world = newWorld(t)
    world.external('data', 6)
    world.file(world.volume, 'link_remap.4')
    world.link('app', 4, { mntId: DATA_MOUNT })
    world.options = data(world)
    check(t, world, {
      verdicts: ['6 removed', '4 kept invalid'],
      removed: [join(world.volume, 'link_remap.6')],
    })
  })

  test('attack 10e: a link on a mount, of a tree that had none of its own', (t) => {
    const world = newWorld(t, { host: true })
    world.file(world.at('app'), 'link_remap.4')
    world.files.push(
      file({ id: 4, name: `${world.root}/app/link_remap.4` }),
      file({ id: 5, name: '/old', mntId: ROOT_MOUNT, mode: 0o100644 }),
    )
    world.remaps.push(remap(5, 4, 0))
    check(t, world, { verdicts: ['4 kept invalid'], once: true })
  })

  for (const key of ['__proto__', 'constructor', 'toString', 'a]:/etc', '', 'CRIU:AUTOGENERATED'])
    test(`attack 10b: the key ${JSON.stringify(key)}`, (t) => {
      const world = newWorld(t)
      world.external(key, 4)
      check(t, world, { verdicts: ['4 kept unreachable'], once: true })
    })

  test('attack 10c: a key that breaks out of the command that is suggested', (t) => {
    const world = newWorld(t)
    world.external("x]:/'; touch pwned; '", 4)
    check(t, world, {
      verdicts: ['4 kept unreachable'],
      // a person copies the option into a shell
      says: /add --external/,
      afterwards: ({ report }) => {
        const [, option = ''] =
          /--external (.*), the host/.exec(report?.remaps?.[1]?.next ?? '') ?? []
        t.equal(must('sh', ['-c', `printf %s ${option}`]), "mnt[x]:/'; touch pwned; ']:PATH")
      },
    })
  })

  const odd: [name: string, make: (path: string, world: World) => void][] = [
    ['a symbolic link', (path, { base }) => fs.symlinkSync(join(base, 'aside'), path)],
    ['a fifo', (path) => must('mkfifo', [path])],
    ['a directory', (path) => fs.mkdirSync(path)],
    ['a device', (path) => must('mknod', [path, 'c', '1', '5'])],
  ]
  for (const name of ['inventory.img', 'remap-fpath.img', `mountpoints-${NS}.img`])
    for (const [what, make] of odd)
      test(`attack 11: ${name} is ${what}`, (t) => {
        const world = newWorld(t)
        const after = (): void => {
          const path = join(world.images, name)
          fs.renameSync(path, join(world.base, 'aside'))
          make(path, world)
        }
        refused(t, world, new RegExp(`${name}.*(not a regular|symbolic|cannot be)`), { after })
      })

  /** images where the manifest does not look, because they cannot be read or do not stay as they are */
  const aside = (world: World): string => {
    world.dump()
    const images = join(world.base, 'aside')
    fs.cpSync(world.images, images, { recursive: true, preserveTimestamps: true })
    world.args = () => ['-D', images, '-r', world.root]
    return images
  }

  test('attack 11b: an image of a terabyte, without a block on disk', (t) => {
    const world = newWorld(t)
    fs.truncateSync(join(aside(world), 'remap-fpath.img'), 2 ** 40)
    const run = unchanged(t, world, ['clean', ...world.args()], [], { under: atMost(9) })
    t.equal(run.code, 7, run.stderr)
    t.match(run.stderr, /remap-fpath.img.*the limit is/)
  })

  test('attack 11c: an image that grows while it is read', (t) => {
    const world = newWorld(t)
    world.link('app', 4)
    const path = join(aside(world), 'remap-fpath.img')
    const script = `const fd = fs.openSync(process.argv[1], 'a')
      setInterval(() => fs.writeSync(fd, Buffer.alloc(64)), 1)`
    background(t, process.execPath, ['-e', script, path])
    while (fs.statSync(path).size < 1000) later()
    const args = ['clean', ...world.args(), '--json']
    const run = unchanged(t, world, args, [], { under: atMost(9) })
    t.equal(run.code, 6, run.stderr)
    t.match(run.stderr, /has a file of these images open to write to it/)
  })

  test('attack 12: the link to the parent images is not followed', (t) => {
    const world = newWorld(t)
    const link = world.link('app', 4)
    const parent = newWorld(t)
    parent.link('app', 6)
    parent.dump()
    fs.symlinkSync(parent.images, join(world.images, 'parent'))
    // an image that the dump itself lacks must not be taken from there
    check(t, world, { verdicts: ['4 removed'], removed: [link] })
    fs.unlinkSync(join(world.images, 'remap-fpath.img'))
    const run = unchanged(t, world, ['show', ...world.args(), '--json'])
    t.strictSame(verdicts(run), [])
  })

  const word = (value: number): Buffer => {
    const buffer = Buffer.alloc(4)
    buffer.writeUInt32LE(value)
    return buffer
  }
  const nested = (depth: number): Buffer => {
    let entry: Buffer = Buffer.from('deep')
    for (let i = 0; i < depth; i++) entry = encode({ 3: entry })
    return entry
  }
  const bombs: [name: string, tail: Buffer][] = [
    ['an entry of 4 GiB', word(0xffffffff)],
    ['an entry of 2 GiB', Buffer.concat([word(0x7fffffff), Buffer.from('x')])],
    ['an entry of no bytes', word(0)],
    ['an endless varint', Buffer.concat([word(12), Buffer.alloc(12, 0xff)])],
    ['a field that runs past its entry', Buffer.concat([word(4), Buffer.from([0x1a, 0x7f, 0, 0])])],
    ['groups in groups', Buffer.concat([word(9000), Buffer.alloc(9000, 0x0b)])],
    ['the field number 0', Buffer.concat([word(2), Buffer.from([0, 0])])],
    ['a required field that is not there', Buffer.concat([word(2), Buffer.from([0x10, 1])])],
    ['a field of another wire type', Buffer.concat([word(3), Buffer.from([0x0a, 1, 1])])],
  ]
  for (const [name, tail] of bombs)
    test(`attack 13: behind good entries there is ${name}`, (t) => {
      const world = newWorld(t)
      const link = world.link('app', 4)
      world.tamper = (images) => {
        const good = images.get('remap-fpath.img') as Buffer
        images.set('remap-fpath.img', Buffer.concat([good, tail]))
      }
      check(t, world, { verdicts: ['4 removed'], removed: [link], code: 4, once: true })
    })

  test('attack 13b: fields nested a thousand deep, and twenty thousand of them', (t) => {
    const world = newWorld(t)
    const link = world.link('app', 4)
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => encode({ 99: 1 })))
    world.tamper = (images) => {
      const good = images.get('files.img') as Buffer
      const deep = [nested(1000), many].flatMap((entry) => [word(entry.length), entry])
      images.set('files.img', Buffer.concat([good, ...deep]))
    }
    check(t, world, { verdicts: ['4 removed'], removed: [link], code: 4 })
  })

  test('attack 13c: names that are properties of every object', (t) => {
    const world = newWorld(t)
    const names = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString']
    const links = names.map((name, index) => world.link(name, 4 + 2 * index, { original: name }))
    check(t, world, {
      verdicts: names.map((_, index) => `${4 + 2 * index} removed`),
      removed: links,
    })
  })

  // attack 26 has a file of its own: names.test.ts

  test('attack 28: stale images after a good dump', (t) => {
    const world = newWorld(t)
    const links = [4, 6, 8].map((id) => world.link('app', id))
    check(t, world, {
      verdicts: ['4 kept newer', '6 kept newer', '8 kept newer'],
      after: () => {
        later()
        // that one took its names from the same counter
        for (const link of links) {
          fs.unlinkSync(link)
          fs.linkSync(join(world.root, 'app/precious'), link)
        }
      },
    })
  })
})
