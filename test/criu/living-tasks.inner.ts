// The process that --pid names, and its tree: of no process, of a zombie, of ourselves, traced, very large, coming and
// going, ended meanwhile, its number given again, and what a caller without the privilege hears. Links are made by hand
// where no dump is needed. Run by living-tasks.test.ts.
import { spawn, spawnSync } from 'node:child_process'
import { linkSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { criu, tryDump } from '../rig/criu.js'
import { gc, runGc } from '../rig/gc.js'
import * as h from '../rig/holder.js'
import { messagesIn } from '../rig/kill-row.js'
import {
  isDead,
  newLinks,
  settled,
  startLiving,
  until,
  type Living,
  type Shape,
} from '../rig/living.js'
import { onlyRemoved } from '../rig/manifest.js'
import { mountTables } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { makeRootfs, makeTree } from '../rig/rootfs.js'
import { send } from '../rig/signal.js'

const container = (inside: h.Instruction[]): Shape => ({
  name: 'container',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`)
    return { instructions: h.container(root, [], inside), held: [], root, trees: [root] }
  },
})

const hostTree: Shape = {
  name: 'host',
  build(base) {
    const tree = makeTree(`${base}/tree`)
    return { instructions: [['stdio'], h.many(tree, 3, 5)], held: [], trees: [tree] }
  },
}

async function started(t: Test, shape: Shape): Promise<Living> {
  const living = await startLiving(shape)
  t.teardown(living.end)
  return living
}

/** as a dump that was killed leaves it: of the file with that other name */
const linkTo = (survivor: string, number: number): string => {
  const link = join(survivor, '..', `link_remap.${number}`)
  linkSync(survivor, link)
  return link
}

const since = (pid: number): string[] => ['--pid', String(pid), '--since', '1h']

function refuses(t: Test, living: Living, args: string[], code: number, why: RegExp): void {
  const [before, tables] = [living.look(), mountTables()]
  for (const word of ['show', 'clean'] as const) {
    const run = runGc(word, args)
    t.equal(run.code, code, `${word}: ${messagesIn(run)}`)
    t.match(run.stderr, why)
  }
  t.strictSame(onlyRemoved(before, living.look(), []), [])
  t.strictSame(mountTables(), tables)
}

t.test('no process, an ended one, ourselves', async (t) => {
  const living = await started(t, hostTree)
  linkTo(join(living.base, 'tree/new-0'), 4)
  refuses(t, living, since(0x3fffff), 2, /there is no process 4194303/)
  for (const wrong of ['0', '-1', '', '1x'])
    refuses(t, living, ['--pid', wrong, '--since', '1h'], 2, /--pid/)
  const { tree, base } = living
  refuses(t, living, [...since(tree.pid), '-r', base], 2, /--root is of no use with --pid/)
  // a child that its parent does not reap
  const zombie = spawn('sh', ['-c', 'sh -c : & exec sleep 3600'], { stdio: 'ignore' })
  t.teardown(() => zombie.kill('SIGKILL'))
  const parent = zombie.pid ?? 0
  const child = await until('no zombie', () => {
    const text = readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1')
    const pid = Number.parseInt(text, 10)
    return pid > 0 && isDead(pid) ? pid : undefined
  })
  refuses(t, living, since(child), 2, /has ended/)
  refuses(t, living, since(process.pid), 2, /this very run is below it/)
})

t.test(
  'a tree that somebody traces, and images that are held',
  { skip: needs('strace') },
  async (t) => {
    const living = await started(t, container([h.many('/app', 2, 5), ['fork', 'end']]))
    const link = linkTo(join(living.base, 'rootfs/app/new-0'), 77)
    const child = living.pids[1] ?? 0
    const tracer = spawn('strace', ['-o', '/dev/null', '-p', String(child)], { stdio: 'ignore' })
    t.teardown(() => tracer.kill('SIGKILL'))
    const isTraced = (): boolean =>
      /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${child}/status`, 'latin1'))
    await until('not traced', () => (isTraced() ? true : undefined))
    refuses(t, living, since(living.tree.pid), 6, /traces process/)
    tracer.kill('SIGTERM')
    await until('still traced', () => (isTraced() ? undefined : true))

    const images = join(living.base, 'images')
    const options = { pid: living.tree.pid, images, killAt: { before: 'pstree.img' } as const }
    t.equal(tryDump(options).code, -1)
    await settled(living.pids)
    // by another process: what this one holds is its child's caller's
    const holder = spawn('sleep', ['3600'], {
      stdio: ['ignore', 'ignore', 'ignore', openSync(images, 0)],
    })
    t.teardown(() => holder.kill('SIGKILL'))
    refuses(t, living, ['--pid', String(options.pid), '-D', images], 6, /at work on these images/)
    t.ok(living.look().has(link))
  },
)

t.test('a child that outlived its CRIU, and a daemon of CRIU', async (t) => {
  const living = await started(t, container([h.many('/app', 2, 5)]))
  const { tree, pids, base } = living
  const link = linkTo(join(base, 'rootfs/app/new-0'), 77)
  const images = join(base, 'images')
  const args = ['--pid', String(tree.pid), '-D', images]
  t.equal(tryDump({ pid: tree.pid, images, killAt: { fork: 1 } }).code, -1)
  await settled(pids)
  const run = runGc('clean', args)
  t.equal(run.code, 6, messagesIn(run))
  t.match(run.report?.error?.message, /^a CRIU that was killed has left a child running: process /)
  const orphan = Number(/"kill -KILL (\d+)"/.exec(run.report?.error?.next ?? '')?.[1])
  t.match(readFileSync(`/proc/${orphan}/cmdline`, 'latin1'), images)
  t.teardown(() => send(orphan, 'SIGKILL'))
  t.ok(living.look().has(link))

  // forked from a CRIU that has ended, and at work all the same
  const server = ['page-server', '--daemon', '--images-dir', images, '--address', '127.0.0.1']
  const words = [...server, '--pidfile', join(base, 'server.pid')]
  t.equal(spawnSync(criu, words, { stdio: 'ignore', timeout: 60_000 }).status, 0)
  const daemon = Number(readFileSync(join(base, 'server.pid'), 'latin1'))
  t.teardown(() => send(daemon, 'SIGKILL'))
  refuses(t, living, args, 6, new RegExp(`somebody is at work on these images: process ${daemon} `))
  send(daemon, 'SIGKILL')
  await until('the daemon goes on', () => (isDead(daemon) ? true : undefined))

  refuses(t, living, args, 6, /kill -KILL/)
  send(orphan, 'SIGKILL')
  await until('the child goes on', () => (isDead(orphan) ? true : undefined))
  const before = living.look()
  const done = runGc('clean', args)
  t.strictSame(onlyRemoved(before, living.look(), done.code === 4 ? [link] : []), [])
  t.ok([3, 4].includes(done.code), messagesIn(done))
})

t.test('a thousand processes, and tasks that come and go meanwhile', async (t) => {
  const forks = Array.from({ length: 999 }, () => ['fork', 'end'])
  const last: h.Instruction = ['fork', ...h.hold('/app/old', '/app/kept', 5), 'end']
  const living = await started(t, container([...forks, last]))
  const link = linkTo(join(living.base, 'rootfs/app/kept'), 4)
  t.equal(living.pids.length, 1001)
  // ended one after the other while the tree is looked at: none of these holds anything
  const doomed = living.pids.slice(1, 900)
  const reaper = spawn('sh', ['-c', `for p in ${doomed.join(' ')}; do kill -9 $p; done`])
  const before = living.look()
  const run = runGc('clean', since(living.tree.pid))
  t.strictSame(onlyRemoved(before, living.look(), [link]), [], messagesIn(run))
  t.strictSame(run.report?.living?.unread, [])
  t.ok((run.report?.living?.processes ?? 0) >= 102, `${run.report?.living?.processes} processes`)
  t.equal(run.code, 4)
  if (reaper.exitCode === null) await new Promise((resolve) => reaper.once('exit', resolve))
})

t.test('a container that ends meanwhile', async (t) => {
  for (let round = 0; round < 8; round++) {
    const living = await startLiving(container([h.many('/app', 200, 5)]))
    try {
      const app = join(living.base, 'rootfs/app')
      const links = Array.from({ length: 200 }, (_, n) => linkTo(`${app}/new-${n}`, n + 10))
      const before = living.look()
      // at another moment each time: how far the run has come by then is left to chance
      const delay = (round * 0.03).toFixed(2)
      const killer = spawn('sh', ['-c', `sleep ${delay}; kill -9 ${living.tree.pid}`])
      const run = runGc('clean', since(living.tree.pid))
      if (killer.exitCode === null) await new Promise((resolve) => killer.once('exit', resolve))
      const after = living.look()
      const gone = links.filter((path) => !after.has(path))
      t.strictSame(onlyRemoved(before, after, gone), [], messagesIn(run))
      t.ok([2, 4, 8].includes(run.code) || gone.length === links.length, `exit ${run.code}`)
      t.equal(run.report?.totals?.removed ?? 0, gone.length)
      t.comment(`killed after ${delay} s: exit ${run.code}, ${gone.length} of ${links.length} gone`)
    } finally {
      await living.end()
    }
  }
})

/** starts a process under that number of our own pid namespace; false where somebody else got it */
const startAs = (pid: number): number | undefined => {
  writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1))
  const child = spawn('sleep', ['3600'], { stdio: 'ignore' })
  if (child.pid === pid) return pid
  child.kill('SIGKILL')
  return undefined
}

t.test('a number that was given again is another container', async (t) => {
  const living = await startLiving(hostTree)
  t.teardown(living.end)
  const images = join(living.base, 'images')
  const { pid } = living.tree
  const first = living.look()
  t.equal(tryDump({ pid, images, killAt: { before: 'pstree.img' } }).code, -1)
  await settled(living.pids)
  const links = newLinks(first, living.look())
  t.equal(links.length, 3)
  send(pid, 'SIGKILL')
  await until('still there', () => (readdirSync('/proc').includes(String(pid)) ? undefined : true))
  const again = await until('the number is taken', () => startAs(pid))
  t.teardown(() => send(again, 'SIGKILL'))
  const before = living.look()
  const run = runGc('clean', ['--pid', String(pid), '-D', images])
  t.strictSame(onlyRemoved(before, living.look(), []), [], 'what it does not hold is not touched')
  t.equal(run.code, 4, messagesIn(run))
})

t.test('without CAP_SYS_PTRACE', async (t) => {
  const living = await started(t, container([h.many('/app', 2, 5)]))
  linkTo(join(living.base, 'rootfs/app/new-0'), 4)
  const before = living.look()
  const under = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace']
  const run = gc(['clean', ...since(living.tree.pid), '--json'], under)
  t.strictSame(onlyRemoved(before, living.look(), []), [])
  t.ok(run.code === 8 || run.code === 4, messagesIn(run))
  t.match(run.stderr + run.stdout, /CAP_SYS_PTRACE|EACCES|EPERM/)
})
