// A file system on which some look waits for ever, as a container's own FUSE server can arrange.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { execute } from '../battery/tool.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import { hasFuse, mountMute, type Level } from '../rig/mute.js'
import { node } from '../rig/repo.js'
import { DATA_MOUNT, gc, newWorld, program, test, verdicts } from './rig.js'

const CASES: readonly { level: Level; says: string }[] = [
  { level: 'nothing', says: 'kept unreachable' },
  { level: 'all but names', says: 'failed ETIMEDOUT' },
  { level: 'all but links', says: 'failed ETIMEDOUT' },
  { level: 'everything', says: 'removed' },
]

export function testSilentFuse(): void {
  const skip = hasFuse() ? false : 'needs FUSE'
  for (const { level, says } of CASES)
    test(`case 46: a file system that answers ${level}`, { skip }, (t) => {
      const answers = says === 'removed'
      const world = newWorld(t)
      const link = world.external('data', 4, { row: { major: 0, minor: 0xffff0, root: '/' } })
      world.links = world.links.filter(({ id }) => id !== 4)
      for (const id of [4, 6]) world.remap(id, `/data/sub/link_remap.${id}`, { mntId: DATA_MOUNT })
      world.dump()
      const mute = mountMute(level)
      world.finally(mute.stop)
      world.options = ['--external', `mnt[data]:${mute.path}`]
      const mounts = mountinfo()
      const before = manifest(world.root, world.volume)
      const started = Date.now()
      const run = gc(['clean', ...world.args(), '--json'], [], 60_000)
      t.equal(run.code, answers ? 0 : 3, 'it ends by itself')
      t.ok(Date.now() - started < 30_000, 'and waits once, not for each')
      t.strictSame(mountinfo(), mounts)
      const gone = [join(world.root, 'good/link_remap.90')]
      t.strictSame(onlyRemoved(before, manifest(world.root, world.volume), gone), [])
      t.ok(fs.existsSync(link))
      t.strictSame(verdicts(run), ['90 removed', `4 ${says}`, `6 ${answers ? 'absent' : says}`])
      t.equal(run.stdout.includes('does not answer'), !answers)
      // the child that waits for ever has not kept the lock of the images
      const again = gc(['show', ...world.args(), '--json'], [], 60_000)
      t.equal(again.code, answers ? 0 : 3, again.stderr)
    })
  test('case 46b: a silent file system, by a relative path', { skip }, async (t) => {
    const world = newWorld(t)
    world.external('data', 4, { row: { major: 0, minor: 0xffff0, root: '/' } })
    world.dump()
    const mute = mountMute('nothing')
    world.finally(mute.stop)
    const path = relative(tmpdir(), join(mute.path, 'sub'))
    const before = manifest(world.root, world.volume)
    let waited = false
    // whoever waits there cannot be killed, only rescued
    const rescue = setTimeout(() => {
      waited = true
      mute.stop()
    }, 12_000)
    const clean = ['-i', `PATH=${process.env.PATH ?? ''}`, node, program]
    const words = ['show', ...world.args(), '--external', `mnt[data]:${path}/`]
    const done = await execute('env', [...clean, ...words])
    clearTimeout(rescue)
    t.notOk(waited, 'it ends by itself')
    t.equal(done.code, 3, done.stderr)
    t.match(done.stdout, /does not answer/)
    t.strictSame(onlyRemoved(before, manifest(world.root, world.volume), []), [])
  })
}
