import { collect } from '../../../src/collect/collect.js'
import { construct } from '../../../src/namespaces/construct.js'
import { planCollection } from '../../../src/plan/plan.js'
import type { Doubt } from '../../../src/proof/doubts.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import {
  b,
  checkpoint,
  externals,
  FORCE,
  host,
  hostMount,
  LOCAL,
  mapped,
  mount,
  namespace,
  NO_EXTERNALS,
  options,
  remap,
  WRITTEN,
} from '../support/model.js'
import { FakeKernel } from '../sys/fake-kernel.js'
import {
  AFTER,
  BEFORE,
  DATA,
  ELSEWHERE,
  collectIn,
  forgetful,
  good,
  inData,
  inVar,
  makeHost,
  ROOT,
  run,
  THE_ONES,
  TMP,
  USUAL,
  verdicts,
  WITHIN,
} from './world.js'

const accept = (...names: Doubt[]): ReadonlySet<Doubt> => new Set(names)

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
  t.strictSame(verdicts(outcomes), ['removed', 'absent', 'absent parent-gone unproven'])
  t.strictSame(kernel.of('unshare'), [], 'and needs no namespace')
})

test('gone from the one directory that the dump saw; from one that may be it, as far as can be seen', (t) => {
  const isThere = { found: THE_ONES }
  t.strictSame(verdicts(run(makeHost(), [inVar(6)], isThere)), ['absent'])
  const outcomes = run(makeHost(), [inVar(6)])
  t.strictSame(verdicts(outcomes), ['absent unproven'])
  t.match(outcomes[0]?.message, /that this is the directory that the dump saw cannot be known/)
})

test('nothing happened in the directory since the dump began: it is another one', (t) => {
  const unchanged = (): FakeKernel => {
    const kernel = makeHost()
    kernel.directory('/rootfs/var', { ctime: BEFORE })
    return kernel
  }
  for (const found of [THE_ONES, {}]) {
    const outcomes = run(unchanged(), [inVar(6)], { found })
    t.strictSame(verdicts(outcomes), ['kept unreachable'])
    t.match(outcomes[0], { accept: 'gone', message: /nothing was made or removed/ })
  }
  t.strictSame(verdicts(run(unchanged(), [inVar(6)], { accept: accept('gone') })), [
    'absent unproven',
  ])
})

test('a directory that is gone took its links with it', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(verdicts(run(kernel, [inVar(6), remap(8, '/opt/x', { mntId: 10 })])), [
    'removed',
    'absent parent-gone unproven',
  ])
})

test('none of the directories: the wrong root, not "already gone"', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/rootfs')
  const outcomes = run(kernel, [inVar(6), remap(8, '/', { mntId: 10 })])
  t.strictSame(verdicts(outcomes), ['kept unreachable', 'kept unreachable'])
  t.match(outcomes[0], { accept: 'gone', next: /is --root or --external right/ })
  const all = [inVar(6), remap(8, '/', { mntId: 10 })]
  t.strictSame(verdicts(run(kernel, all, { accept: accept('gone') })), [
    'absent parent-gone unproven',
    'absent unproven',
  ])
  const others = accept('newer', 'older', 'mismatch', 'elsewhere', 'unseen')
  t.strictSame(verdicts(run(kernel, all, { accept: others })), [
    'kept unreachable',
    'kept unreachable',
  ])
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
    verdicts(run(bare(), [atRoot], { found: THE_ONES })),
    ['absent'],
    'unless it is proven to be the one',
  )
  const filled = bare()
  filled.file('/volume/other', good)
  t.strictSame(verdicts(run(filled, [atRoot])), ['absent unproven'], 'a file in it is a sign')
})

test('one that is kept in the root of a mount is proof that there is something', (t) => {
  const kernel = makeHost()
  kernel.file('/volume/link_remap.8', { ...good, mode: 0o120777 })
  t.strictSame(verdicts(run(kernel, [inData(8, '/data'), inData(10, '/data')])), [
    'kept type',
    'absent unproven',
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
  t.strictSame(verdicts(outcomes), ['kept unreachable', 'absent unproven'])
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
  t.strictSame(verdicts(run(kernel, [inVar(6)], { found: THE_ONES })), ['absent'])
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
  collect(sys, plan, constructed, host(), forgetful(), USUAL)
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
  t.strictSame(verdicts(run(kernel, [inData(8)], { found: THE_ONES })), ['kept unreachable'])
})

test('a mount that was not constructed is not looked for in the host’s own tree', (t) => {
  const kernel = makeHost()
  kernel.directory('/var', { ctime: WITHIN })
  kernel.file('/var/link_remap.6', good)
  const sys = new Sys(kernel)
  const images = checkpoint({ remaps: [inVar(6)], namespaces: [namespace(9, [ROOT])] })
  const plan = planCollection(images, options({ root: '/rootfs' }))
  const none = { mounts: new Map(), roots: new Map(), remote: new Set<number>() }
  const hostRoot = sys.openat(-100, b('/'), 0)
  const { outcomes } = collect(sys, plan, none, host(), forgetful(), { ...USUAL, hostRoot })
  t.strictSame(verdicts(outcomes), ['failed'])
  t.strictSame(kernel.files(), ['/var/link_remap.6'])
})

test('another directory than the one at the dump is not looked into, but with consent', (t) => {
  const made = (): FakeKernel => {
    const kernel = makeHost()
    kernel.file('/rootfs/var/link_remap.6', good)
    kernel.file('/volume/sub/link_remap.8', good)
    kernel.file('/volume/sub/link_remap.10', { ...good, size: 6 })
    return kernel
  }
  const remaps = [inVar(6), inData(8), inData(9), inData(10)]
  const kernel = made()
  const outcomes = run(kernel, remaps, { found: ELSEWHERE })
  t.strictSame(verdicts(outcomes), ['removed', ...Array<string>(3).fill('kept elsewhere')])
  t.match(outcomes[1], {
    accept: 'elsewhere',
    message: /^\/volume is not what was mounted at the dump: that was \/ of the/,
  })
  t.strictSame(kernel.files().length, 2)
  t.strictSame(
    verdicts(run(made(), remaps, { found: ELSEWHERE, accept: accept('elsewhere') })),
    ['removed', 'removed', 'absent unproven', 'kept mismatch'],
    'what fits goes, and what is missing is never proven',
  )
  const forced = run(made(), remaps, { found: ELSEWHERE, accept: FORCE })
  t.strictSame(verdicts(forced), ['removed', 'removed', 'absent unproven', 'removed'])
})

test('a directory that was a tmpfs', (t) => {
  const shm = mount(16, '/data', { fstype: 'tmpfs', major: 0, minor: 60, external: mapped('data') })
  const outcomes = run(makeHost(), [remap(6, '/data/sub', { mntId: 16 })], {
    mounts: [ROOT, shm],
    found: THE_ONES,
  })
  t.strictSame(verdicts(outcomes), ['kept elsewhere'])
  t.match(outcomes[0], { message: /\/volume is not on a tmpfs/, next: /leave the option out/ })
})

test('a directory of a host tree that is gone: only if something above it changed', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/', { ctime: WITHIN })
  kernel.directory('/mnt', { ctime: BEFORE })
  const gone = [remap(6, '/mnt/data/deep'), remap(8, '/srv/data')]
  const outcomes = run(kernel, gone, { tree: 'host' })
  t.strictSame(verdicts(outcomes), ['kept unreachable', 'absent parent-gone unproven'])
  t.match(outcomes[0]?.next, /was a file system mounted there/)
  t.strictSame(verdicts(run(kernel, gone, { tree: 'host', accept: accept('gone') })), [
    'absent parent-gone unproven',
    'absent parent-gone unproven',
  ])
})

test('a directory below a mount that is gone together with that', (t) => {
  const sub = mount(15, '/data', { minor: 32, root: b('/below'), external: mapped('data') })
  const kernel = new FakeKernel()
  kernel.directory('/rootfs/data')
  kernel.directory('/volume')
  kernel.file('/volume/other', good)
  const remaps = [remap(6, '/data', { mntId: 15 })]
  const mounts = [ROOT, DATA, { ...sub, external: undefined }]
  const outcomes = run(kernel, remaps, { mounts, found: THE_ONES })
  t.strictSame(verdicts(outcomes), ['absent parent-gone unproven'])
  t.strictSame(
    verdicts(run(kernel, remaps, { mounts, found: ELSEWHERE })),
    ['kept unreachable'],
    'not where another directory was given',
  )
})

/** A tmpfs of the tree that is mounted on the host, and was made `born`. */
const onHost = (born: typeof WRITTEN | undefined): ReturnType<typeof run> => {
  const kernel = new FakeKernel()
  kernel.directory('/rootfs/dev')
  const made = born === undefined ? {} : { btime: born }
  kernel.directory('/host/shm', { attributes: 0x2000, major: 0, minor: 52, ...made })
  const shm = mount(16, '/dev', { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') })
  const row = { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') }
  return run(kernel, [remap(6, '/dev', { mntId: 16 }), remap(8, '/dev/sub', { mntId: 16 })], {
    mounts: [ROOT, shm],
    options: { host: [hostMount('/host/shm', row)], externals: { ...NO_EXTERNALS, auto: true } },
  })
}

test('a file system that was recognised may be empty', (t) => {
  t.strictSame(verdicts(onHost(undefined)), ['absent', 'absent parent-gone unproven'])
})

test('a memory file system that was made after the dump: what is missing died with the old one', (t) => {
  t.strictSame(verdicts(onHost(AFTER)), ['vanished', 'vanished'])
})

test('a link that CRIU removed itself, by its log', (t) => {
  const kernel = makeHost()
  kernel.directory('/rootfs/opt', { ctime: BEFORE })
  const remaps = [inVar(6), remap(8, '/opt', { mntId: 10 }), inData(10)]
  t.strictSame(verdicts(run(kernel, remaps, { rolledBack: true })), [
    'absent',
    'absent unproven',
    'absent',
  ])
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(
    verdicts(run(kernel, remaps, { rolledBack: true }))[0],
    'removed',
    'what is there is there, whatever a log says',
  )
})

test('what another clean-up removed from a directory does not make it the dump’s', (t) => {
  const kernel = makeHost()
  kernel.directory('/rootfs/var', { ctime: BEFORE })
  const acts = forgetful()
  kernel.file('/rootfs/var/link_remap.8', good)
  const other = inVar(8)
  t.strictSame(verdicts(run(kernel, [other], { acts, accept: accept('older') })), ['removed'])
  t.strictSame(verdicts(run(kernel, [inVar(6)], { acts })), ['kept unreachable'])
  t.strictSame(verdicts(run(kernel, [inVar(6)])), ['absent unproven'], 'which it has to know')
})

test('links of the same form that the images do not list are told', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.file('/rootfs/var/link_remap.7', good)
  const { others } = collectIn(kernel, [inVar(6), inData(8)])
  t.strictSame(others, [{ directory: '/var', names: ['link_remap.7'] }])
})

test('what became of a file system that died is told by those who looked', (t) => {
  const kernel = makeHost()
  const there = remap(8, '/tmp', { mntId: 13 })
  const outcomes = run(kernel, [there, remap(10, '/tmp', { mntId: 13 })], {
    deaths: ({ remaps }) => new Map([[remaps[0]!, { verdict: 'kept', reason: 'unseen' }]]),
  })
  t.strictSame(verdicts(outcomes), ['kept unseen', 'vanished'])
})

test('a mount that was removed for good', (t) => {
  const outcomes = run(makeHost(), [inData(8)], { options: { gone: ['data'] } })
  t.match(outcomes, [{ verdict: 'vanished', message: /--gone/ }])
})

test('a signal: the link in hand is finished, and no other is looked at', (t) => {
  const kernel = makeHost()
  for (const id of [4, 6]) kernel.file(`/rootfs/var/link_remap.${id}`, good)
  kernel.file('/volume/sub/link_remap.8', good)
  const remaps = [inVar(4), inVar(6), inData(8)]
  const signalled = (): 'SIGTERM' | undefined =>
    kernel.of('unlinkat').length > 0 ? 'SIGTERM' : undefined
  t.strictSame(verdicts(run(kernel, remaps, { interrupted: signalled })), [
    'removed',
    'kept interrupted',
    'kept interrupted',
  ])
  t.equal(kernel.of('unlinkat').length, 1)
})

test('a signal: where not all was looked into, a link that is not there proves nothing', (t) => {
  const host = (): FakeKernel => {
    const kernel = makeHost()
    kernel.directory('/rootfs/var/sub', { ctime: WITHIN })
    kernel.file('/rootfs/var/sub/link_remap.8', good)
    return kernel
  }
  // the directory of the first one is gone; whether the mount is the right one, the second would tell
  const remaps = [
    remap(4, '/lost', { mntId: 10, size: 5 }),
    remap(8, '/var/sub', { mntId: 10, size: 5 }),
  ]
  t.strictSame(verdicts(run(host(), remaps)), ['absent parent-gone unproven', 'removed'])
  let asked = 0
  const later = (): 'SIGTERM' | undefined => (++asked > 2 ? 'SIGTERM' : undefined)
  t.strictSame(verdicts(run(host(), remaps, { interrupted: later })), [
    'kept interrupted',
    'kept interrupted',
  ])
})
