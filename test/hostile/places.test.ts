// Where something is not what its path says: a mount over another one, a file system that lives on out of
// sight, a volume that is not the right one.
import fs from 'node:fs'
import { join } from 'node:path'
import { must } from '../rig/command.js'
import { check, DATA_MOUNT, hostile, liveNamespace, newWorld, placeOf, test } from './rig.js'

await hostile(import.meta.url, () => {
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
    check(t, world, { verdicts: ['4 absent parent-gone'] })
  })
})
