import { ImageDirectory } from '../../../src/images/directory.js'
import { lockImages } from '../../../src/host/lock.js'
import { Sys } from '../../../src/sys/sys.js'
import { refuses, test, type Test } from '../support/check.js'
import { FakeAddon } from '../sys/fake-addon.js'

const [EWOULDBLOCK, EIO] = [-11, -5]

const make = (t: Test, ...answers: readonly number[]) => {
  const images = new ImageDirectory(t.testdir({}))
  t.teardown(() => images.close())
  const addon = new FakeAddon()
  let asked = 0
  addon.on('flock', () => answers[Math.min(asked++, answers.length - 1)])
  return { addon, lock: () => lockImages(new Sys(addon), images) }
}

test('an exclusive lock, without waiting in the kernel', (t) => {
  const { addon, lock } = make(t, 0)
  lock()
  t.equal(addon.of('flock').length, 1)
  t.equal(addon.of('flock')[0]?.args[1], 2 | 4)
})

test('another clean-up is waited for', (t) => {
  const { addon, lock } = make(t, EWOULDBLOCK, EWOULDBLOCK, 0)
  const started = Date.now()
  lock()
  t.equal(addon.of('flock').length, 3)
  t.ok(Date.now() - started >= 15, 'not in a busy loop')
})

test('a file system without locks needs none', (t) => {
  for (const errno of [-37, -95, -38, -22]) t.doesNotThrow(make(t, errno).lock, String(errno))
})

test('any other refusal is busy', (t) => {
  const error = refuses(t, make(t, EIO).lock, 'busy', /another clean-up holds the lock/)
  t.match(error?.next, /nothing was touched/)
})
