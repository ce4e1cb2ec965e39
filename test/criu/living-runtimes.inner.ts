// `runc checkpoint` whose CRIU is killed, or runc alone: clean --pid with the process id that runc tells, then the next
// checkpoint succeeds, and is restored. Run by living-runtimes.test.ts.
import { join } from 'node:path'
import t from 'tap'
import { killing, type KillAt } from '../rig/criu.js'
import { count, runGc } from '../rig/gc.js'
import { messagesIn } from '../rig/kill-row.js'
import { askAll, newLinks, settled, until } from '../rig/living.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { mountTables } from '../rig/namespace.js'
import { pureCgroup2, runContainer, type Container } from '../rig/runtime.js'

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
}

const kills: Kill[] = [
  { name: 'SIGKILL, after the second link', at: { link: 2 }, how: {} },
  { name: 'SIGKILL, with all links', at: { before: 'pstree.img' }, how: {} },
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

for (const { name, at, how, rollsBack = false } of kills)
  t.test(name, async (t) => {
    const container = await runContainer('runc')
    t.teardown(container.cleanup)
    const { base, checkpoint } = container
    const first = look(container)
    t.not(checkpoint('killed', { ...killing(at), ...how }).code, 0)
    const pid = await runs(container)
    const images = join(base, 'killed')
    const args = ['--pid', String(pid), '-D', images]
    await until('CRIU is at work', () => (runGc('show', args).code === 6 ? undefined : true))
    const [before, tables] = [look(container), mountTables()]
    const links = newLinks(first, before)
    t.equal(links.length > 0, !rollsBack, links.join(' '))
    const run = runGc('clean', args)
    t.strictSame(onlyRemoved(before, look(container), links), [], messagesIn(run))
    t.strictSame(mountTables(), tables)
    t.ok(run.code === 0 || run.code === 4, messagesIn(run))
    t.comment(`${run.report?.dump}; ${links.length} links; ${JSON.stringify(count(run))}`)
    t.equal(await askAll([pid]), 'works')

    const next = checkpoint('next')
    t.equal(next.code, 0, next.stderr)
    t.equal(container.pid(), undefined)
    const restored = container.restore('next')
    t.equal(restored.code, 0, restored.stderr)
    t.equal(await askAll([await runs(container)]), 'works', 'restored')
  })
