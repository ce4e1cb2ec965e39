import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Holders } from '../../../src/host/holders.js'
import { FakeNamespaces, nameOf } from './fake-namespaces.js'
import { b } from '../support/model.js'

const OURS = nameOf(50)
const [X, Y] = [b('mnt:[77]'), b('mnt:[78]')]
const [EPERM, EACCES] = [-1, -13]
const ME = `/proc/${process.pid}`

/** All processes share our namespace and hold none, but those of which something else is said. */
const holdersWith = (t: Test, links: Record<string, string | number>, threads = 1): Holders => {
  const { addon, sys } = new FakeNamespaces(t, [])
  addon.on('readlinkat', (_dirfd, path) => {
    const target = links[String(path)] ?? (String(path).endsWith('/ns/mnt') ? OURS : -2)
    if (typeof target === 'number') return target
    addon.link = Buffer.from(target)
    return addon.link.length
  })
  addon.before('statx', (_fd, path) =>
    path === `${ME}/task` ? addon.answerStat({ nlink: 2 + threads }) : undefined,
  )
  const own = sys.openat(-100, '/proc/thread-self/ns/mnt' as never, 0)
  return new Holders(sys, own)
}

const child = async (t: Test, words: string[], argv0?: string): Promise<ChildProcess> => {
  const [command = '', ...args] = words
  const started = spawn(command, args, { stdio: 'ignore', ...(argv0 && { argv0 }) })
  t.teardown(() => started.kill('SIGKILL'))
  await once(started, 'spawn')
  const isIt = (): boolean =>
    fs.readFileSync(`/proc/${started.pid}/cmdline`, 'latin1').startsWith(argv0 ?? command)
  while (!isIt()) await sleep(5)
  return started
}

t.test('processes that are in one, but for ours', (t) => {
  const holders = holdersWith(t, { [`${ME}/ns/mnt`]: X, '/proc/1/ns/mnt': Y })
  t.strictSame([...holders.tasks.keys()].sort(), [X, Y])
  t.match(holders.tasks.get(X), [
    {
      pid: process.pid,
      name: `process ${process.pid}`,
      path: `${ME}/ns/mnt`,
      table: `${ME}/mountinfo`,
    },
  ])
  t.equal(holders.unseen, undefined)
  t.strictSame(holders.holding(X), {
    text: `the mount namespace of process ${process.pid}`,
    pid: process.pid,
    isInside: true,
  })
  t.end()
})

t.test(
  'threads are looked at where there are several, and named where they have left the first',
  (t) => {
    const [tid = ''] = fs.readdirSync(`${ME}/task`).filter((one) => one !== String(process.pid))
    const link = { [`${ME}/task/${tid}/ns/mnt`]: X }
    t.strictSame(holdersWith(t, link).tasks.size, 0)
    const holders = holdersWith(t, link, 2)
    t.match(holders.tasks.get(X), [
      {
        pid: process.pid,
        name: `thread ${tid} of process ${process.pid}`,
        path: `${ME}/task/${tid}/ns/mnt`,
      },
    ])
    const all = holdersWith(
      t,
      { ...link, [`${ME}/ns/mnt`]: X, [`${ME}/task/${process.pid}/ns/mnt`]: X },
      2,
    )
    t.equal(all.tasks.get(X)?.length, 1)
    t.end()
  },
)

t.test('one that may not be looked at, but for init', (t) => {
  for (const error of [EPERM, EACCES]) {
    const denied = holdersWith(t, { [`${ME}/ns/mnt`]: error })
    t.equal(denied.tasks.size, 0)
    t.equal(denied.unseen, `process ${process.pid} may not be looked at`)
    const init = holdersWith(t, { '/proc/1/ns/mnt': error })
    t.equal(init.tasks.size, 0)
    t.equal(init.unseen, undefined)
  }
  t.throws(() => holdersWith(t, { [`${ME}/ns/mnt`]: -12 }).tasks, { code: 'ENOMEM' })
  t.end()
})

t.test('descriptors of others', async (t) => {
  const { pid = 0 } = await child(t, ['sleep', '60'])
  const holders = holdersWith(t, {
    [`/proc/${pid}/fd/0`]: X,
    [`${ME}/fd/0`]: Y,
    [`/proc/${pid}/fd/1`]: 'net:[5]',
    [`/proc/${pid}/fd/2`]: OURS,
  })
  t.strictSame([...holders.descriptors.keys()], [X])
  t.match(holders.descriptors.get(X), [{ pid, path: `/proc/${pid}/fd/0`, table: undefined }])
  t.strictSame(holders.holding(X), {
    text: `the mount namespace that descriptor 0 of process ${pid} keeps`,
    pid,
  })
  t.strictSame(holders.holding(Y), {
    text: 'a mount namespace that no process shows',
    pid: undefined,
  })
})

t.test('other clean-ups, and whoever only looks like one', async (t) => {
  const start = (argv0: string, ...more: string[]): Promise<ChildProcess> =>
    child(t, ['sleep', '60', ...more], argv0)
  const isOf = (links: Record<string, string>): boolean => holdersWith(t, links).isOfCleanUps(X)
  const { pid } = await start('/usr/local/sbin/criu-gc')
  const inside = { [`/proc/${pid}/ns/mnt`]: X }
  t.equal(isOf(inside), true)
  t.equal(isOf({ ...inside, [`${ME}/ns/mnt`]: X }), false, 'another process is in it, too')
  t.equal(isOf({ [`/proc/${pid}/fd/0`]: X }), false, 'it may just be looking')
  t.equal(isOf({}), false, 'nobody that we see')
  const { pid: other } = await child(t, ['sleep', '60'])
  t.equal(isOf({ ...inside, [`/proc/${other}/fd/0`]: X }), false, 'another process holds it, too')
  t.equal(isOf({ ...inside, [`/proc/${pid}/fd/0`]: X }), true)
  const dir = t.testdir({
    'criu-gc.cjs': 'setTimeout(() => {}, 60000)',
    'my-criu-gc': 'setTimeout(() => {}, 60000)',
  })
  for (const [name, is] of [
    ['criu-gc.cjs', true],
    ['my-criu-gc', false],
  ] as const) {
    const { pid } = await child(t, [process.execPath, join(dir, name)])
    t.equal(isOf({ [`/proc/${pid}/ns/mnt`]: X }), is, name)
  }
  const { pid: reader } = await child(t, ['tail', '-f', '/dev/null', join(dir, 'criu-gc.cjs')])
  t.equal(isOf({ [`/proc/${reader}/ns/mnt`]: X }), false, 'who reads its file is none')
})
