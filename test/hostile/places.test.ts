// Where something is not what its path says: a mount over another one, a file system that lives on out of
// sight, a volume that is not the right one.
import fs from 'node:fs'
import { join } from 'node:path'
import type { MountRow } from '../encode/messages.js'
import { must } from '../rig/command.js'
import { DATA_MOUNT, later, NS, ROOT_MOUNT } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { mountinfo, rootOfRoot } from '../rig/mountinfo.js'
import { check, liveNamespace, newWorld, placeOf, test, type World } from './rig.js'

const TMPFS = 5

/** the device of a mount */
const sourceOf = (mountpoint: string): string => {
  const row = mountinfo().find((line) => line.split(' ')[4] === mountpoint) ?? ''
  return row.slice(row.indexOf(' - ')).split(' ')[3] ?? ''
}

await inside(import.meta.url, () => {
  test('the recorded directory is mounted there, and covered by another tree', (t) => {
    const world = newWorld(t, { alone: true })
    world.link('app', 4)
    const above = join(world.base, 'above')
    const place = join(above, 'rootfs')
    fs.mkdirSync(place, { recursive: true })
    world.mount('--bind', world.root, place)
    world.mount('-t', 'tmpfs', '-o', 'size=1m', 'cover', above)
    fs.mkdirSync(join(place, 'app'), { recursive: true })
    fs.writeFileSync(join(place, 'app/link_remap.4'), 'another file of another size\n')
    check(t, world, {
      after: () => {
        world.options = ['-r', place]
        world.args = () => ['-D', world.images, ...world.options]
      },
      verdicts: ['4 kept elsewhere'],
      also: place,
      once: true,
    })
  })

  const shm =
    'mount -t tmpfs shm "$1"; mkdir "$1/sub"; echo data >"$1/f"; ln "$1/f" "$1/sub/link_remap.4"'
  for (const { what, then } of [
    { what: 'in sight', then: 'true' },
    { what: 'under another mount', then: 'mount -t tmpfs over "$1"' },
    { what: 'with another mount on the way to the link', then: 'mount -t tmpfs over "$1/sub"' },
  ])
    test(`a memory file system that lives on, ${what}`, async (t) => {
      const world = newWorld(t)
      const place = join(world.base, 'shm')
      fs.mkdirSync(place)
      const number = join(world.base, 'number')
      const script = `${shm}; stat -c %d "$1" >"$2"; ${then}`
      await liveNamespace(t, script, [place, number])
      const device = Number(fs.readFileSync(number, 'utf8'))
      fs.mkdirSync(world.at('shm'))
      world.rows.push({
        mntId: DATA_MOUNT,
        parent: world.rows[0]?.mntId ?? 0,
        mountpoint: '/shm',
        root: '/',
        fstype: 5,
        major: 0,
        minor: (device & 0xff) | ((device >> 12) & 0xfff00),
        source: 'shm',
      })
      world.remap(4, '/shm/sub/link_remap.4', { mntId: DATA_MOUNT })
      check(t, world, { verdicts: ['4 kept unreachable'] })
    })

  test('a bind of a volume, and the wrong directory for the volume', (t) => {
    const world = newWorld(t)
    const inside = join(world.volume, 'sub')
    const link = world.file(inside, 'link_remap.4')
    fs.mkdirSync(world.at('data'), { recursive: true })
    fs.mkdirSync(world.at('bind'), { recursive: true })
    const parent = world.rows[0]?.mntId ?? 0
    const row = { parent, ...placeOf(world.volume) }
    world.rows.push({ ...row, mntId: DATA_MOUNT, mountpoint: '/data', extKey: 'data' })
    const bind = { parent, ...placeOf(inside) }
    world.rows.push({ ...bind, mntId: DATA_MOUNT + 1, mountpoint: '/bind' })
    world.remap(4, '/bind/link_remap.4', { mntId: DATA_MOUNT + 1 })
    world.options = ['--external', `mnt[data]:${world.host}`]
    check(t, world, {
      verdicts: ['4 kept unreachable'],
      says: /is gone/,
      afterwards: () => t.ok(fs.existsSync(link)),
    })
  })

  test('the same where the directory itself was removed', (t) => {
    const world = newWorld(t)
    const inside = join(world.volume, 'sub')
    world.file(inside, 'link_remap.4')
    fs.mkdirSync(world.at('data'), { recursive: true })
    fs.mkdirSync(world.at('bind'), { recursive: true })
    const parent = world.rows[0]?.mntId ?? 0
    const row = { parent, ...placeOf(world.volume) }
    world.rows.push({ ...row, mntId: DATA_MOUNT, mountpoint: '/data', extKey: 'data' })
    world.rows.push({ parent, ...placeOf(inside), mntId: DATA_MOUNT + 1, mountpoint: '/bind' })
    world.remap(4, '/bind/link_remap.4', { mntId: DATA_MOUNT + 1 })
    world.options = ['--external', `mnt[data]:${world.volume}`]
    fs.writeFileSync(join(world.volume, 'other'), '')
    must('rm', ['-r', inside])
    check(t, world, { verdicts: ['4 absent parent-gone unproven'] })
  })

  // A disk keeps its paths, so that another one is another directory, whatever is in it.
  for (const [force, verdict] of [
    [false, '4 kept elsewhere'],
    [true, '4 removed'],
  ] as const)
    test(`another directory than the recorded one, with such a link${force ? ', with --force' : ''}`, (t) => {
      const world = newWorld(t)
      const link = world.external('data', 4, { row: placeOf(world.host) })
      world.options = ['--external', `mnt[data]:${world.volume}`, ...(force ? ['--force'] : [])]
      // that it was in the right place is only said, so that another one may be left elsewhere
      const again = force ? ['4 absent unproven'] : [verdict]
      check(t, world, { verdicts: [verdict], removed: force ? [link] : [], again })
    })

  test('the rootfs of another container, with such a link', (t) => {
    const world = newWorld(t, { alone: true })
    world.rows = [{ mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', ...placeOf(world.host) }]
    world.link('app', 4)
    check(t, world, { verdicts: ['4 kept elsewhere'] })
  })

  test('a disk for what was a tmpfs', (t) => {
    const world = newWorld(t)
    world.external('data', 4, { row: { fstype: TMPFS, major: 0, minor: 0xffff0, root: '/' } })
    world.options = ['--external', `mnt[data]:${world.volume}`]
    check(t, world, { verdicts: ['4 kept elsewhere'], says: /is not on a tmpfs/ })
  })

  /** the volume, bound to a place where CRIU finds it by itself */
  const found = (world: World, sub = ''): string => {
    const place = join(world.base, 'mounted')
    fs.mkdirSync(place)
    const dir = join(world.volume, sub)
    const link = world.file(dir, 'link_remap.4', { size: 20 })
    const row = { ...placeOf(dir), source: join(place, sub) }
    world.mount('--bind', world.volume, place)
    fs.mkdirSync(world.at('data'))
    const mount = { mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: '/data' }
    world.rows.push({ ...mount, extKey: 'CRIU:AUTOGENERATED', ...row })
    world.remap(4, '/data/link_remap.4', { mntId: DATA_MOUNT, size: 20 })
    world.options = ['--external', 'mnt[]']
    return link
  }

  for (const sub of ['', 'sub/deeper'])
    test(`'mnt[]' for ${sub || 'all'} of what is mounted`, (t) => {
      const world = newWorld(t)
      const link = found(world, sub)
      check(t, world, { verdicts: ['4 removed'], removed: [link] })
    })

  for (const sub of ['', 'sub'])
    test(`'mnt[]' for ${sub || 'all'} of what another directory of its disk covers`, (t) => {
      const world = newWorld(t)
      const link = found(world, sub)
      // its victims have as many bytes
      const other = join(world.host, 'other')
      fs.mkdirSync(join(other, sub), { recursive: true })
      world.victims(join(other, sub))
      check(t, world, {
        verdicts: ['4 kept unreachable'],
        says: /another mount covers/,
        after: () => world.mount('--bind', other, join(world.base, 'mounted')),
        afterwards: () => t.ok(fs.existsSync(link)),
      })
    })

  test("'dev[NAME]' for what another directory of its disk covers", (t) => {
    const world = newWorld(t)
    const link = found(world)
    const row = world.rows.at(-1) as MountRow
    world.rows[world.rows.length - 1] = { ...row, extKey: 'CRIU:EXTERNAL_DEV', source: 'dev[vol]' }
    world.options = ['--external', `dev[vol]:${sourceOf(join(world.base, 'mounted'))}`]
    check(t, world, {
      verdicts: ['4 kept unreachable'],
      says: /another mount covers/,
      after: () => world.mount('--bind', world.host, join(world.base, 'mounted')),
      afterwards: () => t.ok(fs.existsSync(link)),
    })
  })

  test('a directory of a tmpfs under "/" that another one of it covers', (t) => {
    const world = newWorld(t, { alone: true })
    world.mount('-t', 'tmpfs', '-o', 'size=1m', 'shm', world.volume)
    const [one, other] = ['one', 'other'].map((name) => join(world.volume, name)) as [
      string,
      string,
    ]
    const link = world.file(one, 'link_remap.4', { size: 20 })
    fs.mkdirSync(other)
    world.victims(other)
    const place = join(world.base, 'mounted')
    fs.mkdirSync(place)
    world.mount('--bind', one, place)
    const row = { ...placeOf(place), fstype: TMPFS, source: 'shm' }
    world.rows = [
      { mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', ...placeOf('/'), root: rootOfRoot() },
      { mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: place, ...row },
    ]
    world.remap(4, join(place, 'link_remap.4'), { mntId: DATA_MOUNT, size: 20 })
    world.args = () => ['-D', world.images, '-r', '/']
    check(t, world, {
      verdicts: ['4 kept unreachable'],
      says: /another mount covers/,
      after: () => world.mount('--bind', other, place),
      afterwards: () => t.ok(fs.existsSync(link)),
    })
  })

  /** so that everything that is made now is younger than the dump */
  const makeOld = ({ images }: World): void => {
    const then = Date.now() / 1000 - 10
    for (const name of fs.readdirSync(images)) fs.utimesSync(join(images, name), then, then)
  }

  test('a fresh tmpfs with the number of the one that died', (t) => {
    const world = newWorld(t, { alone: true })
    world.mount('-t', 'tmpfs', '-o', 'size=1m', 'shm', world.volume)
    fs.mkdirSync(world.at('shm'))
    const row = { ...placeOf(world.volume), fstype: TMPFS, source: 'shm' }
    world.rows.push({ mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: '/shm', ...row })
    world.file(world.volume, 'link_remap.6')
    for (const dir of ['', 'gone/'])
      world.remap(dir ? 8 : 4, `/shm/${dir}link_remap.${dir ? 8 : 4}`, { mntId: DATA_MOUNT })
    world.remap(6, '/shm/link_remap.6', { mntId: DATA_MOUNT })
    world.options = ['--external', 'mnt[]']
    check(t, world, {
      verdicts: ['4 vanished', '8 vanished', '6 kept newer'],
      after: () => makeOld(world),
    })
  })

  test('a fresh disk where the one of the dump was', (t) => {
    const world = newWorld(t, { alone: true })
    found(world)
    check(t, world, {
      verdicts: ['4 kept unreachable'],
      says: /was made after the dump/,
      after: () => makeOld(world),
    })
  })

  /** as a program does that shares the files with the one that was dumped */
  const writeOn = (dir: string): void => {
    later()
    for (const id of [4, 6]) fs.appendFileSync(join(dir, `survivor of link_remap.${id}`), 'more')
  }

  test('one directory mounted twice, its files written to since: our own deletion is no change', (t) => {
    const world = newWorld(t)
    const links = [world.external('data', 4), world.file(world.volume, 'link_remap.6')]
    fs.mkdirSync(world.at('data2'))
    const again = { mntId: DATA_MOUNT + 1, parent: ROOT_MOUNT, mountpoint: '/data2' }
    world.rows.push({ ...again, extKey: 'data2', ...placeOf(world.volume) })
    world.remap(6, '/data2/link_remap.6', { mntId: DATA_MOUNT + 1 })
    const mapped = ['data', 'data2'].map((key) => `mnt[${key}]:${world.volume}`)
    world.options = mapped.flatMap((value) => ['--external', value])
    check(t, world, {
      verdicts: ['4 removed', '6 removed'],
      removed: links,
      after: () => writeOn(world.volume),
    })
  })

  test('one directory in two namespaces, its files written to since', (t) => {
    const world = newWorld(t)
    const links = [world.link('app', 4), world.file(world.at('app'), 'link_remap.6')]
    const root = { mntId: DATA_MOUNT, parent: 1, mountpoint: '/', ...placeOf(world.root) }
    world.namespaces.set(NS + 1, [root])
    world.remap(6, '/app/link_remap.6', { mntId: DATA_MOUNT })
    check(t, world, {
      verdicts: ['4 removed', '6 removed'],
      removed: links,
      after: () => writeOn(world.at('app')),
    })
  })
})
