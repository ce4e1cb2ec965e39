import { ImageDirectory } from '../../../src/images/directory.js'
import { lockImages } from '../../../src/host/lock.js'
import { Sys } from '../../../src/sys/sys.js'
import { refuses, test, type Test } from '../support/check.js'
import { FakeAddon } from '../sys/fake-addon.js'

const [EINTR, EWOULDBLOCK, EIO] = [-4, -11, -5]
const [LOCK_EX, LOCK_NB] = [2, 4]

/** One answer for each time that the lock is asked for; no process can be looked at. */
const make = (t: Test, ...answers: readonly number[]) => {
  const images = new ImageDirectory(t.testdir({}))
  t.teardown(() => images.close())
  const addon = new FakeAddon().on('openat', () => -2)
  let asked = 0
  addon.on('flock', () => answers[Math.min(asked++, answers.length - 1)])
  return { addon, lock: () => lockImages(new Sys(addon), images) }
}

test('an exclusive lock, without waiting in the kernel', (t) => {
  const { addon, lock } = make(t, 0)
  lock()
  t.equal(addon.of('flock').length, 1)
  t.equal(addon.of('flock')[0]?.args[1], LOCK_EX | LOCK_NB)
})

test('another clean-up is waited for', (t) => {
  const { addon, lock } = make(t, EWOULDBLOCK, EINTR, 0)
  const started = Date.now()
  lock()
  t.strictSame(
    addon.of('flock').map(({ args }) => args[1]),
    [LOCK_EX | LOCK_NB, LOCK_EX | LOCK_NB, LOCK_EX | LOCK_NB],
  )
  t.ok(Date.now() - started >= 15, 'not in a busy loop')
})

test('but not for ever', (t) => {
  const { lock } = make(t, EWOULDBLOCK)
  const { now } = Date
  let clock = 0
  Date.now = () => (clock += 4000)
  t.teardown(() => (Date.now = now))
  const error = refuses(t, lock, 'busy', /another clean-up holds the lock/)
  t.match(error?.next, /nothing was touched/)
})

test('a file system without locks needs none', (t) => {
  for (const errno of [-37, -95, -38, -22]) t.doesNotThrow(make(t, errno).lock, String(errno))
})

test('any other refusal is not somebody else’s lock', (t) => {
  const error = refuses(t, make(t, EIO).lock, 'bad-images', /cannot be locked \(EIO\)/)
  t.match(error?.next, /nothing was touched/)
})
