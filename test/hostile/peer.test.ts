// The seven ways in which `criu gc` of 2016 removed the wrong file, one test each.
import fs from 'node:fs'
import { join } from 'node:path'
import { must } from '../rig/command.js'
import { DATA_MOUNT, later, ROOT_MOUNT } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { check, newWorld, placeOf, test, type World } from './rig.js'

/** after the dump the directory is something else */
const replace = (world: World, dir: string, target: string) => (): void => {
  later()
  fs.renameSync(world.at(dir), world.at(`${dir}.moved`))
  fs.symlinkSync(target, world.at(dir))
}

await inside(import.meta.url, () => {
  test('peer 1: another file now has the name', (t) => {
    const world = newWorld(t, { host: true })
    const link = world.link('app', 4)
    check(t, world, {
      verdicts: ['4 kept newer'],
      after: () => {
        later()
        fs.unlinkSync(link)
        fs.writeFileSync(link, '0123456789')
      },
    })
  })

  test('peer 2: the parent is now a symbolic link', (t) => {
    const world = newWorld(t, { host: true })
    world.link('app', 4)
    const after = replace(world, 'app', join(world.host, 'app'))
    check(t, world, { verdicts: ['4 kept unsafe-path'], after })
  })

  test('peer 3: inside a rootfs an absolute symbolic link to the host', (t) => {
    const world = newWorld(t)
    world.link('data', 4)
    const after = replace(world, 'data', world.host)
    check(t, world, { verdicts: ['4 kept unsafe-path'], after })
  })

  test('peer 4: the images name any file of the host', (t) => {
    const world = newWorld(t, { host: true })
    world.remap(4, join(world.host, 'precious'))
    check(t, world, { verdicts: ['4 kept invalid'] })
  })

  test('peer 5: "../.." out of a mount namespace', (t) => {
    const world = newWorld(t)
    world.remap(4, `/../../../../../../..${world.host}/link_remap.4`)
    world.remap(6, `/good/../..${world.host.slice(world.base.length)}/link_remap.6`)
    check(t, world, { verdicts: ['4 kept invalid', '6 kept invalid'] })
  })

  // The images say which directory it was: device and path. Another one, given by mistake, may have a
  // link of that name too, made by a dump of the same program.
  const other = { size: 20, says: { size: 10 } }

  test('peer 6: a wrong --external', (t) => {
    const world = newWorld(t)
    world.external('data', 4, { ...other, row: { ...placeOf(join(world.base, 'host')) } })
    world.options = ['--external', `mnt[data]:${world.volume}`]
    check(t, world, { verdicts: ['4 kept elsewhere'], says: /is not what was mounted at the dump/ })
  })

  test('peer 6b: a wrong --root', (t) => {
    const world = newWorld(t, { alone: true })
    world.rows = [{ mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', ...placeOf(world.host) }]
    world.link('app', 4, other)
    check(t, world, { verdicts: ['4 kept elsewhere'] })
  })

  test('peer 7: an external mount that is read-only now', (t) => {
    const world = newWorld(t)
    world.external('data', 4)
    const view = join(world.base, 'read-only')
    fs.mkdirSync(view)
    world.options = ['--external', `mnt[data]:${view}`]
    check(t, world, {
      verdicts: ['4 failed EROFS'],
      after: () => {
        world.mount('--bind', world.volume, view)
        must('mount', ['-o', 'remount,bind,ro', view])
      },
    })
  })

  test('peer 7b: an external mount on which the images had a read-only mount', (t) => {
    const world = newWorld(t)
    const link = world.external('data', 4, { row: { flags: 1 } })
    world.options = ['--external', `mnt[data]:${world.volume}`]
    // what the caller gives counts, and that may be written to
    t.equal(world.rows.find(({ mntId }) => mntId === DATA_MOUNT)?.flags, 1)
    check(t, world, { verdicts: ['4 removed'], removed: [link] })
  })
})
