// A file system on which every look waits for ever, as a container's own FUSE server can arrange.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { must } from '../rig/command.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import { gc, newWorld, test, verdicts, type World } from './rig.js'

/** a FUSE file system whose server says hello and nothing else */
function mountSilent(world: World, path: string): void {
  const device = fs.openSync('/dev/fuse', 'r+')
  // closing it ends whatever still waits for an answer
  world.finally(() => fs.closeSync(device))
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0'
  const stdio = ['ignore', 'ignore', 'inherit', device] as const
  const done = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'silent', path], {
    stdio: [...stdio],
  })
  if (done.status !== 0) throw new Error('mount -t fuse failed')
  const request = Buffer.alloc(1 << 20)
  fs.readSync(device, request)
  const answer = Buffer.alloc(80)
  answer.writeUInt32LE(answer.length, 0)
  request.copy(answer, 8, 8, 16)
  answer.writeUInt32LE(7, 16)
  answer.writeUInt32LE(31, 20)
  fs.writeSync(device, answer)
}

export function testSilentFuse(): void {
  const skip = fs.existsSync('/dev/fuse') ? false : 'needs /dev/fuse'
  test('case 46: a file system that never answers', { skip }, (t) => {
    const world = newWorld(t)
    world.external('data', 4)
    world.options = ['--external', `mnt[data]:${world.volume}`]
    world.dump()
    const mountpoint = join(world.base, 'silent')
    fs.mkdirSync(mountpoint)
    mountSilent(world, mountpoint)
    world.finally(() => must('umount', ['-l', mountpoint]))
    world.options = ['--external', `mnt[data]:${mountpoint}`]
    const mounts = mountinfo()
    const before = manifest(world.root, world.volume)
    const run = gc(['clean', ...world.args(), '--json'], [], 3000)
    t.strictSame(mountinfo(), mounts, 'killed at last, it leaves nothing')
    const gone = run.code === null ? [] : [join(world.root, 'good/link_remap.90')]
    t.strictSame(onlyRemoved(before, manifest(world.root, world.volume), gone), [])
    // One synchronous process cannot wait and watch the clock: its caller has to.
    const todo = 'a run has no time limit of its own'
    t.equal(run.code, 3, 'it ends by itself', { todo })
    t.equal(verdicts(run)[0], '90 removed', 'and has done the others', { todo })
  })
}
