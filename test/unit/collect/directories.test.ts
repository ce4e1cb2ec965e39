import { test } from '../support/check.js'
import { at, externals, FORCE, mapped, mount, remap, WRITTEN } from '../support/model.js'
import type { Argument } from '../sys/fake-addon.js'
import { FakeKernel } from '../sys/fake-kernel.js'
import {
  AFTER,
  DATA,
  good,
  inData,
  inVar,
  makeHost,
  ROOT,
  run,
  THE_ONES,
  TMP,
  verdicts,
  WITHIN,
} from './world.js'

test('a symbolic link in the way is nobody’s path', (t) => {
  const kernel = makeHost()
  kernel.symlink('/rootfs/opt')
  kernel.file('/rootfs/var/link_remap.6', good)
  const outcomes = run(kernel, [remap(8, '/opt/x', { mntId: 10 }), inVar(6)])
  t.strictSame(verdicts(outcomes), ['kept unsafe-path ELOOP', 'removed'])
})

test('paths are resolved in the root, without symbolic links', (t) => {
  const kernel = makeHost()
  run(kernel, [inVar(6)])
  const last = kernel.of('openat2').at(-1)
  t.strictSame([last?.args[1], last?.args[3]], ['var', 0x10 | 0x04 | 0x02])
})

test('a file in the place of a directory is a failure', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/opt', good)
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(verdicts(run(kernel, [remap(8, '/opt/x', { mntId: 10 }), inVar(6)])), [
    'failed ENOTDIR',
    'removed',
  ])
})

test('a directory on another mount than the images say', (t) => {
  const kernel = makeHost()
  kernel.directory('/volume/sub', { ctime: WITHIN })
  kernel.file('/volume/sub/link_remap.6', good)
  // /data/sub is on the volume; a plan that says otherwise is wrong, or the host changed.
  const outcomes = run(kernel, [inData(6)], {
    options: { mounts: 'all' },
    accept: FORCE,
    found: THE_ONES,
    changed: (plan, constructed) => [
      { ...plan, remaps: plan.remaps.map((planned) => ({ ...planned, mount: ROOT })) },
      constructed,
    ],
  })
  t.strictSame(verdicts(outcomes), ['kept wrong-mount'])
  t.equal(kernel.files().includes('/volume/sub/link_remap.6'), true)
})

/** A memory file system over the volume. */
const OVER = mount(15, '/data', { parentId: 14, fstype: 'tmpfs', major: 0, minor: 50 })

test('a covered mount is looked at by itself', (t) => {
  const kernel = makeHost()
  kernel.file('/volume/sub/link_remap.8', good)
  kernel.file('/volume/link_remap.10', good)
  const outcomes = run(kernel, [inData(8), inData(10, '/data'), inData(12)], {
    mounts: [ROOT, TMP, DATA, OVER],
    options: { mounts: 'all' },
  })
  t.strictSame(verdicts(outcomes), ['removed', 'removed', 'absent unproven'])
  const lookups = kernel.of('openat2').filter(({ args }) => args[1] === 'sub' || args[1] === '.')
  t.ok(lookups.length >= 2)
  for (const { args } of lookups)
    t.equal(args[3], 0x10 | 0x04 | 0x02 | 0x01, 'and no other is crossed')
})

test('a mount whose place is gone is looked at by itself', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/rootfs/var')
  kernel.directory('/volume/sub')
  kernel.file('/volume/sub/link_remap.8', good)
  t.strictSame(verdicts(run(kernel, [inData(8)])), ['removed'])
})

const [ETIMEDOUT, EAGAIN] = [-110, -11]

/** A rootfs and a volume with two links each. */
const makeFour = (): FakeKernel => {
  const kernel = makeHost()
  for (const id of [6, 8]) kernel.file(`/rootfs/var/link_remap.${id}`, good)
  for (const id of [16, 18]) kernel.file(`/volume/sub/link_remap.${id}`, good)
  return kernel
}

const FOUR = [inVar(6), inVar(8), inData(16), inData(18)]

/** A question as "directory" or "directory name". */
const words = (path: Argument | undefined, name: Argument | undefined): string =>
  name === null ? `${path}` : `${path} ${name}`

/** What was asked for the links. */
const asked = (kernel: FakeKernel): string[] => {
  // The last clone was made, and the last mount moved, before the first link is looked for.
  const start = kernel.calls.findLastIndex(({ name }) => name === 'setns' || name === 'open_tree')
  return kernel.calls
    .slice(start + 1)
    .filter(({ name }) => name === 'answers')
    .map(({ args }) => words(args[1], args[3]))
}

/** What was unlinked without an answer for it before. */
const unasked = (kernel: FakeKernel): unknown[] => {
  const names = new Set<unknown>()
  const found: unknown[] = []
  for (const { name, args } of kernel.calls)
    if (name === 'answers') names.add(args[3])
    else if (name === 'unlinkat' && !names.has(args[1])) found.push(args[1])
  return found
}

test('in a remote namespace each directory and each link is asked first', (t) => {
  const kernel = makeFour()
  const outcomes = run(kernel, FOUR, { remote: ['/volume'] })
  t.strictSame(verdicts(outcomes), Array(4).fill('removed'))
  t.strictSame(asked(kernel), [
    'var',
    'var link_remap.6',
    'var link_remap.8',
    'data/sub',
    'data/sub link_remap.16',
    'data/sub link_remap.18',
  ])
  t.strictSame(unasked(kernel), [])
  const at = (name: string, place: number, path: string): number =>
    kernel.calls.findIndex((call) => call.name === name && call.args[place] === path)
  for (const dir of ['var', 'data/sub'])
    t.ok(at('answers', 1, dir) < at('openat2', 1, dir), `${dir} is asked before it is opened`)
  for (const id of [6, 8, 16, 18]) {
    const name = `link_remap.${id}`
    t.ok(at('answers', 3, name) < at('openat', 1, name), `${name} likewise`)
  }
})

test('in the same words in which it is looked up afterwards', (t) => {
  const kernel = makeFour()
  run(kernel, [inData(16)], { remote: ['/volume'] })
  const lookup = kernel.of('openat2').at(-1)
  for (const { args } of kernel.of('answers').slice(-2))
    t.strictSame([args[0], args[1], args[2], args[4]], [lookup?.args[0], 'data/sub', 0x16, 5000])
  const detached = new FakeKernel()
  detached.directory('/rootfs/var')
  detached.directory('/volume/sub')
  run(detached, [inData(16)], { remote: ['/volume'] })
  const own = detached.of('openat2').at(-1)
  const [last] = detached.of('answers').slice(-1)
  t.strictSame([last?.args[0], last?.args[1], last?.args[2]], [own?.args[0], 'sub', 0x17])
})

test('a namespace without a remote mount is not asked', (t) => {
  const kernel = makeFour()
  run(kernel, FOUR)
  t.strictSame(kernel.of('answers'), [])
})

const SILENT = {
  verdict: 'failed',
  errno: 'ETIMEDOUT',
  syscall: 'openat2',
  message: 'its file system does not answer',
  next: 'see to its server, then run the same command again',
}

test('a mount that did not answer once is not asked again; others are done', (t) => {
  const remaps = [...FOUR, inData(20, '/data/other')]
  for (const [silence, waited] of [
    ['data/sub', ['data/sub']],
    ['data/sub link_remap.16', ['data/sub', 'data/sub link_remap.16']],
  ] as const) {
    const kernel = makeFour()
    kernel.on('answers', (_fd, path, _resolve, name) =>
      words(path, name) === silence ? ETIMEDOUT : 0,
    )
    const outcomes = run(kernel, remaps, { remote: ['/volume'] })
    t.strictSame(outcomes.slice(2), Array(3).fill(SILENT), silence)
    t.strictSame(verdicts(outcomes.slice(0, 2)), ['removed', 'removed'])
    t.strictSame(
      asked(kernel).filter((one) => one.startsWith('data')),
      waited,
    )
    t.strictSame(unasked(kernel), [])
    t.ok(kernel.files().includes('/volume/sub/link_remap.18'))
  }
})

test('a mount that comes first and is silent takes no other with it', (t) => {
  const kernel = makeFour()
  kernel.on('answers', (_fd, path) => (path === 'var' ? ETIMEDOUT : 0))
  const outcomes = run(kernel, FOUR, { remote: ['/volume'] })
  t.strictSame(outcomes.slice(0, 2), [SILENT, SILENT])
  t.strictSame(verdicts(outcomes.slice(2)), ['removed', 'removed'])
})

test('links that were done before the silence are', (t) => {
  const kernel = makeFour()
  kernel.on('answers', (_fd, _path, _resolve, name) => (name === 'link_remap.18' ? ETIMEDOUT : 0))
  const outcomes = run(kernel, FOUR, { remote: ['/volume'] })
  t.strictSame(verdicts(outcomes), ['removed', 'removed', 'removed', 'failed ETIMEDOUT'])
  t.strictSame(kernel.files(), ['/volume/sub/link_remap.18'])
})

test('a child that cannot be made is no silence', (t) => {
  const kernel = makeFour()
  kernel.on('answers', (_fd, _path, _resolve, name) => (name === 'link_remap.16' ? EAGAIN : 0))
  const outcomes = run(kernel, FOUR, { remote: ['/volume'] })
  t.strictSame(verdicts(outcomes), ['removed', 'removed', 'failed EAGAIN', 'removed'])
  t.match(outcomes[2], { syscall: 'clone', message: /^clone: / })
  const none = makeFour()
  let links = 0
  none.on('answers', (_fd, path) => (path === 'data/sub' && links++ === 0 ? EAGAIN : 0))
  t.strictSame(verdicts(run(none, FOUR, { remote: ['/volume'] })).slice(2), [
    'failed EAGAIN',
    'failed EAGAIN',
  ])
  t.strictSame(unasked(none), [])
})

test('a silent file system leaves no descriptor', (t) => {
  for (const silence of ['data/sub', 'data/sub link_remap.16', 'data/sub link_remap.18']) {
    const kernel = makeFour()
    kernel.on('answers', (_fd, path, _resolve, name) =>
      words(path, name) === silence ? ETIMEDOUT : 0,
    )
    run(kernel, FOUR, { remote: ['/volume'] })
    const left = [...kernel.open.values()].map(({ args }) => String(args[1]))
    t.strictSame(
      left.filter((name) => /^(var|data\/sub|link_remap.*)$/.test(name)),
      [],
      silence,
    )
  }
})

test('a host tree asks where a path leads over a remote mount', (t) => {
  const remaps = FOUR.map(({ remapId }) =>
    remap(remapId, remapId > 10 ? '/volume/sub' : '/rootfs/var', { size: 5 }),
  )
  const kernel = makeFour()
  const tested: string[] = []
  const isRemoteAt = (path: string): boolean => {
    tested.push(path)
    return path === '/volume/sub'
  }
  t.strictSame(
    verdicts(run(kernel, remaps, { tree: 'host', host: { isRemoteAt } })),
    Array(4).fill('removed'),
  )
  t.strictSame([...new Set(tested)], ['/rootfs/var', '/volume/sub'])
  const questions = ['volume/sub', 'volume/sub link_remap.16', 'volume/sub link_remap.18']
  t.strictSame(asked(kernel), questions)
  t.ok(
    kernel.of('answers').every(({ args }) => kernel.open.get(args[0] as number)?.args[1] === '/'),
    'from the root of the host',
  )
  const silent = makeFour()
  silent.on('answers', () => ETIMEDOUT)
  t.strictSame(verdicts(run(silent, remaps, { tree: 'host', host: { isRemoteAt } })), [
    'removed',
    'removed',
    'failed ETIMEDOUT',
    'failed ETIMEDOUT',
  ])
  t.equal(silent.of('answers').length, 1)
})

test('a directory that comes by two mounts is judged as it was before our own deletion', (t) => {
  const made = (): FakeKernel => {
    const kernel = makeHost()
    kernel.directory('/rootfs/again')
    kernel.file('/volume/sub/link_remap.6', { ...good, size: 9 })
    kernel.file('/volume/sub/link_remap.8', { ...good, size: 9 })
    return kernel
  }
  const again = mount(15, '/again', { minor: 32, external: mapped('again') })
  const remaps = [inData(6), remap(8, '/again/sub', { mntId: 15, size: 5 })]
  const setting = {
    mounts: [ROOT, TMP, DATA, again],
    options: { externals: externals({ data: '/volume', again: '/volume' }) },
    found: THE_ONES,
  }
  t.strictSame(verdicts(run(made(), remaps, setting)), ['removed', 'removed'])
  const meddled = made()
  // Somebody makes something in it between our two looks.
  let removed = false
  meddled.before('unlinkat', () => {
    removed = true
    return undefined
  })
  meddled.before('openat2', (_fd, path) => {
    if (removed && path === 'again/sub') meddled.directory('/volume/sub', { ctime: AFTER })
    return undefined
  })
  t.strictSame(verdicts(run(meddled, remaps, setting)), ['removed', 'kept mismatch'])
  const [first, second] = remaps
  t.strictSame(
    verdicts(run(made(), [first!, inData(10), second!], setting)),
    ['removed', 'absent', 'removed'],
    'also where one was missing',
  )
  const changing = made()
  changing.before('getdents64', () => {
    changing.directory('/volume/sub', { ctime: AFTER })
    return undefined
  })
  changing.file('/volume/sub/link_remap.12', { ...good, mode: 0o120777 })
  t.strictSame(
    verdicts(run(changing, [inData(10), inData(12), second!], setting)),
    ['absent', 'kept type', 'kept mismatch'],
    'but nothing was removed by us: it was changed by somebody else',
  )
})

test('a directory that was made after the dump is another one', (t) => {
  const kernel = makeHost()
  kernel.directory('/rootfs/new', { ctime: AFTER, btime: AFTER })
  const remaps = [remap(6, '/new', { mntId: 10 }), remap(8, '/new/x', { mntId: 10 }), inVar(10)]
  for (const found of [{}, THE_ONES]) {
    const outcomes = run(kernel, remaps, { found })
    t.strictSame(verdicts(outcomes).slice(0, 2), ['kept unreachable', 'kept unreachable'])
    t.match(outcomes[0], { accept: 'gone', message: /was made after the dump/ })
  }
})

test('a directory that was made a moment after the dump is another one', (t) => {
  const kernel = makeHost()
  const btime = at(WRITTEN.sec + 1)
  kernel.directory('/rootfs/new', { ctime: AFTER, btime })
  const remaps = [remap(6, '/new', { mntId: 10 })]
  t.strictSame(verdicts(run(kernel, remaps)), ['kept unreachable'])
})

test('one whose birth nobody knows may be the one', (t) => {
  const kernel = makeHost()
  kernel.directory('/rootfs/new', { ctime: AFTER, btime: at(0) })
  const remaps = [remap(6, '/new', { mntId: 10 })]
  t.strictSame(verdicts(run(kernel, remaps, { found: THE_ONES })), ['absent'])
})

test('one that cannot be opened is no sign that the mount is the right one', (t) => {
  const kernel = makeHost()
  kernel.before('openat2', (_fd, path) => (path === 'var' ? -13 : undefined))
  const remaps = [inVar(6), remap(8, '/opt', { mntId: 10 })]
  t.strictSame(verdicts(run(kernel, remaps)), ['failed EACCES', 'kept unreachable'])
})

test('what is left of the path has to be seen to call a directory gone', (t) => {
  const kernel = makeHost()
  kernel.before('openat2', (_fd, path) => (path === 'var/x' ? -13 : undefined))
  const gone = [remap(6, '/var/x/y/z', { mntId: 10 }), inVar(8)]
  t.strictSame(verdicts(run(kernel, gone)), ['failed EACCES', 'absent unproven'])
})

test('each part that is looked at has to be seen', (t) => {
  const kernel = makeHost()
  kernel.directory('/rootfs/var/x')
  kernel.before('statx', (fd) =>
    kernel.open.get(fd as number)?.args[1] === 'var' ? -5 : undefined,
  )
  t.strictSame(verdicts(run(kernel, [remap(6, '/var/x/y/z', { mntId: 10 })])), ['failed EIO'])
})

test('a directory that is there when it is asked for again leaves no descriptor', (t) => {
  const kernel = makeHost()
  let lies = 0
  kernel.before('openat2', (_fd, path) => (path === 'var' && lies++ === 0 ? -2 : undefined))
  t.strictSame(verdicts(run(kernel, [inVar(6)])), ['failed ENOENT'])
  t.notOk([...kernel.open.values()].some(({ args }) => args[1] === 'var'))
})

test('of a long path that is gone the deepest part that is left is looked at', (t) => {
  const parts = Array.from({ length: 40 }, (_, index) => `d${index}`)
  for (const depth of [0, 1, 17, 39]) {
    const kernel = makeHost()
    const left = ['/rootfs', ...parts.slice(0, depth)].join('/')
    kernel.directory(left, { ctime: AFTER, btime: AFTER })
    const gone = remap(6, `/${parts.join('/')}/x`, { mntId: 10 })
    const outcomes = run(kernel, [gone, inVar(8)])
    t.match(outcomes[0]?.message, /was made after the dump/, left)
    const asked = kernel.of('openat2').filter(({ args }) => String(args[1]).startsWith('d'))
    t.ok(asked.length <= 9, 'and not each of them')
  }
})
