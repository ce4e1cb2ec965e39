// A file system on which some look waits for ever, as a container's own FUSE server can arrange.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import { must } from '../rig/command.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import { inRepo } from '../rig/repo.js'
import { DATA_MOUNT, gc, newWorld, test, verdicts, type World } from './rig.js'

/** mounts a silent file system on a directory; its server ends with the world */
async function mountMute(world: World, path: string, level: number): Promise<void> {
  const program = join(world.base, 'mute')
  must('cc', ['-O1', '-Wall', '-Wextra', '-o', program, inRepo('test', 'hostile', 'mute.c')])
  const server = spawn(program, [path, String(level)], { stdio: ['pipe', 'pipe', 'inherit'] })
  world.finally(() => {
    must('umount', ['-l', path])
    // what still waits for an answer gets an error then
    server.kill('SIGKILL')
  })
  await once(server.stdout, 'data')
}

const LEVELS = [
  { what: 'nothing', says: 'kept unreachable' },
  { what: 'all but a directory', says: 'failed ETIMEDOUT' },
  { what: 'all but the link', says: 'failed ETIMEDOUT' },
  { what: 'everything', says: 'removed' },
]

export function testSilentFuse(): void {
  const skip = fs.existsSync('/dev/fuse') ? false : 'needs /dev/fuse'
  LEVELS.forEach(({ what, says }, level) =>
    test(`case 46: a file system that answers ${what}`, { skip }, async (t) => {
      const answers = says === 'removed'
      const world = newWorld(t)
      const link = world.external('data', 4)
      world.links = world.links.filter(({ id }) => id !== 4)
      for (const id of [4, 6]) world.remap(id, `/data/sub/link_remap.${id}`, { mntId: DATA_MOUNT })
      world.dump()
      const mountpoint = join(world.base, 'silent')
      fs.mkdirSync(mountpoint)
      await mountMute(world, mountpoint, level)
      world.options = ['--external', `mnt[data]:${mountpoint}`]
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
    }),
  )
}
