// Real processes of our own: what a CRIU at work looks like from outside.
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { criuAtWork, foreignNamespaces } from '../../../src/host/processes.js'
import { Sys } from '../../../src/sys/sys.js'
import { FakeAddon } from '../sys/fake-addon.js'

/** The few calls that are made here, on the real /proc, without the addon. */
const realSys = (directory = -1): Sys => {
  const addon = new FakeAddon()
  const attempt = (act: () => number): number => {
    try {
      return act()
    } catch (error) {
      return (error as NodeJS.ErrnoException).errno ?? -5
    }
  }
  addon.on('openat', (_dirfd, path) => attempt(() => fs.openSync(String(path), 'r')))
  addon.on('close', (fd) => {
    fs.closeSync(fd as number)
    return 0
  })
  addon.on('readlinkat', (_dirfd, path) =>
    attempt(() => {
      addon.link = fs.readlinkSync(String(path), { encoding: 'buffer' })
      return addon.link.length
    }),
  )
  addon.on('statx', (fd, path) =>
    attempt(() => {
      const { dev, ino } = path === '' ? fs.fstatSync(fd as number) : fs.statSync(String(path))
      return addon.answerStat({ inoLow: ino, minor: dev })
    }),
  )
  addon.open.set(directory, { name: 'openat', args: [] })
  return new Sys(addon)
}

/** A process under that name with the directory as its standard input. */
const holder = async (t: Test, directory: number, argv0: string): Promise<ChildProcess> => {
  const child = spawn('sleep', ['60'], { argv0, stdio: [directory, 'ignore', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  await new Promise((resolve) => child.once('spawn', resolve))
  // The name is there only after execve(2).
  for (let i = 0; i < 100; i++) {
    if (fs.readFileSync(`/proc/${child.pid}/cmdline`, 'latin1').startsWith(argv0)) break
    await setTimeout(10)
  }
  return child
}

const open = (t: Test, dir: string): number => {
  const fd = fs.openSync(dir, 'r')
  t.teardown(() => fs.closeSync(fd))
  return fd
}

t.test('nobody is at work', (t) => {
  t.equal(criuAtWork(realSys(), open(t, t.testdir({}))), undefined)
  t.end()
})

t.test('a process named criu that has the directory open', async (t) => {
  const fd = open(t, t.testdir({}))
  const child = await holder(t, fd, 'criu')
  t.equal(criuAtWork(realSys(fd), fd), child.pid)
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  t.equal(criuAtWork(realSys(fd), fd), undefined)
})

t.test('by its path, and by the name that its service gives itself', async (t) => {
  for (const name of ['/usr/sbin/criu', 'criu: dump --rpc']) {
    const fd = open(t, t.testdir({}))
    const child = await holder(t, fd, name)
    t.equal(criuAtWork(realSys(fd), fd), child.pid, name)
    child.kill('SIGKILL')
  }
})

t.test('others that have it open are not CRIU', async (t) => {
  const fd = open(t, t.testdir({}))
  for (const name of ['criu-gc', 'mycriu', '/opt/criu/other', 'sleep']) await holder(t, fd, name)
  t.equal(criuAtWork(realSys(fd), fd), undefined)
})

t.test('CRIU at work on another directory', async (t) => {
  const dir = t.testdir({ a: {}, b: {} })
  await holder(t, open(t, `${dir}/a`), 'criu')
  const fd = open(t, `${dir}/b`)
  t.equal(criuAtWork(realSys(fd), fd), undefined)
})

t.test('our own namespace is not a foreign one', (t) => {
  const own = fs.readlinkSync('/proc/self/ns/mnt')
  for (const { pid } of foreignNamespaces(realSys(), []).tables) {
    let other: string | undefined
    try {
      other = fs.readlinkSync(`/proc/${pid}/ns/mnt`)
    } catch {
      continue
    }
    if (other === own) t.fail(`process ${pid} is in ours`)
  }
  t.pass('none of them')
  t.end()
})

t.test('each other namespace once, with its mounts', (t) => {
  const addon = new FakeAddon()
  // These are processes for certain; to everybody else we have no access.
  const others: Record<string, string> = {
    '/proc/thread-self/ns/mnt': 'mnt:[1]',
    [`/proc/${process.pid}/ns/mnt`]: 'mnt:[2]',
    [`/proc/${process.ppid}/ns/mnt`]: 'mnt:[2]',
    '/proc/1/ns/mnt': 'mnt:[1]',
  }
  addon.on('readlinkat', (_dirfd, path) => {
    const target = others[String(path)]
    if (target === undefined) return -13
    addon.link = Buffer.from(target)
    return addon.link.length
  })
  const found = foreignNamespaces(new Sys(addon), []).tables
  t.equal(found.length, 1)
  t.ok([process.pid, process.ppid].includes(found[0]!.pid))
  t.ok(found[0]!.mounts.some(({ mountpoint }) => mountpoint === '/'))
  t.end()
})
