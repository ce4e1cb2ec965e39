import fs from 'node:fs'
import { closeInherited } from '../../../src/host/descriptors.js'
import { Sys } from '../../../src/sys/sys.js'
import { test, type Test } from '../support/check.js'
import { FakeAddon } from '../sys/fake-addon.js'

const NODES_OWN = 'anon_inode:[eventpoll]'

/**
 * Real descriptors of this process, one for each target that the kernel is said to answer with; all
 * others are Node's own. Answers with the targets whose descriptors were closed.
 */
const closedOf = (t: Test, targets: readonly string[], standard: readonly string[] = []) => {
  const addon = new FakeAddon()
  const byFd = new Map<number, string>(standard.map((target, fd) => [fd, target]))
  for (const target of targets) {
    const fd = fs.openSync('/dev/null', 'r')
    t.teardown(() => fs.closeSync(fd))
    byFd.set(fd, target)
  }
  for (const fd of byFd.keys()) addon.open.set(fd, { name: 'openat', args: [] })
  addon.on('readlinkat', (_dirfd, path) => {
    const target = byFd.get(Number(String(path).replace('/proc/self/fd/', ''))) ?? NODES_OWN
    addon.link = Buffer.from(target, 'latin1')
    return target === 'gone' ? -2 : undefined
  })
  closeInherited(new Sys(addon))
  const closed = addon.of('close').map(({ args }) => byFd.get(args[0] as number) ?? NODES_OWN)
  return { closed, addon }
}

test('what a caller left open is closed', (t) => {
  const left = ['/etc/passwd', '/', 'socket:[7]', '/memfd:x (deleted)', '/dev/pts/0', '/dev/nullx']
  t.strictSame(closedOf(t, left).closed, left)
})

test('what Node opened is not', (t) => {
  const own = ['anon_inode:[eventfd]', 'anon_inode:[io_uring]', '/dev/null', 'pipe:[9]', 'pipe:[9]']
  t.strictSame(closedOf(t, own).closed, [])
})

test('a pipe is Node’s where both of its ends are here', (t) => {
  const pipes = ['pipe:[1]', 'pipe:[2]', 'pipe:[22]', 'pipe:[1]']
  t.strictSame(closedOf(t, pipes).closed, ['pipe:[2]', 'pipe:[22]'])
})

test('the three standard ones are not looked at, and make no pair', (t) => {
  const { closed, addon } = closedOf(t, ['pipe:[3]'], ['/tty', 'pipe:[3]', 'pipe:[3]'])
  t.strictSame(closed, ['pipe:[3]'], 'a second descriptor of the output’s pipe')
  for (const { args } of addon.of('readlinkat')) t.notMatch(args[1], /fd\/[012]$/)
})

test('one that is gone when it is looked at is left', (t) => {
  t.strictSame(closedOf(t, ['gone', '/x']).closed, ['/x'])
})
