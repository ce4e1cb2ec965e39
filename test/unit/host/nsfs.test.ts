import { namespaceInfo, openNamespace, walkNamespaces } from '../../../src/host/nsfs.js'
import { test } from '../support/check.js'
import { FakeNamespaces } from './fake-namespaces.js'

const [ENOENT, EPERM, ENOTTY] = [-2, -1, -25]
const ROW = [10, 20, 50, 60, 70].map((id) => ({ id, count: id * 2 }))

const walk = (fake: FakeNamespaces, until?: number) => {
  const seen: number[] = []
  const own = fake.sys.openat(-100, '/proc/thread-self/ns/mnt' as never, 0)
  const result = walkNamespaces(fake.sys, own, ({ id, count }, fd) => {
    if (fake.held.get(fd) !== id || count !== id * 2) throw new Error('another namespace')
    seen.push(id)
    return id === until
  })
  fake.sys.close(own)
  return { result, seen, open: fake.addon.open.size }
}

test('all but ours, in both directions', (t) => {
  t.strictSame(walk(new FakeNamespaces(t, ROW)), { result: 0, seen: [20, 10, 60, 70], open: 0 })
  t.strictSame(walk(new FakeNamespaces(t, [])), { result: 0, seen: [], open: 0 })
})

test('until the visitor has seen enough', (t) => {
  t.strictSame(walk(new FakeNamespaces(t, ROW), 20), { result: 0, seen: [20], open: 0 })
  t.strictSame(walk(new FakeNamespaces(t, ROW), 60), { result: 0, seen: [20, 10, 60], open: 0 })
})

test('an error on the way says that not all were seen', (t) => {
  for (const at of [0, 1, 3]) {
    const fake = new FakeNamespaces(t, ROW)
    let left = at
    fake.addon.before('ioctl_nsfs', () => (left-- > 0 ? undefined : EPERM))
    const { result, seen, open } = walk(fake)
    t.strictSame([result, seen.length, open], [EPERM, Math.min(at, 2), 0], String(at))
  }
})

test('in another user namespace the kernel may leave some out without a word', (t) => {
  const fake = new FakeNamespaces(t, ROW)
  fake.user++
  t.strictSame(walk(fake), { result: EPERM, seen: [], open: 0 })
  t.strictSame(fake.addon.of('ioctl_nsfs'), [])
})

test('what is known of one, or that the kernel has no such thing', (t) => {
  const fake = new FakeNamespaces(t, ROW)
  const own = fake.sys.openat(-100, '/proc/thread-self/ns/mnt' as never, 0)
  t.strictSame(namespaceInfo(fake.sys, own), { id: 50, count: 100 })
  fake.addon.on('ioctl_nsfs', () => ENOTTY)
  t.equal(namespaceInfo(fake.sys, own), ENOTTY)
})

test('one is found again by its number', (t) => {
  const fake = new FakeNamespaces(t, ROW)
  const fd = openNamespace(fake.sys, 60)
  t.equal(fake.held.get(fd), 60)
  t.strictSame([...fake.addon.open.keys()], [fd])
  fake.sys.close(fd)
  t.equal(openNamespace(fake.sys, 61), ENOENT)
  fake.user++
  t.equal(openNamespace(fake.sys, 60), EPERM)
  fake.addon.on('openat', () => -24)
  t.equal(openNamespace(fake.sys, 60), -24)
  t.equal(fake.addon.open.size, 0)
})
