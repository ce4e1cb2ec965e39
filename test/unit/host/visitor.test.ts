import { withVisitor } from '../../../src/host/visitor.js'
import { test, type Test } from '../support/check.js'
import { FakeNamespaces } from './fake-namespaces.js'

const always = (): void => undefined
const INSIDE = '5 1 0:50 / / rw - tmpfs kept rw\n6 5 0:51 / /a rw - proc proc rw\n'
const [EPERM, ETIMEDOUT] = [-1, -110]

const kernel = (t: Test): FakeNamespaces =>
  new FakeNamespaces(t, [{ id: 9, inside: INSIDE }, { id: 10 }]).link('nine', 9).link('ten', 10)

const held = (fake: FakeNamespaces, name: string): number => fake.sys.openat(-100, name as never, 0)

test('a table is opened inside and read when we are back', (t) => {
  const fake = kernel(t)
  const nine = held(fake, 'nine')
  const table = withVisitor(fake.sys, (visitor) => {
    t.equal(visitor.mayGo, 0)
    return visitor.read(nine, ({ fstype }) => fstype === 'tmpfs', always)
  })
  t.match(table, { mounts: [{ mountpoint: '/', fstype: 'tmpfs' }] })
  t.strictSame(fake.addon.order('unshare', 'setns'), ['unshare', 'setns', 'setns', 'setns'])
  t.equal(fake.addon.of('unshare')[0]?.args[0], 0x200, 'a root that is no other thread’s')
  const calls = fake.addon.calls.slice(fake.addon.calls.findLastIndex((one) => one.name === 'setns' && one.args[0] === nine)) // prettier-ignore
  t.strictSame(
    calls.slice(0, 3).map(({ name }) => name),
    ['setns', 'openat', 'setns'],
    'nothing else is done there',
  )
  t.strictSame([...fake.addon.open.keys()], [nine])
})

test('its root is opened likewise', (t) => {
  const fake = kernel(t)
  const nine = held(fake, 'nine')
  const root = withVisitor(fake.sys, (visitor) => visitor.openRoot(nine))
  t.ok(root > 0)
  t.strictSame(fake.place, [50, true])
  t.strictSame([...fake.addon.open.keys()], [nine, root])
})

test('one that cannot be entered', (t) => {
  const fake = kernel(t)
  const ten = held(fake, 'ten')
  t.equal(
    withVisitor(fake.sys, (visitor) => visitor.openRoot(ten)),
    EPERM,
  )
  t.equal(
    withVisitor(fake.sys, (visitor) => visitor.read(ten, () => true, always)),
    EPERM,
  )
  t.strictSame(fake.place, [50, true])
})

test('from a chroot nobody goes, and it is put right', (t) => {
  const fake = kernel(t)
  fake.isChrooted = true
  const nine = held(fake, 'nine')
  const result = withVisitor(fake.sys, (visitor) => [visitor.mayGo, visitor.openRoot(nine)])
  t.strictSame(result, [EPERM, EPERM])
  t.strictSame(fake.addon.order('setns', 'fchdir', 'chroot'), ['setns', 'fchdir', 'chroot'])
  t.equal(fake.addon.of('chroot')[0]?.args[0], '.')
  t.strictSame(fake.place, [50, true])
  fake.addon.on('chroot', () => EPERM)
  t.throws(() => withVisitor(fake.sys, () => 0), { syscall: 'chroot', code: 'EPERM' })
})

test('without the privilege to go', (t) => {
  const fake = kernel(t)
  fake.addon.on('setns', () => EPERM)
  t.equal(
    withVisitor(fake.sys, (visitor) => visitor.mayGo),
    EPERM,
  )
  t.strictSame(fake.addon.of('chroot'), [])
})

test('where there is no way back, nothing goes on', (t) => {
  const fake = kernel(t)
  const nine = held(fake, 'nine')
  let left = 2
  fake.addon.before('setns', () => (left-- > 0 ? undefined : -12))
  t.throws(() => withVisitor(fake.sys, (visitor) => visitor.openRoot(nine)), {
    syscall: 'setns',
    code: 'ENOMEM',
  })
})

/** The working directory is another than the root. */
const elsewhere = (fake: FakeNamespaces): FakeNamespaces => {
  fake.home = 77
  return fake
}

test('the working directory is as before, each time', (t) => {
  const fake = elsewhere(kernel(t))
  const nine = held(fake, 'nine')
  withVisitor(fake.sys, (visitor) => visitor.openRoot(nine))
  t.strictSame(fake.addon.order('setns', 'fchdir'), ['setns', 'fchdir', 'setns', 'setns', 'fchdir'])
  fake.isChrooted = true
  withVisitor(fake.sys, () => 0)
  t.strictSame(fake.addon.order('setns', 'fchdir', 'chroot').slice(5), [
    'setns',
    'fchdir',
    'chroot',
    'fchdir',
  ])
})

test('a working directory on a server that may be silent is asked first', (t) => {
  const fake = elsewhere(kernel(t))
  // A descriptor that is none of ours is on no mount that is known: higher than any that is.
  for (let taken = 0; taken < 1000; taken++) fake.addon.given()
  fake.addon.on('answers', () => ETIMEDOUT)
  t.equal(
    withVisitor(fake.sys, (visitor) => visitor.mayGo),
    ETIMEDOUT,
  )
  t.strictSame(fake.addon.order('setns', 'fchdir'), [])
})
