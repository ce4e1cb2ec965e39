// Following a message to the letter, or running the same command again, leads to the end and never to
// "newer": what a clean-up changed itself is remembered. Run by acts.test.ts.
import { linkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t from 'tap'
import { must } from '../rig/command.js'
import { runGc } from '../rig/gc.js'
import * as h from '../rig/holder.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { needsChattr } from '../rig/needs.js'
import { dumped } from '../rig/restored.js'
import { makeRootfs, makeTree } from '../rig/rootfs.js'
import { checkpoint, type Scenario } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'
import { at } from '../rig/scenarios/held.js'
import { cleaned, step } from '../rig/steps.js'

t.test('an immutable link: chattr, then the same command', { skip: needsChattr() }, async (t) => {
  const made = await dumped(t, scenario('container'))
  const [first = '', ...others] = made.paths
  const { trees } = made.built
  must('chattr', ['+i', first])
  const expected = ['kept immutable', 'removed', 'vanished']
  t.equal(step(t, 'clean', made.arguments, trees, others, expected).code, 3)
  must('chattr', ['-i', first])
  const run = step(t, 'clean', made.arguments, trees, [first], ['absent', 'removed', 'vanished'])
  t.equal(run.code, 0, run.stderr)
})

t.test('an append-only directory', { skip: needsChattr() }, async (t) => {
  const made = await dumped(t, scenario('host-tree'))
  const [first = '', ...others] = made.paths
  const { trees } = made.built
  must('chattr', ['+a', dirname(first)])
  t.equal(step(t, 'clean', made.arguments, trees, others, ['failed EPERM', 'removed']).code, 3)
  must('chattr', ['-a', dirname(first)])
  t.equal(step(t, 'clean', made.arguments, trees, [first], ['absent', 'removed']).code, 0)
})

t.test('--keep-last-link, and then without it', async (t) => {
  const made = await dumped(t, scenario('container'))
  const { links } = made
  const { trees } = made.built
  must('rm', [links[0]?.survivor ?? ''])
  const [first = '', ...others] = made.paths
  const keep = [...made.arguments, '--keep-last-link', '--accept', 'newer']
  const expected = ['kept last-link', 'removed', 'vanished']
  t.equal(step(t, 'clean', keep, trees, others, expected).code, 3)
  const again = [...made.arguments, '--accept', 'newer']
  t.equal(step(t, 'clean', again, trees, [first], ['absent', 'removed', 'vanished']).code, 0)
})

t.test('a run that removed some, and the next one: what is gone is proven', async (t) => {
  const made = await dumped(t, scenario('overlay'))
  cleaned(t, made)
  t.equal(step(t, 'clean', made.arguments, made.built.trees, [], ['absent']).code, 0)
})

/** two containers have a volume, and in it one file that both hold */
const sharing = (name: string, volume: string): Scenario => ({
  name,
  about: 'a container with a volume that another one has, too',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data'])
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data')],
        [h.hold(`/data/${name}/old`, `/data/${name}/kept`, 20)],
      ),
      held: [at(`/data/${name}`, `${volume}/${name}`, 'kept', 0o644, 20)],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [volume],
    }
  },
})

t.test(
  'two containers that share a volume and a file: neither makes the other newer',
  async (t) => {
    const base = must('mktemp', ['-d', '/tmp/criu-gc-shared-XXXXXX']).trim()
    t.teardown(() => must('rm', ['-r', base]))
    const volume = makeTree(join(base, 'volume'), ['one', 'two'])
    const [one, two] = [
      await checkpoint(sharing('one', volume)),
      await checkpoint(sharing('two', volume)),
    ]
    t.teardown(one.cleanup)
    t.teardown(two.cleanup)
    // the link of the second is one of the first one's file
    const [mine = '', other = ''] = [one.paths[0], two.paths[0]]
    must('rm', [other])
    linkSync(mine, other)
    const images = ['-r', '--external']
    t.ok(images.length)
    const before = manifest(volume)
    t.equal(runGc('clean', [...one.arguments, '--accept', 'newer']).code, 0)
    const run = runGc('clean', [...two.arguments, '--accept', 'newer'])
    t.equal(run.code, 0, run.stderr)
    t.strictSame(onlyRemoved(before, manifest(volume), [mine, other]), [])
    t.ok(basename(other))
  },
)
