// examples/runc-checkpoint does what it says, and no more. Run by examples.test.ts.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { attempt } from '../rig/command.js'
import { killing, type KillAt } from '../rig/criu.js'
import { cleared, commandLine } from '../rig/gc.js'
import { newLinks } from '../rig/living.js'
import { manifest, onlyRemoved, type Manifest } from '../rig/manifest.js'
import { inRepo } from '../rig/repo.js'
import { pureCgroup2, runContainer, type Container, type Runtime } from '../rig/runtime.js'

pureCgroup2()

const KEYS = ['ociVersion', 'id', 'pid', 'root', 'bundle', 'created', 'status', 'annotations']

/** As the examples call it: a command with words of its own. */
const GC = ['env', ...cleared(...commandLine([]))].join(' ')

interface Scene extends Container {
  readonly look: () => Manifest
}

const scene = async (
  t: Test,
  runtime: Runtime,
  change?: Parameters<typeof runContainer>[1],
): Promise<Scene> => {
  const container = await runContainer(runtime, change)
  t.teardown(container.cleanup)
  return { ...container, look: () => manifest(...container.built.trees) }
}

/** The wrapper in the place of runc. */
const checkpoint = (
  { base, name, program }: Scene,
  images: string,
  more: Record<string, string> = {},
): { code: number; stderr: string } =>
  attempt(
    inRepo('examples/runc-checkpoint'),
    ['--image-path', images, `--work-path=${base}`, '--manage-cgroups-mode', 'ignore', name],
    {
      PATH: `${dirname(program[0] ?? '')}:${process.env.PATH ?? ''}`,
      RUNC: program.join(' '),
      CRIU_GC: GC,
      ...more,
    },
  )

t.test(
  'the wrapper: what a checkpoint leaves that fails goes, and the exit code is runc’s',
  async (t) => {
    const made = await scene(t, 'runc')
    const before = made.look()
    for (const [name, killAt] of [
      ['early', { link: 2 }],
      ['late', { before: 'pstree.img' }],
    ] as const satisfies [string, KillAt][]) {
      const done = checkpoint(made, join(made.base, name), killing(killAt))
      t.equal(done.code, 1, done.stderr)
      t.match(done.stderr, /criu-gc: [2-5] link remaps: [2-5] removed/)
      t.strictSame(newLinks(before, made.look()), [])
      t.ok(made.pid() !== undefined, 'the container goes on')
    }
    const bad = checkpoint(made, join(made.base, 'bad'), { LD_PRELOAD: '', RUNC: 'false' })
    t.equal(bad.code, 1)
    const used = checkpoint(made, join(made.base, 'early'), { LD_PRELOAD: '' })
    t.equal(used.code, 1)
    t.match(used.stderr, /there is something in .*early already/)
    t.ok(made.pid() !== undefined, 'runc was not asked')
  },
)

t.test(
  'the wrapper: a checkpoint that goes well stays, and is never taken for one that failed',
  async (t) => {
    const made = await scene(t, 'runc')
    const before = made.look()
    const images = join(made.base, 'wanted')
    const good = checkpoint(made, images)
    t.equal(good.code, 0, good.stderr)
    t.equal(newLinks(before, made.look()).length, 3)
    t.equal(made.pid(), undefined)
    // The container is forgotten: whatever is tried with these images fails, and they are wanted.
    const after = made.look()
    const again = checkpoint(made, images)
    t.equal(again.code, 1)
    t.match(again.stderr, /there is something in .*wanted already/)
    t.equal(checkpoint(made, join(made.base, 'other')).code, 1)
    t.strictSame(onlyRemoved(after, made.look(), []), [])
    t.equal(made.restore('wanted').code, 0)
  },
)

/** Why there is no example of a hook: it cannot know whether the checkpoint that ended the container is wanted. */
for (const runtime of ['runc', 'crun'] as const)
  t.test(`${runtime} calls a poststop hook after a checkpoint that went well, too`, async (t) => {
    const made = await scene(t, runtime, (spec, base) => {
      const args = ['sh', '-c', `cat >${base}/told`]
      spec.hooks = {
        poststop: [{ path: '/bin/sh', args, env: [`PATH=${process.env.PATH ?? ''}`] }],
      }
    })
    const done = made.checkpoint('images')
    t.equal(done.code, 0, done.stderr)
    const told = JSON.parse(readFileSync(`${made.base}/told`, 'utf8')) as Record<string, unknown>
    t.equal(told.status, 'stopped')
    t.strictSame(
      Object.keys(told).filter((key) => !KEYS.includes(key)),
      [],
      'nothing says why',
    )
  })
