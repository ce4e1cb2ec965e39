// A volume is mounted more than once in a container, and a file of it is open through each mount: CRIU makes a link for
// each. The dump is killed with some links in its images, and some only on the disk. Each link is one name in one
// directory, whichever mount shows it: it is judged and removed once. Run by living-mounts.test.ts.
import { linkSync, readFileSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { tryDump } from '../rig/criu.js'
import { runGc, type Run } from '../rig/gc.js'
import * as h from '../rig/holder.js'
import { messagesIn } from '../rig/kill-row.js'
import { askAll, newLinks, settled, startLiving, type Shape } from '../rig/living.js'
import { onlyRemoved } from '../rig/manifest.js'
import { makeRootfs, makeTree } from '../rig/rootfs.js'

/** so many that those opened first are in a files.img that is cut, and the others are not; not so many that a log is not read whole */
const CROWD = 900

/** `inside`: who opens the file through which mount; `dumped`: places of the mounts, as dump has them */
const shape = (name: string, mounts: string[], inside: h.Instruction[]): Shape => ({
  name,
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data', 'again', 'tmp'])
    const volume = makeTree(`${base}/volume`, ['sub'])
    writeFileSync(`${volume}/sub/shared`, 'x'.repeat(9))
    const binds = mounts.map((at) => h.bind(at === '/again' ? `${volume}/sub` : volume, at))
    return {
      instructions: h.container(root, [...binds, h.tmpfs('/tmp')], inside),
      held: [],
      dumpExternal: mounts.map((at) => `mnt[${at}]:${at}`),
      root,
      trees: [root, volume],
    }
  },
})

const DATA = h.open('/data/sub/shared')
const AGAIN = h.open('/again/shared')
const crowd = h.many('/app', CROWD, 5)

const twice = ['/data', '/again']

/** `held`: of the two links those that no image lists. The file has two names: the log tells that the dump made both */
const shapes: (Shape & { held: number })[] = [
  { ...shape('listed on one mount, held on the other', twice, [DATA, crowd, AGAIN]), held: 1 },
  { ...shape('the other way round', twice, [AGAIN, crowd, DATA]), held: 1 },
  { ...shape('both listed', twice, [AGAIN, DATA, crowd]), held: 0 },
  { ...shape('none listed', twice, [crowd, AGAIN, DATA]), held: 2 },
  { ...shape('opened twice through one mount', ['/data'], [crowd, DATA, DATA]), held: 2 },
  {
    ...shape(
      'mount namespaces that have it in different places',
      ['/data'],
      [DATA, h.nested([h.bind('/data/sub', '/again')], [AGAIN, crowd])],
    ),
    held: 0,
  },
]

const reasonsIn = ({ report }: Run): string[] =>
  (report?.remaps ?? []).flatMap(({ reason }) => reason ?? [])

for (const one of shapes)
  t.test(one.name, async (t: Test) => {
    const living = await startLiving(one)
    t.teardown(living.end)
    const { base, built, tree, pids, look } = living
    const folder = join(base, 'volume/sub')
    linkSync(`${folder}/shared`, `${folder}/kept`)
    unlinkSync(`${folder}/shared`)
    const first = look()
    const images = join(base, 'images')
    const external = built.dumpExternal ?? []
    const killAt = { before: 'pstree.img' }
    t.equal(tryDump({ pid: tree.pid, images, external, killAt }).code, -1)
    await settled(pids)
    const before = look()
    const links = newLinks(first, before)
    const twins = links.filter((path) => path.startsWith(`${folder}/`))
    t.equal(twins.length, 2, twins.join(' '))
    const args = ['--pid', String(tree.pid), '-D', images]
    const shown = runGc('show', args)
    t.strictSame(onlyRemoved(before, look(), []), [], messagesIn(shown))
    t.equal(shown.report?.remaps?.length, links.length, 'each once')
    t.strictSame(reasonsIn(shown), [], messagesIn(shown))
    // A log that says less leaves the question whose they are.
    const less = join(base, 'less.log')
    const lines = readFileSync(join(images, 'dump.log'), 'latin1').split('\n')
    const last = lines.findLastIndex((line) => /Strip .*shared/.test(line))
    writeFileSync(less, lines.filter((_, index) => index !== last).join('\n'), 'latin1')
    const { atime, mtime } = statSync(join(images, 'dump.log'))
    utimesSync(less, atime, mtime)
    const doubted = runGc('show', [...args, '-L', less])
    t.strictSame(reasonsIn(doubted), Array<string>(one.held).fill('shared'), messagesIn(doubted))
    const run = runGc('clean', args)
    t.strictSame(onlyRemoved(before, look(), links), [], messagesIn(run))
    t.strictSame(run.report?.totals?.removed, links.length)
    t.equal(run.code, 4, messagesIn(run))
    t.equal(await askAll(pids), 'works')
  })
