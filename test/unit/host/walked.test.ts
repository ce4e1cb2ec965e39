import type { AllNamespaces } from '../../../src/host/namespaces.js'
import { otherNamespaces } from '../../../src/host/namespaces.js'
import { isOnLink } from '../../../src/host/mountpoints.js'
import { OutOfTime } from '../../../src/host/patience.js'
import { asRoot, test, type Test } from '../support/check.js'
import { FakeNamespaces, nameOf, type FakeNamespace, type FakeRow } from './fake-namespaces.js'

const [EPERM, ENOSYS, ETIMEDOUT] = [-1, -38, -110]

const ROOTFS: FakeRow = { id: 100, parent: 100, mountpoint: '', fstype: 'rootfs' }
const ROOT: FakeRow = { id: 101, parent: 100, mountpoint: '/', fstype: 'ext4' }
const row = (id: number, mountpoint: string, rest: Partial<FakeRow> = {}): FakeRow => ({
  id,
  parent: 101,
  mountpoint,
  ...rest,
})
const WANTED = row(103, '/wanted')
const ROWS = [ROOTFS, ROOT, row(102, '/other'), WANTED]

const kernel = (t: Test, row: readonly FakeNamespace[]): FakeNamespaces => {
  const fake = new FakeNamespaces(t, row)
  // No process is in any of them.
  fake.addon.on('readlinkat', () => -2)
  return fake
}

const look = (fake: FakeNamespaces): AllNamespaces => {
  const found = otherNamespaces(fake.sys, ({ mountpoint }) => mountpoint.endsWith('wanted'))
  if (fake.addon.open.size > 0) throw new Error('a descriptor is left open')
  return found
}

const mountpoints = ({ tables }: AllNamespaces): string[][] =>
  tables.map(({ mounts }) => mounts.map(({ mountpoint }) => mountpoint))

test('the wanted rows of all others, with those that they are mounted on', (t) => {
  const fake = kernel(t, [
    { id: 9, rows: ROWS },
    { id: 60, rows: [ROOTFS, ROOT, row(102, '/other')] },
    { id: 70, rows: [...ROWS, row(104, '/also wanted', { parent: 103 })] },
  ])
  const found = look(fake)
  t.strictSame(mountpoints(found), [
    ['/wanted', '/'],
    ['/wanted', '/also wanted', '/'],
  ])
  t.equal(found.unseen, undefined)
  t.match(found.tables[0]?.mounts[0], {
    mntId: 103,
    parentId: 101,
    fstype: 'tmpfs',
    source: 'kept',
  })
  t.strictSame(fake.addon.of('setns'), [], 'nobody goes there')
  t.match(found.tables[0]?.holder(), { text: 'a mount namespace that no process shows' })
})

test('where no mount is on a place with the wanted text, no row is looked at', (t) => {
  const fake = kernel(t, [
    { id: 9, rows: [ROOTFS, ROOT, row(102, '/other'), row(103, '/data/link_remap.7')] },
    { id: 60, rows: [ROOTFS, ROOT, row(202, '/other')] },
    { id: 70, rows: [ROOTFS, ROOT, row(302, ''), row(303, '/other')], inside: '' },
  ])
  const found = otherNamespaces(fake.sys, isOnLink)
  t.strictSame(mountpoints(found), [['/data/link_remap.7', '/']])
  const looked = fake.addon.of('statmount').map(({ args }) => args[1])
  t.strictSame([...new Set(looked)], [9, 70], 'nor where all have a place')
  t.equal(fake.addon.of('statmounts').length, 3, 'one call a namespace')
  for (const result of [-1, -13]) {
    const broken = kernel(t, [{ id: 9, rows: ROWS }])
    broken.addon.on('statmounts', () => result)
    t.match(otherNamespaces(broken.sys, isOnLink).unseen, /a mount namespace cannot be looked at/)
  }
})

test('what is unmounted meanwhile, and a namespace that ends, are no trouble', (t) => {
  const fake = kernel(t, [{ id: 9, rows: ROWS }, { id: 60 }])
  fake.addon.before('statmount', (id) => (id === 102 ? -2 : undefined))
  const found = look(fake)
  t.strictSame(mountpoints(found), [['/wanted', '/']])
  t.equal(found.unseen, undefined)
})

const INSIDE = '101 100 0:1 / / rw - ext4 d rw\n103 101 0:50 / /wanted rw - tmpfs kept rw\n'

asRoot('where the kernel lists none, they are read from inside', (t) => {
  const fake = kernel(t, [{ id: 9, rows: ROWS, inside: INSIDE }])
  fake.addon.before('listmount', (_id, _last, namespace) => (namespace === 50 ? undefined : ENOSYS))
  const found = look(fake)
  t.strictSame(mountpoints(found), [['/wanted', '/']])
  t.equal(found.unseen, undefined)
  fake.addon.on('listmount', () => ENOSYS)
  t.equal(look(fake).unseen, 'our own mount namespace cannot be looked at: ENOSYS')
  t.strictSame(fake.place, [50, true])
})

test('and where that is not possible either, not all is seen', (t) => {
  const fake = kernel(t, [{ id: 9, rows: ROWS }])
  fake.addon.before('listmount', (_id, _last, namespace) => (namespace === 50 ? undefined : ENOSYS))
  const found = look(fake)
  t.strictSame(found.tables, [])
  t.equal(found.unseen, 'a mount namespace cannot be looked at: EPERM')
})

const BESIDE = [
  ROOTFS,
  row(101, '/', { parent: 100 }),
  row(102, '', { parent: 100, beside: true, source: 'wanted' }),
]

test('a mount beside the first one has a place only for those who are there', (t) => {
  const inside =
    '100 100 0:2 / / rw - rootfs d rw\n102 100 0:50 / /the/wanted rw - tmpfs wanted rw\n'
  const fake = kernel(t, [{ id: 9, rows: BESIDE, inside }])
  const wanted = ({ source }: { source: string }): boolean => source === 'wanted'
  const { tables, unseen } = otherNamespaces(fake.sys, wanted)
  t.match(tables, [{ mounts: [{ mountpoint: '/the/wanted' }, { mountpoint: '/' }] }])
  t.equal(unseen, undefined)
  // Covered, it has none for them either.
  const covered = kernel(t, [{ id: 9, rows: BESIDE, inside: '9 100 0:2 / / rw - tmpfs top rw\n' }])
  t.match(otherNamespaces(covered.sys, wanted).tables, [
    { mounts: [{ mountpoint: '', source: 'wanted' }] },
  ])
  const closed = kernel(t, [{ id: 9, rows: BESIDE }])
  const found = otherNamespaces(closed.sys, wanted)
  t.match(found.tables, [{ mounts: [{ mountpoint: '', source: 'wanted' }] }])
  t.match(found.unseen, /EPERM/)
})

test('whose root is asked for is not entered', (t) => {
  const rows = [ROOTFS, { ...ROOT, fstype: 'nfs' }, WANTED]
  const fake = kernel(t, [{ id: 9, rows, inside: '' }])
  const { tables } = look(fake)
  t.equal(tables[0]?.openRoot(), ETIMEDOUT)
  t.equal(tables[0]?.hasRemote, true)
  const beside = kernel(t, [{ id: 9, rows: [...rows, ...BESIDE.slice(2)].map((one) => one), inside: '' }]) // prettier-ignore
  t.match(otherNamespaces(beside.sys, () => true).unseen, /ETIMEDOUT/)
  for (const { addon } of [fake, beside]) t.strictSame(addon.of('setns'), [])
})

test('the root of one is opened by its number, when somebody asks', (t) => {
  const fake = kernel(t, [{ id: 9, rows: ROWS, inside: INSIDE }])
  const { tables } = look(fake)
  const fd = tables[0]?.openRoot() ?? -1
  t.ok(fd > 0)
  t.strictSame([...fake.addon.open.keys()], [fd])
  t.strictSame(fake.place, [50, true])
  fake.sys.close(fd)
  fake.addon.on('ioctl_nsfs', () => -2)
  t.equal(tables[0]?.openRoot(), -2, 'it may have ended')
})

test('what is hidden from us of our own', (t) => {
  const fake = kernel(t, [{ id: 50, rows: [ROOTFS, ROOT, { ...WANTED, beside: true }] }])
  fake.addon.before('statx', (_fd, path) => {
    if (path !== '') return undefined
    return fake.addon.answerStat({ mntId: 101 })
  })
  const { tables, unseen } = otherNamespaces(fake.sys, ({ mountpoint }) => mountpoint === '/wanted')
  t.equal(unseen, undefined)
  t.match(tables, [{ mounts: [{ mountpoint: '/wanted' }, { mountpoint: '/' }] }])
  t.equal(tables[0]?.openRoot(), EPERM)
  t.equal(tables[0]?.holder().text, 'our own mount namespace, out of our reach')
})

asRoot('where the kernel does not lead to all, /proc is looked at', (t) => {
  for (const [request, error, unseen] of [
    [10, -25, undefined],
    [10, -22, undefined],
    [11, EPERM, 'the kernel shows us a part of them only'],
    [12, EPERM, 'the kernel shows us a part of them only'],
  ] as const) {
    const fake = kernel(t, [{ id: 9, rows: ROWS, inside: INSIDE }])
    fake.link(`/proc/${process.pid}/ns/mnt`, 9)
    fake.addon.on('readlinkat', (_dirfd, path) => {
      if (path !== `/proc/${process.pid}/ns/mnt`) return -2
      fake.addon.link = Buffer.from(nameOf(9))
      return 0
    })
    fake.addon.before('ioctl_nsfs', (_fd, asked) => (asked === request ? error : undefined))
    const found = look(fake)
    t.strictSame(mountpoints(found), [['/wanted', '/']], String(request))
    t.equal(found.unseen, unseen)
  }
})

test('where it takes too long, what was found until then', (t) => {
  const fake = kernel(t, [{ id: 60, rows: ROWS }, { id: 70, rows: ROWS }]) // prettier-ignore
  let left = 6
  const check = (): void => {
    if (left-- === 0) throw new OutOfTime()
  }
  const found = otherNamespaces(fake.sys, () => true, { check })
  t.equal(found.tables.length, 1)
  t.equal(found.unseen, 'the mount tables of this machine take too long to read')
  t.equal(fake.addon.open.size, 0)
  t.strictSame(fake.addon.of('setns'), [])
})
