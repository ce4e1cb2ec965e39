// A checkpoint of runc's or podman's whose CRIU is killed, or the runtime alone: clean --pid with the process id that the
// runtime tells, then the next checkpoint succeeds, and is restored. Run by living-runtimes.test.ts.
import t, { type Test } from 'tap'
import { killing, type KillAt } from '../rig/criu.js'
import { count, runGc } from '../rig/gc.js'
import { messagesIn } from '../rig/kill-row.js'
import { askAll, newLinks, settled, until } from '../rig/living.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { mountTables } from '../rig/namespace.js'
import { runPodman } from '../rig/podman.js'
import { blocksBelow, typeIn } from '../rig/readme.js'
import { pureCgroup2, runContainer, skipReason, type Container } from '../rig/runtime.js'

pureCgroup2()

/** also what only it sees */
const look = ({ built, pid }: Container) =>
  manifest(...built.trees, ...['tmp', 'dev/shm'].map((dir) => `/proc/${pid()}/root/${dir}`))

const runs = async (container: Container): Promise<number> => {
  const pid = await until('it does not run', () => container.pid())
  await settled([pid])
  return pid
}

interface Kill {
  readonly name: string
  readonly at: KillAt
  readonly how: Record<string, string>
  /** CRIU notices that nobody listens any more, and takes its links back */
  readonly rollsBack?: true
  readonly runtimes?: readonly string[]
}

const kills: Kill[] = [
  { name: 'SIGKILL, after the second link', at: { link: 2 }, how: {} },
  { name: 'SIGKILL, with all links', at: { before: 'pstree.img' }, how: {}, runtimes: ['runc'] },
  {
    name: 'SIGTERM, with all links',
    at: { before: 'pstree.img' },
    how: { CRIU_KILL_SIGNAL: '15' },
  },
  {
    name: 'SIGKILL of runc alone',
    at: { link: 2 },
    how: { CRIU_KILL_PARENT: '1' },
    rollsBack: true,
  },
]

async function survives(t: Test, container: Container, kill: Kill): Promise<void> {
  const { at, how, rollsBack = false } = kill
  const first = look(container)
  const killed = container.checkpoint('killed', { ...killing(at), ...how })
  t.not(killed.code, 0)
  const pid = await runs(container)
  const args = ['--pid', String(pid), '-D', container.images('killed')]
  await until('CRIU is at work', () => (runGc('show', args).code === 6 ? undefined : true))
  const [before, tables] = [look(container), mountTables()]
  const links = newLinks(first, before)
  t.equal(links.length > 0, !rollsBack, `${links.join(' ')} ${killed.stderr}`)
  const run = runGc('clean', args)
  t.strictSame(onlyRemoved(before, look(container), links), [], messagesIn(run))
  t.strictSame(mountTables(), tables)
  t.ok(run.code === 0 || run.code === 4, messagesIn(run))
  t.comment(`${run.report?.dump}; ${links.length} links; ${JSON.stringify(count(run))}`)
  t.equal(await askAll([pid]), 'works')

  const next = container.checkpoint('next')
  t.equal(next.code, 0, next.stderr)
  t.equal(container.pid(), undefined)
  const restored = container.restore('next')
  t.equal(restored.code, 0, restored.stderr)
  t.equal(await askAll([await runs(container)]), 'works', 'restored')
}

/** the same by the letter of the README; its last command is clean */
async function followed(t: Test, runtime: 'runc' | 'podman', container: Container): Promise<void> {
  const { base, name, program, images, checkpoint } = container
  const first = look(container)
  t.not(checkpoint('killed', killing({ before: 'pstree.img' })).code, 0)
  const pid = await runs(container)
  const links = newLinks(first, look(container))
  t.ok(links.length > 0)
  const again = checkpoint('killed')
  t.match(again.stderr, /Can't link remap to .*: File exists/)
  await settled([pid])
  const before = look(container)

  const blocks = blocksBelow('### "checkpoint failed: File exists"')
  const [lookAndRemove] = blocks.slice(2)
  const ways = blocks.slice(0, 2).filter((block) => block.includes(`${runtime} `))
  t.equal(ways.length, 1, 'one way to the process of each runtime')
  const script = [...ways, lookAndRemove]
    .join('')
    .replace('/var/tmp/demo/checkpoint', images('killed'))
    .replaceAll(/\bdemo\b/g, name)
  const typed = typeIn(`${base}/path`, { [runtime]: program }, script)
  t.equal(typed.code, 4, typed.stderr)
  t.match(typed.stderr, /the last dump into this directory failed/)
  t.strictSame(onlyRemoved(before, look(container), links), [], typed.stdout)
  t.equal(checkpoint('killed').code, 0, 'then checkpoint again')
}

const start = { runc: () => runContainer('runc'), podman: runPodman } as const

for (const runtime of ['runc', 'podman'] as const)
  for (const kill of kills) {
    const { name, runtimes = [runtime] } = kill
    if (!runtimes.includes(runtime)) continue
    t.test(`${runtime}: ${name}`, { skip: skipReason(runtime) ?? false }, async (t) => {
      const container = await start[runtime]()
      t.teardown(container.cleanup)
      await survives(t, container, kill)
    })
  }

for (const runtime of ['runc', 'podman'] as const)
  t.test(`${runtime}: as the README says`, { skip: skipReason(runtime) ?? false }, async (t) => {
    const container = await start[runtime]()
    t.teardown(container.cleanup)
    await followed(t, runtime, container)
  })

// runc goes on without it: the dump is whole, the container has ended, and podman does not know of a checkpoint
for (const signal of ['9', '15'])
  t.test(
    `podman: signal ${signal} to podman alone`,
    { skip: skipReason('podman') ?? false },
    async (t) => {
      const container = runPodman()
      t.teardown(container.cleanup)
      const first = look(container)
      const { pid, built, images } = container
      const before = pid()
      const how = { CRIU_KILL_PARENT: '2', CRIU_KILL_SIGNAL: signal }
      t.not(container.checkpoint('killed', { ...killing({ link: 2 }), ...how }).code, 0)
      await until('the dump goes on', () => (pid() === undefined ? true : undefined))
      const gone = runGc('clean', ['--pid', String(before), '-D', images('killed')])
      t.equal(gone.code, 2, gone.stderr)
      container.withRoot((root) => {
        const [there, tables] = [manifest(...built.trees), mountTables()]
        const links = newLinks(first, there)
        t.equal(links.length, 2, links.join(' '))
        const external = (built.external ?? []).flatMap((value) => ['--external', value])
        const options = ['-D', images('killed'), '-r', root, ...external]
        const run = runGc('clean', options)
        t.strictSame(onlyRemoved(there, manifest(...built.trees), links), [], messagesIn(run))
        t.strictSame(mountTables(), tables)
        t.equal(run.code, 0, messagesIn(run))
        t.strictSame(count(run), { removed: 2, vanished: 2 })
      })
    },
  )
