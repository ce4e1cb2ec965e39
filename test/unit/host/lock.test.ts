import { ImageDirectory } from '../../../src/images/directory.js'
import { lockImages, whileIdle } from '../../../src/host/lock.js'
import { GcError } from '../../../src/errors.js'
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

test('NFS locks no archive that is open for reading, and needs none', (t) => {
  const lock = (what: 'archive' | 'image directory') => () => {
    const images = new ImageDirectory(t.testdir({}))
    t.teardown(() => images.close())
    Object.assign(images, { what })
    lockImages(new Sys(new FakeAddon().on('flock', () => -9)), images)
  }
  t.doesNotThrow(lock('archive'))
  refuses(t, lock('image directory'), 'bad-images', /directory cannot be locked \(EBADF\)/)
})

test('any other refusal is not somebody else’s lock', (t) => {
  const error = refuses(t, make(t, EIO).lock, 'bad-images', /cannot be locked \(EIO\)/)
  t.match(error?.next, /nothing was touched/)
})

/** What is looked at, and who is found to be at work right afterwards. */
const atWork = (t: Test, holder: number) => {
  const images = new ImageDirectory(t.testdir({}))
  t.teardown(() => images.close())
  const addon = new FakeAddon()
  addon.open.set(images.fd, { name: 'openat', args: [] })
  addon.on('find_holders', () => {
    addon.memory = Buffer.from(new Int32Array([holder, 3, 1]).buffer)
    return holder === 0 ? 0 : 12
  })
  return { images, sys: new Sys(addon), addon }
}

test('who is at work is looked for when all is ready', (t) => {
  const { images, sys, addon } = atWork(t, 0)
  const order: string[] = []
  addon.before('find_holders', () => {
    order.push('looked')
    return undefined
  })
  const act = () => order.push('ready')
  t.equal(whileIdle(sys, images, act), 1)
  t.strictSame(order, ['ready', 'looked'])
})

test('what was read meanwhile may be half written: its mistakes are none', (t) => {
  const { images, sys } = atWork(t, 1)
  const act = () => {
    throw new GcError('bad-images', 'cut')
  }
  const error = refuses(t, () => whileIdle(sys, images, act), 'busy', /process 1 .* has the image/)
  t.match(error?.next, /nothing was touched; try again/)
  refuses(t, () => whileIdle(sys, images, () => 'done'), 'busy', /somebody is at work/)
})

test('with nobody at work a mistake is one', (t) => {
  const { images, sys } = atWork(t, 0)
  const act = () => {
    throw new GcError('bad-images', 'cut')
  }
  refuses(t, () => whileIdle(sys, images, act), 'bad-images', /cut/)
})

test('of an archive that is what is said', (t) => {
  const { images, sys } = atWork(t, 1)
  Object.assign(images, { what: 'archive' })
  refuses(t, () => whileIdle(sys, images, () => 1), 'busy', /process 1 .* has the archive open/)
})
