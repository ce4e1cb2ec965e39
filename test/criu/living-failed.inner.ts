// CRIU removes its links itself where a dump fails or leaves the processes alive: nothing is left, and clean --pid says
// so. What has the name of such a link by then is another file, and stays. Run by living-failed.test.ts.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { tryDump } from '../rig/criu.js'
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
import { mount, mountTables, unmount } from '../rig/namespace.js'
import { makeRootfs, makeTree } from '../rig/rootfs.js'
import { send } from '../rig/signal.js'

const container = (more: h.Instruction[]): Shape => ({
  name: 'container',
  inside: ([pid]) => [`/proc/${pid}/root/tmp`],
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data', 'tmp'])
    const volume = makeTree(`${base}/volume`)
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data'), h.tmpfs('/tmp', 'size=4m')],
        [h.many('/app', 3, 5), h.many('/data', 3, 5), h.many('/tmp', 3, 5), ...more],
      ),
      held: [],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [root, volume],
    }
  },
})

const hostTree = (more: h.Instruction[]): Shape => ({
  name: 'host',
  build(base) {
    const tree = makeTree(`${base}/tree`)
    return {
      instructions: [['stdio'], h.many(tree, 9, 5), ...more],
      held: [],
      trees: [tree],
    }
  },
})

interface Failing {
  readonly about: string
  readonly more?: h.Instruction[]
  readonly extra?: (living: Living) => string[]
  readonly before?: (t: Test, images: string) => void
  /** the dump succeeds, and the processes live on */
  readonly succeeds?: true
  readonly after?: (living: Living) => void
}

const fullDirectory = (t: Test, images: string): void => {
  mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', images)
  t.teardown(() => unmount(images))
}

/** of the script of a dump that was done already */
const refusing = ({ base }: Living): string[] => {
  const script = join(base, 'script')
  writeFileSync(script, '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != post-dump ]\n', { mode: 0o755 })
  return ['--action-script', script]
}

const NAME = `criu-gc-living-failed-${process.pid}`
const server = createServer().listen(`\0${NAME}`)
await once(server, 'listening')
t.teardown(() => server.close())

const goOn = ({ pids }: Living): void => {
  for (const pid of pids) send(pid, 'SIGCONT')
}

const cases: Failing[] = [
  { about: 'a connection, without --tcp-established', more: [['tcp']] },
  { about: 'a socket that somebody else is connected to', more: [['outer', NAME]] },
  {
    about: 'a ghost file over the limit',
    more: [['ghost', '/tmp/ghost', '200000']],
    extra: () => ['--ghost-limit', '1K'],
  },
  { about: 'no room for the images', before: fullDirectory },
  { about: 'a post-dump script that fails', extra: refusing },
  { about: '--leave-running', extra: () => ['--leave-running'], succeeds: true },
  {
    about: '--leave-stopped, and continued',
    extra: () => ['--leave-stopped'],
    succeeds: true,
    after: goOn,
  },
]

/** what CRIU has started ends a little later than itself, and holds the images so long */
const idle = (args: readonly string[]): Promise<true> =>
  until('somebody is at work', () => (runGc('show', [...args]).code === 6 ? undefined : true))

/** nothing of it, and nothing else, is touched; its verdicts never say that something cannot be reached */
async function isUntouched(t: Test, { tree, look }: Living, images: string): Promise<Run> {
  const [before, tables] = [look(), mountTables()]
  const args = ['--pid', String(tree.pid), '-D', images]
  await idle(args)
  const shown = runGc('show', args)
  const run = runGc('clean', args)
  t.strictSame(onlyRemoved(before, look(), []), [], messagesIn(run))
  t.strictSame(mountTables(), tables)
  t.equal(shown.code, run.code)
  const reasons = (run.report?.remaps ?? []).flatMap(({ reason }) => reason ?? [])
  t.notOk(reasons.includes('unreachable'), messagesIn(run))
  return run
}

async function fails(t: Test, one: Failing, shape: Shape): Promise<void> {
  const living = await startLiving(shape)
  t.teardown(living.end)
  const { base, built, tree, pids, look } = living
  const images = join(base, 'images')
  one.before?.(t, images)
  const first = look()
  const external = built.dumpExternal ?? []
  const done = tryDump({ pid: tree.pid, images, external, extra: one.extra?.(living) ?? [] })
  t.equal(done.code === 0, one.succeeds ?? false)
  one.after?.(living)
  await settled(pids)
  const left = newLinks(first, look())

  if (left.length > 0) {
    // stopped processes were left, and with them the links
    const before = look()
    const run = runGc('clean', ['--pid', String(tree.pid), '-D', images])
    t.strictSame(onlyRemoved(before, look(), left), [], messagesIn(run))
    t.equal(run.code, 0, messagesIn(run))
  }
  const run = await isUntouched(t, living, images)
  t.comment(`${run.report?.dump}; links ${left.length}; exit ${run.code}`)
  t.ok(run.code === 0 || run.code === 4, `exit ${run.code}: ${messagesIn(run)}`)

  // every name that a link of it may have had is another file's now
  const places = [...built.trees.map((dir) => (dir === built.root ? `${dir}/app` : dir))]
  for (const dir of [...places, ...(shape.inside?.(pids) ?? [])])
    for (let n = 1; n < 40; n++) writeFileSync(`${dir}/link_remap.${n}`, 'new')
  const again = await isUntouched(t, living, images)
  t.comment(`with other files of these names: exit ${again.code}`)
  t.equal(await askAll(pids), 'works')
}

for (const one of cases)
  for (const shapeOf of [container, hostTree]) {
    const more = one.more ?? []
    if (shapeOf === hostTree && more.flat().includes('/tmp/ghost')) continue
    const shape = shapeOf(more)
    t.test(`${one.about}: ${shape.name}`, (t) => fails(t, one, shape))
  }
