// Real processes of our own: what a CRIU at work looks like from outside.
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { criuAtWork } from '../../../src/host/processes.js'
import { realSys } from './real.js'

/** A process under that name with the directory as its standard input. */
const holder = async (t: Test, directory: number, argv0: string): Promise<ChildProcess> => {
  const child = spawn('sleep', ['3600'], { argv0, stdio: [directory, 'ignore', 'ignore'] })
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
