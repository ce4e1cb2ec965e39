// Whoever of the container holds the file of a link, and however: the link is found by that alone, where the dump was
// killed and its images say nothing. What is held stays good. Run by living-holders.test.ts.
import { linkSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { tryDump } from '../rig/criu.js'
import { putDecoys } from '../rig/decoys.js'
import { runGc, type Run } from '../rig/gc.js'
import * as h from '../rig/holder.js'
import { messagesIn } from '../rig/kill-row.js'
import {
  askAll,
  newLinks,
  settled,
  startLiving,
  until,
  type Living,
  type Shape,
} from '../rig/living.js'
import { onlyRemoved } from '../rig/manifest.js'
import { mountTables } from '../rig/namespace.js'
import { dumped, undumped, type Holding } from '../rig/scenarios/holders.js'
import { send } from '../rig/signal.js'
import { startTree } from '../rig/tree.js'

async function started(t: Test, shape: Shape): Promise<Living> {
  const living = await startLiving(shape)
  t.teardown(living.end)
  putDecoys(join(living.base, 'rootfs/app'))
  putDecoys(join(living.base, 'volume'))
  return living
}

/** the dump dies when all links are made */
async function killedDump(t: Test, { base, built, tree, pids, look }: Living): Promise<string[]> {
  const first = look()
  const external = built.dumpExternal ?? []
  const images = join(base, 'images')
  const done = tryDump({ pid: tree.pid, images, external, killAt: { before: 'pstree.img' } })
  t.equal(done.code, -1)
  await settled(pids)
  return newLinks(first, look())
}

const argumentsFor = ({ tree, base }: Living): string[] => [
  ...['--pid', String(tree.pid)],
  ...['-D', join(base, 'images')],
]

function cleans(t: Test, living: Living, options: string[], links: string[], code: number): Run {
  const [before, tables] = [living.look(), mountTables()]
  const shown = runGc('show', options)
  t.strictSame(onlyRemoved(before, living.look(), []), [])
  t.equal(shown.code, links.length > 0 ? 3 : code, messagesIn(shown))
  const run = runGc('clean', options)
  t.strictSame(onlyRemoved(before, living.look(), links), [], messagesIn(run))
  t.strictSame(mountTables(), tables)
  t.equal(run.code, code, messagesIn(run))
  return run
}

function areHeld(t: Test, run: Run, { heldBy }: Holding, links: number): void {
  t.equal(run.report?.remaps?.length, links, 'each once')
  for (const { found, heldBy: by } of run.report?.remaps ?? []) {
    t.equal(found, 'held')
    t.match(by, heldBy)
  }
  t.strictSame(run.report?.living?.unread, [])
}

for (const one of dumped)
  t.test(one.name, async (t) => {
    const living = await started(t, one)
    one.then?.(living)
    const links = await killedDump(t, living)
    t.equal(links.length, one.links, links.join(' '))
    const options = argumentsFor(living)
    if (one.then !== undefined) {
      // of the file with two names the log tells that the dump made both
      const reasons = runGc('show', options).report?.remaps?.map(({ reason = '' }) => reason)
      t.strictSame(reasons, ['', '', ''])
    }
    areHeld(t, cleans(t, living, options, links, 4), one, links.length)
    t.equal(await askAll(living.pids), 'works')
  })

/** of one of its threads, who has a name of its own */
const threadWorks = async (pid: number): Promise<void> => {
  send(pid, 'SIGUSR1')
  const nameOf = (tid: string) => readFileSync(`/proc/${pid}/task/${tid}/comm`, 'latin1')
  await until('the thread does not answer', () =>
    readdirSync(`/proc/${pid}/task`).find((tid) => nameOf(tid).startsWith('works')),
  )
}

for (const one of undumped)
  t.test(one.name, async (t) => {
    const living = await started(t, one)
    const [root = ''] = living.built.trees
    const link = `${root}/app/link_remap.12`
    linkSync(`${root}/app/new-0`, link)
    const options = ['--pid', String(living.tree.pid), '--since', '1h']
    areHeld(t, cleans(t, living, options, [link], 4), one, 1)
    await threadWorks(living.tree.pid)
  })

const plain = dumped.find(({ name }) => name === 'a child only')!

t.test('a link that is a mount point inside is kept', async (t) => {
  const living = await started(t, plain)
  const links = await killedDump(t, living)
  const [link = ''] = links
  const inside = link.replace(living.built.trees[1] ?? '', '/data')
  const { pid } = living.tree
  // another process enters the container and mounts there
  const mounter = await startTree('nsenter', [
    ['-t', String(pid), '-m', '/holder', 'bind', '/app/program', inside],
  ])
  t.teardown(mounter.stop)
  t.match(readFileSync(`/proc/${pid}/mountinfo`, 'latin1'), inside)
  const run = runGc('clean', argumentsFor(living))
  t.equal(run.code, 3, messagesIn(run))
  t.match(run.report?.remaps, [{ link: inside, verdict: 'kept', reason: 'mountpoint' }])
  t.ok(living.look().has(link))
  t.match(readFileSync(`/proc/${pid}/mountinfo`, 'latin1'), inside, 'and is mounted still')
  t.equal(await askAll(living.pids), 'works')
})

t.test('nothing is held: there is no evidence, whatever lies there', async (t) => {
  const { heldBy, ...rest } = plain
  const living = await started(t, {
    ...rest,
    build: (base) => {
      const built = plain.build(base)
      const root = built.root ?? ''
      return {
        ...built,
        instructions: h.container(
          root,
          [h.bind(`${base}/volume`, '/data')],
          [h.open('/data/shared')],
        ),
      }
    },
  })
  t.strictSame(await killedDump(t, living), [])
  t.strictSame(cleans(t, living, argumentsFor(living), [], 4).report?.remaps, [])
  t.equal(await askAll(living.pids), 'works')
  t.ok(heldBy)
})
