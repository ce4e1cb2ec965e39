// A parent that somebody moves about while the clean-up runs: whatever is hit, it lies in the rootfs. A
// few rounds only; the battery of races has the many.
import fs from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { endNow } from '../encode/images.js'
import { gc, verdicts } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import { background, newWorld, test, type Kind, type World } from './rig.js'

/** what somebody does to the tree for as long as it is cleaned, by renames */
const swap = `
const { renameSync } = require('node:fs')
const moves = JSON.parse(process.argv[1])
for (;;) for (const [from, to] of moves) renameSync(from, to)
`
function race(t: Test, world: World, app: string, moves: [from: string, to: string][]): string[] {
  world.dump()
  // whatever its path is now
  const fd = fs.openSync(app, 'r')
  t.teardown(() => {
    fs.closeSync(fd)
  })
  const link = `/proc/self/fd/${fd}/link_remap.4`
  const survivor = `/proc/self/fd/${fd}/survivor of link_remap.4`
  const victims = manifest(world.host, world.volume)
  const mounts = mountinfo()
  const child = background(t, process.execPath, ['-e', swap, JSON.stringify(moves)])
  const seen = new Set<string>()
  for (let i = 0; i < 12; i++) {
    if (!fs.existsSync(link)) {
      fs.linkSync(survivor, link)
      endNow(world.images)
    }
    const run = gc(['clean', ...world.args(), '--json'])
    t.ok(run.code === 0 || run.code === 3 || run.code === 4, `exit ${run.code}: ${run.stderr}`)
    const verdict = verdicts(run).at(-1) ?? 'none'
    seen.add(verdict)
    t.equal(fs.existsSync(link), !verdict.endsWith('removed'), `the truth about it: ${verdict}`)
  }
  t.ok(child.exitCode === null && child.signalCode === null, 'the attacker was at it all the time')
  child.kill('SIGKILL')
  t.strictSame(onlyRemoved(victims, manifest(world.host, world.volume), []), [])
  t.strictSame(mountinfo(), mounts)
  const left = fs.readdirSync(`/proc/self/fd/${fd}`)
  t.ok(left.includes('precious') && left.includes('link_remap.77777'), 'its neighbours are there')
  return [...seen]
}

/** The two that need somebody who keeps at it. */
export function testRaces(kind: Kind): void {
  test(`case 34 on ${kind}: a parent is swapped with a symbolic link all the time`, (t) => {
    const world = newWorld(t, { kind })
    world.link('app', 4)
    const app = world.at('app')
    const aside = world.at('aside')
    const evil = world.at('evil')
    fs.symlinkSync(join(world.host, 'app'), evil)
    const seen = race(t, world, app, [
      [app, aside],
      [evil, app],
      [app, evil],
      [aside, app],
    ])
    t.comment(seen.join(', '))
  })

  test(`case 35 on ${kind}: a parent is moved out of the rootfs all the time`, (t) => {
    const world = newWorld(t, { kind, alone: true })
    // out of the directory that is --root, and not out of its mount: else it could not be renamed
    const app = world.at('inner/app')
    world.options = ['-r', world.at('inner')]
    world.file(world.at('inner/good'), 'link_remap.90')
    world.remap(90, '/good/link_remap.90')
    world.file(app, 'link_remap.4')
    world.remap(4, '/app/link_remap.4')
    const seen = race(t, world, app, [
      [app, world.at('outside')],
      [world.at('outside'), app],
    ])
    t.comment(seen.join(', '))
  })
}
