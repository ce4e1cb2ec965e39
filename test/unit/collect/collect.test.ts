import { planCollection } from '../../../src/plan/plan.js'
import { construct } from '../../../src/namespaces/construct.js'
import type { Mount } from '../../../src/checkpoint/model.js'
import type { Placement } from '../../../src/host/evidence.js'
import { collect } from '../../../src/collect/collect.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import {
  at,
  b,
  checkpoint,
  externals,
  hostMount,
  mapped,
  WRITTEN,
  mount,
  namespace,
  NO_EXTERNALS,
  options,
  remap,
  LOCAL,
} from '../support/model.js'
import { FakeKernel } from '../sys/fake-kernel.js'
import {
  ROOT,
  TMP,
  DATA,
  BEFORE,
  makeHost,
  USUAL,
  run,
  verdicts,
  inVar,
  inData,
  good,
} from './world.js'

test('each link under its mount, and nothing else', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.file('/volume/sub/link_remap.8', good)
  for (const other of [
    '/rootfs/var/link_remap.7',
    '/rootfs/var/other',
    '/rootfs/data/link_remap.8',
  ])
    kernel.file(other, good)
  t.strictSame(verdicts(run(kernel, [inVar(6), inData(8)])), ['removed', 'removed'])
  t.strictSame(kernel.files(), [
    '/rootfs/var/link_remap.7',
    '/rootfs/var/other',
    '/rootfs/data/link_remap.8',
  ])
})

test('a host tree is relative to /', (t) => {
  const kernel = makeHost()
  kernel.file('/volume/sub/link_remap.6', good)
  const outcomes = run(
    kernel,
    [remap(6, '/volume/sub', { size: 5 }), remap(8, '/volume/sub'), remap(10, '/gone/sub')],
    { tree: 'host' },
  )
  t.strictSame(verdicts(outcomes), ['removed', 'absent', 'absent parent-gone'])
  t.strictSame(kernel.of('unshare'), [], 'and needs no namespace')
})

test('already gone, where the directory was reached', (t) => {
  const kernel = makeHost()
  t.strictSame(verdicts(run(kernel, [inVar(6)])), ['absent'])
})

test('a directory that is gone took its links with it', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(verdicts(run(kernel, [inVar(6), remap(8, '/opt/x', { mntId: 10 })])), [
    'removed',
    'absent parent-gone',
  ])
})

test('none of the directories: the wrong root, not "already gone"', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/rootfs')
  const outcomes = run(kernel, [inVar(6), remap(8, '/', { mntId: 10 })])
  t.strictSame(verdicts(outcomes), ['kept unreachable', 'kept unreachable'])
  t.match(outcomes[0]?.next, /is --root right/)
})

test('an empty directory in the place of a volume is no volume', (t) => {
  const bare = (): FakeKernel => {
    const kernel = new FakeKernel()
    for (const path of ['/rootfs/data', '/volume']) kernel.directory(path)
    return kernel
  }
  const atRoot = inData(8, '/data')
  const [empty] = run(bare(), [atRoot])
  t.hasStrict(empty, { verdict: 'kept', reason: 'unreachable' })
  t.match(empty?.message, /in what was given for its mount/)
  t.strictSame(
    verdicts(run(bare(), [atRoot], { placementOf: () => 'recorded' as const })),
    ['absent'],
    'unless it is proven to be the one',
  )
  const filled = bare()
  filled.file('/volume/other', good)
  t.strictSame(verdicts(run(filled, [atRoot])), ['absent'], 'a file in it is proof')
})

test('one that is kept in the root of a mount is proof that there is something', (t) => {
  const kernel = makeHost()
  kernel.file('/volume/link_remap.8', { ...good, mode: 0o120777 })
  t.strictSame(verdicts(run(kernel, [inData(8, '/data'), inData(10, '/data')])), [
    'kept type',
    'absent',
  ])
})

test('what was settled by the plan', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  const outcomes = run(kernel, [
    inVar(6),
    { ...inVar(6), duplicate: true },
    remap(8, '/tmp', { mntId: 13 }),
    inVar(10, { invalid: 'why' }),
    remap(12, '/var', { mntId: 999 }),
  ])
  t.strictSame(verdicts(outcomes), [
    'removed',
    'absent duplicate',
    'vanished',
    'kept invalid',
    'kept unreachable',
  ])
})

test('a provider that the host has not', (t) => {
  const kernel = makeHost()
  const outcomes = run(kernel, [inVar(6), inData(8)], { options: { root: '/nowhere' } })
  t.strictSame(verdicts(outcomes), ['kept unreachable', 'absent'])
  t.match(outcomes[0]?.message, /\/nowhere cannot be opened/)
})

test('one that fails does not stop the others', (t) => {
  const kernel = makeHost()
  for (const id of [6, 8, 10]) kernel.file(`/rootfs/var/link_remap.${id}`, good)
  kernel.before('statx', (fd, path) => {
    const opened = kernel.open.get(fd as number)?.args[1]
    return path === '' && opened === 'link_remap.8' ? -5 : undefined
  })
  t.strictSame(verdicts(run(kernel, [inVar(6), inVar(8), inVar(10)])), [
    'removed',
    'failed EIO',
    'removed',
  ])
})

test('running twice is harmless', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(verdicts(run(kernel, [inVar(6)])), ['removed'])
  const again = makeHost()
  t.strictSame(verdicts(run(again, [inVar(6)])), ['absent'])
})

test('every descriptor of a link and a directory is closed', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.file('/rootfs/var/link_remap.8', { ...good, mode: 0o120777 })
  kernel.symlink('/rootfs/opt')
  const remaps = [inVar(6), inVar(8), inVar(10), remap(12, '/opt/x', { mntId: 10 }), inData(14)]
  const sys = new Sys(kernel)
  const plan = planCollection(
    checkpoint({ remaps, namespaces: [namespace(9, [ROOT, TMP, DATA])] }),
    options({ root: '/rootfs', externals: externals({ data: '/volume' }) }),
  )
  const constructed = construct(sys, plan, LOCAL)
  const before = [...kernel.open.keys()]
  collect(sys, plan, constructed, USUAL)
  t.strictSame([...kernel.open.keys()], before)
})

test('ENOENT for a directory or a name that is there is a failure', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.file('/volume/sub/link_remap.8', good)
  let lies = 0
  kernel.before('openat2', (_fd, path) => (path === 'var' && lies++ === 0 ? -2 : undefined))
  kernel.before('openat', (_fd, path) => (path === 'link_remap.8' ? -2 : undefined))
  t.strictSame(verdicts(run(kernel, [inVar(6), inData(8)])), ['failed ENOENT', 'failed ENOENT'])
  t.equal(kernel.files().length, 2)
})

test('a mount that is proven, but none of whose directories is there', (t) => {
  const kernel = new FakeKernel()
  for (const path of ['/rootfs/data', '/volume']) kernel.directory(path)
  t.strictSame(verdicts(run(kernel, [inData(8)], { placementOf: () => 'recorded' as const })), [
    'kept unreachable',
  ])
})

test('a file system that was recognised may be empty', (t) => {
  const kernel = new FakeKernel()
  for (const path of ['/rootfs/dev', '/host/shm']) kernel.directory(path)
  // The kernel of these tests has one device; the mount's attributes are those of a mount's root.
  kernel.directory('/host/shm', { attributes: 0x2000, major: 0, minor: 52 })
  const shm = mount(16, '/dev', { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') })
  const row = { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') }
  const outcomes = run(kernel, [remap(6, '/dev', { mntId: 16 })], {
    mounts: [ROOT, shm],
    options: { host: [hostMount('/host/shm', row)], externals: { ...NO_EXTERNALS, auto: true } },
  })
  t.strictSame(verdicts(outcomes), ['absent'])
})

test('a mount that was not constructed is not looked for in the host’s own tree', (t) => {
  const kernel = makeHost()
  kernel.directory('/var', { ctime: BEFORE })
  kernel.file('/var/link_remap.6', good)
  const sys = new Sys(kernel)
  const images = checkpoint({ remaps: [inVar(6)], namespaces: [namespace(9, [ROOT])] })
  const plan = planCollection(images, options({ root: '/rootfs' }))
  const none = { mounts: new Map(), roots: new Map(), remote: new Set<number>() }
  const hostRoot = sys.openat(-100, b('/'), 0)
  const outcomes = collect(sys, plan, none, { ...USUAL, hostRoot })
  t.strictSame(verdicts(outcomes), ['failed'])
  t.strictSame(kernel.files(), ['/var/link_remap.6'])
})

test('another directory than the one at the dump is not looked into, --force does', (t) => {
  const where = (mount: { attachment: { mount: Mount } }): Placement =>
    mount.attachment.mount === DATA ? 'elsewhere' : 'unknown'
  const made = (): FakeKernel => {
    const kernel = makeHost()
    kernel.file('/rootfs/var/link_remap.6', good)
    kernel.file('/volume/sub/link_remap.8', good)
    return kernel
  }
  const remaps = [inVar(6), inData(8), inData(9)]
  const kernel = made()
  const outcomes = run(kernel, remaps, { placementOf: where })
  t.strictSame(verdicts(outcomes), ['removed', 'kept elsewhere', 'kept elsewhere'])
  t.match(outcomes[1]?.message, /^\/volume is not what was mounted at the dump: that was \/ of the/)
  t.strictSame(kernel.files(), ['/volume/sub/link_remap.8'])
  const forced = run(made(), remaps, { placementOf: where, force: true })
  t.strictSame(verdicts(forced), ['removed', 'removed', 'absent'])
})

test('a directory that was a tmpfs', (t) => {
  const shm = mount(16, '/data', { fstype: 'tmpfs', major: 0, minor: 60, external: mapped('data') })
  const outcomes = run(makeHost(), [remap(6, '/data/sub', { mntId: 16 })], {
    mounts: [ROOT, shm],
    placementOf: () => 'elsewhere',
  })
  t.strictSame(verdicts(outcomes), ['kept elsewhere'])
  t.match(outcomes[0], { message: /\/volume is not on a tmpfs/, next: /leave the option out/ })
})

test('a directory of a host tree that is gone: only if something above it changed', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/', { ctime: BEFORE })
  kernel.directory('/mnt', { ctime: at(WRITTEN.sec - 100) })
  const gone = [remap(6, '/mnt/data/deep'), remap(8, '/srv/data')]
  const outcomes = run(kernel, gone, { tree: 'host' })
  t.strictSame(verdicts(outcomes), ['kept unreachable', 'absent parent-gone'])
  t.match(outcomes[0]?.next, /was a file system mounted there/)
  t.strictSame(verdicts(run(kernel, gone, { tree: 'host', force: true })), [
    'absent parent-gone',
    'absent parent-gone',
  ])
})

test('a memory file system that was made after the dump: what is missing died with the old one', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/rootfs/dev')
  const attributes = 0x2000
  kernel.directory('/host/shm', { attributes, major: 0, minor: 52, btime: at(WRITTEN.sec + 9) })
  const shm = mount(16, '/dev', { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') })
  const row = { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') }
  const remaps = [remap(6, '/dev', { mntId: 16 }), remap(8, '/dev/sub', { mntId: 16 })]
  const outcomes = run(kernel, remaps, {
    mounts: [ROOT, shm],
    options: { host: [hostMount('/host/shm', row)], externals: { ...NO_EXTERNALS, auto: true } },
  })
  t.strictSame(verdicts(outcomes), ['vanished', 'vanished'])
})
