// A file system on which some look waits for ever, as a container's own FUSE server can arrange.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { run as start } from '../rig/execute.js'
import { gc, verdicts, type Run } from '../rig/gc.js'
import { DATA_MOUNT } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { manifest, onlyRemoved, type Manifest } from '../rig/manifest.js'
import { hasFuse, mountMute, type Level } from '../rig/mute.js'
import { onlyGone } from '../rig/steps.js'
import { newWorld, test } from './rig.js'

const CASES: readonly { level: Level; says: string }[] = [
  { level: 'nothing', says: 'kept unreachable' },
  { level: 'all but names', says: 'failed ETIMEDOUT' },
  { level: 'all but links', says: 'failed ETIMEDOUT' },
  { level: 'everything', says: 'removed' },
]

/** ids of links; the first of them is there */
const LINKS = Array.from({ length: 40 }, (_, index) => 2 * index + 4)

/** It may wait some times as long as for one link, on a busy machine too; not as often as there are links. */
const MOST = 10

await inside(import.meta.url, () => {
  const skip = hasFuse() ? false : 'needs FUSE'
  for (const { level, says } of CASES)
    test(`case 46: a file system that answers ${level}`, { skip }, (t) => {
      const answers = says === 'removed'
      const world = newWorld(t)
      const link = world.external('data', 4, { row: { major: 0, minor: 0xffff0, root: '/' } })
      world.links = world.links.filter(({ id }) => id !== 4)
      // a directory is asked once, whatever is in it: where none answers, each has its own
      const own = level === 'all but names'
      for (const id of LINKS)
        world.remap(id, `/data/sub${own ? id : ''}/link_remap.${id}`, { mntId: DATA_MOUNT })
      world.dump()
      const mute = mountMute(level)
      world.finally(mute.stop)
      world.options = ['--external', `mnt[data]:${mute.path}`]
      const timed = (word: 'show' | 'clean'): [run: Run, ms: number] => {
        const started = performance.now()
        const run = gc([word, ...world.args(), '--json'])
        return [run, performance.now() - started]
      }
      const look = (): Manifest => manifest(world.root, world.volume)
      const gone = [join(world.root, 'good/link_remap.90')]
      const [run, all] = onlyGone(t, 'clean', gone, look, () => timed('clean'))
      t.equal(run.code, answers ? 4 : 3, 'it ends by itself')
      t.ok(fs.existsSync(link))
      const others = LINKS.slice(1).map((id) => `${id} ${answers ? 'absent unproven' : says}`)
      t.strictSame(verdicts(run), ['90 removed', `4 ${says}`, ...others])
      t.equal(run.stdout.includes('does not answer'), !answers)
      // the child that waits for ever has not kept the lock of the images; and what one link takes
      world.links = world.links.filter(({ id }) => id === 90 || id === 4)
      world.dump()
      const [again, one] = timed('show')
      const isProven = !verdicts(again).some((verdict) => verdict.endsWith(' unproven'))
      t.equal(again.code, !answers ? 3 : isProven ? 0 : 4, again.stderr)
      t.equal(again.report?.remaps?.length, 2)
      const times = `${LINKS.length} links: ${Math.ceil(all)} ms, one: ${Math.ceil(one)} ms`
      t.ok(all < MOST * one, `it waits once, not for each; ${times}`)
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
    // whoever waits there cannot be killed, only rescued: long after it has given up by itself
    const rescue = setTimeout(() => {
      waited = true
      mute.stop()
    }, 60_000)
    const words = ['show', ...world.args(), '--external', `mnt[data]:${path}/`]
    const done = await start(words)
    clearTimeout(rescue)
    t.notOk(waited, 'it ends by itself')
    t.equal(done.code, 3, done.stderr)
    t.match(done.stdout, /does not answer/)
    t.strictSame(onlyRemoved(before, manifest(world.root, world.volume), []), [])
  })
})
