import fs from 'node:fs'
import { otherNamespaces, type AllNamespaces } from '../../../src/host/namespaces.js'
import { OutOfTime } from '../../../src/host/patience.js'
import { isProcPartial } from '../../../src/host/scanned.js'
// /proc is the real one, and hides from others than root who is where.
import { asRoot as test, type Test } from '../support/check.js'
import { FakeNamespaces, nameOf, type FakeNamespace } from './fake-namespaces.js'

const [ENOENT, EPERM, EMFILE, EXDEV, ETIMEDOUT] = [-2, -1, -24, -18, -110]
const ME = `/proc/${process.pid}`
const PARENT = `/proc/${process.ppid}`

const INSIDE = '5 1 0:1 / / rw - ext4 d rw\n6 5 0:50 / /wanted rw - tmpfs kept rw\n'
const bindOf = (id: number, place: string, more = ''): string =>
  `7 5 0:4 ${nameOf(id)} ${place} rw - nsfs nsfs rw\n${more}`

/** All processes are in our namespace, but those of which something else is said. */
const kernel = (
  t: Test,
  row: readonly FakeNamespace[],
  tasks: Record<string, number> = { [ME]: 9 },
): FakeNamespaces => {
  const fake = new FakeNamespaces(t, row)
  for (const [place, id] of Object.entries(tasks)) fake.link(`${place}/ns/mnt`, id)
  fake.addon.on('readlinkat', (_dirfd, path) => {
    const [, place = ''] = /^(.*)\/ns\/mnt$/.exec(String(path)) ?? []
    const id = tasks[place]
    if (id === undefined) return ENOENT
    fake.addon.link = Buffer.from(nameOf(id))
    return 0
  })
  return fake
}

const look = (fake: FakeNamespaces): AllNamespaces => {
  const wanted = ({ mountpoint }: { mountpoint: string }): boolean => mountpoint === '/wanted'
  const found = otherNamespaces(fake.sys, wanted, { walk: false })
  if (fake.addon.open.size > 0) throw new Error('a descriptor is left open')
  if (fake.place[0] !== fake.own) throw new Error('not back')
  return found
}

const seesNothing = (t: Test, { tables, unseen }: AllNamespaces, why?: string): void => {
  t.strictSame(tables, [])
  t.equal(unseen, why)
}

test('each namespace once, from inside, and nothing of the kernel’s row', (t) => {
  const fake = kernel(t, [{ id: 9, inside: INSIDE }, { id: 60, inside: INSIDE.replace('wanted', 'other') }], { [ME]: 9, [PARENT]: 9, '/proc/1': 60 }) // prettier-ignore
  const { tables, unseen } = look(fake)
  t.match(tables, [{ mounts: [{ mountpoint: '/wanted' }, { mountpoint: '/' }], hasRemote: false }])
  t.equal(unseen, undefined)
  t.equal(fake.addon.of('setns').length, 5, 'our own, and there and back for each')
  t.strictSame(fake.addon.of('ioctl_nsfs', 'listmount', 'statmount'), [])
  const root = tables[0]?.openRoot() ?? -1
  t.ok(root > 0)
  t.strictSame([...fake.addon.open.keys()], [root])
})

test('a process that ends meanwhile, and one whose number is another’s now', (t) => {
  const ended = kernel(t, [{ id: 9, inside: INSIDE }])
  ended.addon.before('openat', (_dirfd, path) => (path === `${ME}/ns/mnt` ? ENOENT : undefined))
  seesNothing(t, look(ended), undefined)
  const other = kernel(t, [
    { id: 9, inside: INSIDE },
    { id: 60, inside: INSIDE },
  ])
  other.link(`${ME}/ns/mnt`, 60)
  seesNothing(t, look(other), undefined)
})

test('one that cannot be opened or entered is said, and shown as its process sees it', (t) => {
  const closed = kernel(t, [{ id: 9 }])
  const { unseen } = look(closed)
  t.equal(unseen, `the mount namespace of process ${process.pid} cannot be entered: EPERM`)
  const wanted = otherNamespaces(closed.sys, ({ mountpoint }) => mountpoint === '/proc', {
    walk: false,
  })
  t.equal(wanted.tables.length, 1, 'its own mountinfo')
  t.equal(wanted.tables[0]?.openRoot(), EPERM)
  const full = kernel(t, [{ id: 9, inside: INSIDE }])
  full.addon.before('openat', (_dirfd, path) => (path === `${ME}/ns/mnt` ? EMFILE : undefined))
  t.match(look(full).unseen, /cannot be entered: EMFILE$/)
})

test('what hides processes or keeps us here', (t) => {
  const pid = kernel(t, [])
  pid.pid++
  t.match(look(pid).unseen, /^we are in a pid namespace/)
  const chroot = kernel(t, [{ id: 9, inside: INSIDE }])
  chroot.isChrooted = true
  t.match(look(chroot).unseen, /^we are in a chroot/)
  t.strictSame(chroot.place, [50, true])
  const broken = kernel(t, [])
  broken.addon.on('setns', () => -12)
  t.equal(look(broken).unseen, 'mount namespaces cannot be entered: ENOMEM')
})

test('a /proc that shows some processes only', (t) => {
  const row = (options: string, place = '/proc'): string =>
    `22 27 0:21 / ${place} rw,relatime shared:1 - proc proc ${options}\n`
  t.notOk(isProcPartial(`${row('rw')}${row('rw,hidepid=2', '/other/proc')}`))
  for (const options of ['rw,hidepid=invisible', 'rw,gid=5,hidepid=1', 'rw,subset=pid'])
    t.ok(isProcPartial(`${row('rw')}${row(options)}`), options)
})

/** Namespace 9 has binds; what openat2 finds there is of the namespace with that number. */
const withBind = (
  t: Test,
  inside: string,
  others: readonly FakeNamespace[],
  finds: Record<string, number>,
): FakeNamespaces => {
  const fake = kernel(t, [{ id: 9, inside }, ...others])
  fake.addon.on('openat2', (_dirfd, path) => {
    const id = finds[String(path)]
    if (id === undefined) return ENOENT
    return id < 0 ? id : fake.hold(id)
  })
  return fake
}

test('a namespace that is kept by a mount in another one', (t) => {
  const fake = withBind(t, bindOf(60, '/run/ns\\040x'), [{ id: 60, inside: INSIDE }], {
    'run/ns x': 60,
  })
  const { tables, unseen } = look(fake)
  t.equal(unseen, undefined)
  t.match(tables, [{ mounts: [{ mountpoint: '/wanted' }, {}] }])
  t.equal(fake.addon.of('openat2')[0]?.args[3], 0x10 | 0x04 | 0x02)
  t.strictSame(fake.addon.of('answers'), [])
  const root = tables[0]?.openRoot() ?? -1
  t.ok(root > 0)
  t.strictSame([...fake.addon.open.keys()], [root])
})

test('whatever lies there is not opened unless it is that namespace', (t) => {
  const place = { inside: bindOf(60, '/n'), others: [{ id: 60, inside: INSIDE }] }
  for (const [found, text] of [
    [0, 'EXDEV'],
    [70, 'EXDEV'],
    [ENOENT, 'EXDEV'],
    [EXDEV, 'EXDEV'],
    [-13, 'EACCES'],
  ] as const) {
    const fake = withBind(t, place.inside, place.others, { n: found })
    const { tables, unseen } = look(fake)
    t.strictSame(tables, [])
    t.equal(unseen, `a mount namespace cannot be entered: ${text}`, String(found))
    const opened = fake.addon
      .of('openat')
      .filter(({ args }) => String(args[1]).startsWith('/proc/thread-self/fd/'))
    t.equal(opened.length, 2, 'that of the process, for its table and for its root')
  }
})

test('a way over what others serve is asked first', (t) => {
  const remote = '8 5 0:9 / /x rw - fuse.sshfs x rw\n'
  const fake = withBind(t, bindOf(60, '/n', remote), [{ id: 60, inside: INSIDE }], { n: 60 })
  t.equal(look(fake).tables.length, 1)
  t.strictSame(fake.addon.order('answers', 'openat2'), ['answers', 'openat2'])
  fake.addon.on('answers', () => ETIMEDOUT)
  seesNothing(t, look(fake), 'a mount namespace cannot be entered: ETIMEDOUT')
  t.equal(fake.addon.of('openat2').length, 1)
})

test('one within another within another: so deep and no deeper', (t) => {
  for (const [depth, seen] of [
    [32, true],
    [33, false],
  ] as const) {
    const chain = Array.from({ length: depth }, (_, index) => ({
      id: 100 + index,
      inside: index === depth - 1 ? INSIDE : bindOf(101 + index, `/${index + 1}`),
    }))
    const finds = Object.fromEntries(chain.map(({ id }, index) => [String(index), id]))
    const { tables, unseen } = look(withBind(t, bindOf(100, '/0'), chain, finds))
    t.equal(tables.length, seen ? 1 : 0)
    t.equal(unseen, seen ? undefined : 'mount namespaces are kept within others on /32, too deep')
  }
})

test('a namespace whose root is asked for is not entered', (t) => {
  const fake = kernel(t, [{ id: 9, inside: INSIDE }])
  const { openSync, readFileSync } = fs
  const dir = t.testdir({
    table: '5 1 0:1 / / rw - nfs4 d rw\n6 5 0:50 / /wanted rw - tmpfs k rw\n',
    filesystems: 'nodev\tnfs4\n',
  })
  t.teardown(() => Object.assign(fs, { openSync, readFileSync }))
  fs.openSync = (path, ...rest) =>
    openSync(path === `${ME}/mountinfo` ? `${dir}/table` : path, ...rest)
  const read = (path: string, ...rest: []): unknown =>
    readFileSync(path === '/proc/filesystems' ? `${dir}/filesystems` : path, ...rest)
  fs.readFileSync = read as typeof readFileSync
  const { tables, unseen } = look(fake)
  t.equal(unseen, `the mount namespace of process ${process.pid} cannot be entered: ETIMEDOUT`)
  t.match(tables, [{ mounts: [{ mountpoint: '/wanted' }, {}], hasRemote: true }])
  t.equal(tables[0]?.openRoot(), ETIMEDOUT)
  t.equal(fake.addon.of('setns').length, 2, 'our own, to see whether we could')
})

test('where it takes too long, what was found until then', (t) => {
  const fake = kernel(t, [{ id: 9, inside: INSIDE }, { id: 60, inside: INSIDE }], { [ME]: 9, [PARENT]: 60 }) // prettier-ignore
  let left = 5
  const check = (): void => {
    if (left-- === 0) throw new OutOfTime()
  }
  const found = otherNamespaces(fake.sys, () => true, { walk: false, check })
  t.equal(found.tables.length, 1)
  t.equal(found.unseen, 'the mount tables of this machine take too long to read')
  t.equal(fake.addon.open.size, 0)
  t.strictSame(fake.place, [50, true])
})
