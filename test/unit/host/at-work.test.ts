// Real processes of our own: what a dump or a restore at work looks like from outside.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { whoIsAtWork, whoTraces } from '../../../src/host/at-work.js'
import { ancestors, startOf } from '../../../src/host/processes.js'
import { hostView } from '../../../src/host/view.js'
import { at } from '../support/model.js'
import { FakeAddon } from '../sys/fake-addon.js'
import { Sys } from '../../../src/sys/sys.js'
import { needs } from '../../rig/needs.js'
import { loadAddon } from '../../../src/sys/addon.js'
import { inRepo } from '../../rig/repo.js'

const sys = (): Sys => new Sys(loadAddon(inRepo('dist')))

const fake = (fd: number): FakeAddon => {
  const addon = new FakeAddon()
  addon.open.set(fd, { name: 'openat', args: [] })
  return addon
}

const root = process.getuid?.() === 0 ? false : 'needs root: processes of others hold files, too'

/** A process under that name, with these as its descriptors. */
const holder = async (t: Test, argv0: string, ...held: number[]): Promise<ChildProcess> => {
  const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', ...held]
  const child = spawn('sleep', ['3600'], { argv0, stdio })
  t.teardown(() => child.kill('SIGKILL'))
  await new Promise((resolve) => child.once('spawn', resolve))
  // The name is there only after execve(2).
  const isNamed = (): boolean =>
    fs.readFileSync(`/proc/${child.pid}/cmdline`, 'latin1').startsWith(argv0)
  while (!isNamed()) await setTimeout(5)
  return child
}

/** Empty for one that has ended. */
const statusOf = (pid: number): string => {
  try {
    return fs.readFileSync(`/proc/${pid}/status`, 'latin1')
  } catch {
    return ''
  }
}

const end = async (child: ChildProcess): Promise<void> => {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

const open = (t: Test, path: string, flags = 'r'): number => {
  const fd = fs.openSync(path, flags)
  t.teardown(() => fs.closeSync(fd))
  return fd
}

t.test('nobody is at work', { skip: root }, (t) => {
  t.equal(whoIsAtWork(sys(), open(t, t.testdir({}))), undefined, 'that we hold it is no work')
  t.end()
})

t.test('who has the directory open, whatever it is called', { skip: root }, async (t) => {
  const fd = open(t, t.testdir({}))
  for (const name of ['criu', '/usr/sbin/criu-4.2', 'criu: dump --rpc', 'ld-linux-x86-64.so.2']) {
    const child = await holder(t, name, fd)
    t.equal(
      whoIsAtWork(sys(), fd)?.text,
      `process ${child.pid} (sleep) has the image directory open`,
      name,
    )
    await end(child)
    t.equal(whoIsAtWork(sys(), fd), undefined)
  }
})

/** A shell under that name, and a child of it that executes nothing; both hold what is given, and wait. */
const family = async (t: Test, argv0: string, fd: number): Promise<[ChildProcess, number]> => {
  const script = '(read x <&4) & echo $!; read x'
  const stdio: StdioOptions = ['pipe', 'pipe', 'ignore', fd, 'pipe']
  const parent = spawn('sh', ['-c', script], { argv0, stdio })
  t.teardown(() => parent.kill('SIGKILL'))
  // With its end the child reads the end of it, too.
  t.teardown(() => parent.stdio[4]?.destroy())
  const [line] = (await once(parent.stdout!, 'data')) as [Buffer]
  return [parent, Number(line)]
}

t.test('a child that outlived its CRIU', { skip: root }, async (t) => {
  const fd = open(t, t.testdir({}))
  const [parent, child] = await family(t, 'criu', fd)
  t.match(whoIsAtWork(sys(), fd)?.text, /^process \d+ \(sh\) has the image directory open$/)
  t.equal(whoIsAtWork(sys(), fd)?.orphan, undefined, 'while that one lives')
  await end(parent)
  const text = `process ${child} (sh) has the image directory open`
  t.strictSame(whoIsAtWork(sys(), fd), { text, orphan: child })
  const other = await holder(t, 'criu', fd)
  t.strictSame(
    whoIsAtWork(sys(), fd),
    { text: `process ${other.pid} (sleep) has the image directory open` },
    'whoever was started as CRIU may be at work on it',
  )
  await end(other)
  t.equal(whoIsAtWork(sys(), fd)?.orphan, child)
})

t.test('children of others are nobody that may be ended', { skip: root }, async (t) => {
  const fd = open(t, t.testdir({}))
  const [parent, child] = await family(t, 'rsync', fd)
  await end(parent)
  const text = `process ${child} (sh) has the image directory open`
  t.strictSame(whoIsAtWork(sys(), fd), { text })
})

const strace = root || needs('strace')

t.test('nor is one that somebody traces, or that traces others', { skip: strace }, async (t) => {
  const fd = open(t, t.testdir({}))
  const [parent, child] = await family(t, 'criu', fd)
  await end(parent)
  t.equal(whoIsAtWork(sys(), fd)?.orphan, child)
  const tracer = spawn('strace', ['-o', '/dev/null', '-p', String(child)], { stdio: 'ignore' })
  t.teardown(() => tracer.kill('SIGKILL'))
  while (!/^TracerPid:\t[1-9]/m.test(statusOf(child))) await setTimeout(5)
  t.equal(whoIsAtWork(sys(), fd)?.orphan, undefined)
})

t.test('another clean-up waits for the lock', { skip: root }, async (t) => {
  const fd = open(t, t.testdir({}))
  for (const name of ['criu-gc', '/usr/sbin/criu-gc', 'criu-gc.cjs']) await holder(t, name, fd)
  t.equal(whoIsAtWork(sys(), fd), undefined)
})

t.test('who writes to an image, and who reads one', { skip: root }, async (t) => {
  const base = t.testdir({ images: { 'pages-1.img': 'x' }, 'images.old': { 'pages-1.img': 'x' } })
  const dir = `${base}/images`
  const fd = open(t, dir)
  await holder(t, 'tar', open(t, `${dir}/pages-1.img`), open(t, `${dir}.old/pages-1.img`, 'a'))
  t.equal(whoIsAtWork(sys(), fd), undefined)
  const writer = await holder(t, 'rsync', open(t, `${dir}/pages-1.img`, 'a'))
  t.equal(
    whoIsAtWork(sys(), fd)?.text,
    `process ${writer.pid} (sleep) has a file of these images open to write to it`,
  )
})

t.test('another directory, and one with the same number', { skip: root }, async (t) => {
  const dir = t.testdir({ a: {}, b: {} })
  await holder(t, 'criu', open(t, `${dir}/a`))
  const fd = open(t, `${dir}/b`)
  t.equal(whoIsAtWork(sys(), fd), undefined)
  // The roots of two file systems of one kind have the same number.
  await holder(t, 'criu', open(t, '/sys'))
  // Nobody else holds that one, nor writes below it to anything but terminals.
  const terminals = open(t, '/dev/pts')
  t.equal(fs.fstatSync(terminals).ino, fs.statSync('/sys').ino, 'as it is here')
  t.equal(whoIsAtWork(sys(), terminals), undefined)
})

t.test('what may not be looked at is at work where it is CRIU', async (t) => {
  const dir = t.testdir({})
  const fd = open(t, dir)
  const [criu, other] = [await holder(t, '/opt/criu'), await holder(t, 'mycriu')]
  const addon = fake(fd)
  for (const [pid, isBusy] of [
    [other.pid, false],
    [criu.pid, true],
  ] as const) {
    addon.on('find_holders', () => {
      addon.memory = Buffer.from(new Int32Array([pid ?? 0, -13, 0]).buffer)
      return 12
    })
    const said = whoIsAtWork(new Sys(addon), fd)
    t.equal(
      said?.text,
      isBusy ? `process ${pid} (sleep) is CRIU, and may not be looked at (EACCES)` : undefined,
    )
  }
})

t.test('as much room as there are rows, and an error that is ours', (t) => {
  const fd = open(t, t.testdir({}))
  const addon = fake(fd)
  const rooms: unknown[] = []
  addon.on('find_holders', (_high, _low, _path, _mayAsk, room) => {
    rooms.push(room)
    return rooms.length < 3 ? -75 : 0
  })
  t.equal(whoIsAtWork(new Sys(addon), fd), undefined)
  t.strictSame(rooms, [3072, 12288, 49152])
  addon.on('find_holders', () => -24)
  t.throws(() => whoIsAtWork(new Sys(addon), fd), { code: 'EMFILE' })
  t.end()
})

t.test('who waits for us', (t) => {
  const found = ancestors()
  t.equal(found[0], process.ppid)
  t.notOk(found.includes(process.pid) || found.includes(1))
  t.end()
})

t.test('a task of the tree that is traced', { skip: root || needs('strace') }, async (t) => {
  const tracer = spawn('strace', ['-o', '/dev/null', 'sleep', '3600'], { stdio: 'ignore' })
  t.teardown(() => tracer.kill('SIGKILL'))
  await new Promise((resolve) => tracer.once('spawn', resolve))
  const childrenOf = (): number[] =>
    fs
      .readFileSync(`/proc/${tracer.pid}/task/${tracer.pid}/children`, 'latin1')
      .split(' ')
      .filter((pid) => pid !== '')
      .map(Number)
  // Before it starts anything strace tries what the kernel can, with children of its own.
  const traced = (pid: number): boolean => {
    const status = statusOf(pid)
    return status.startsWith('Name:\tsleep') && status.includes(`TracerPid:\t${tracer.pid}`)
  }
  let task: number | undefined
  while ((task = childrenOf().find(traced)) === undefined) await setTimeout(5)
  const found = task
  t.teardown(() => {
    process.kill(found, 'SIGKILL')
  })
  const host = hostView()
  const now = Date.now() / 1000
  t.equal(
    whoTraces([process.pid, task], host, at(now + 60))?.text,
    `process ${tracer.pid} (strace) traces process ${task} of the tree`,
  )
  t.match(
    whoTraces([task], host, at(now))?.text,
    /strace/,
    'also one that was started just before the end',
  )
  t.equal(whoTraces([process.pid], host, at(now + 60)), undefined, 'not one that nobody traces')
  t.equal(whoTraces([task], host, at(now - 3600)), undefined, 'nor one that was started later')
  t.ok(startOf(task) > 0)
})
