import fc from 'fast-check'
import type { Checkpoint, Mount } from '../../../src/checkpoint/model.js'
import { construct, type Constructed } from '../../../src/namespaces/construct.js'
import type { Plan } from '../../../src/plan/planned.js'
import { planCollection } from '../../../src/plan/plan.js'
import { CLONE_NEWNS, MS_PRIVATE, MS_REC } from '../../../src/sys/constants.js'
import { Sys } from '../../../src/sys/sys.js'
import { relative } from '../../../src/paths.js'
import { randomDump } from '../plan/arbitrary.js'
import { refuses, test } from '../support/check.js'
import { holds } from '../support/property.js'
import {
  b,
  checkpoint,
  externals,
  mapped,
  mount,
  namespace,
  options,
  remap,
  LOCAL,
  type OptionsSpec,
} from '../support/model.js'
import { FakeKernel } from '../sys/fake-kernel.js'

const ROOT = mount(10, '/')
const DEV = mount(11, '/dev', { fstype: 'tmpfs', major: 0, minor: 40 })
const SHM = mount(12, '/dev/shm', { parentId: 11, minor: 16, external: mapped('shm') })
const DATA = mount(14, '/data', { minor: 32, external: mapped('data') })
const MOUNTS = [ROOT, DEV, SHM, DATA]
const GIVEN: OptionsSpec = {
  root: '/rootfs',
  externals: externals({ shm: '/S', data: '/D' }),
  mounts: 'all',
}

const make = (): { kernel: FakeKernel; sys: Sys } => {
  const kernel = new FakeKernel()
  for (const path of ['/rootfs/dev', '/rootfs/data', '/rootfs/var', '/S', '/D'])
    kernel.directory(path)
  return { kernel, sys: new Sys(kernel) }
}

const planOf = (rest: Partial<Checkpoint> = {}, spec: OptionsSpec = {}): Plan =>
  planCollection(
    checkpoint({ namespaces: [namespace(9, MOUNTS)], ...rest }),
    options({ ...GIVEN, ...spec }),
  )

const states = ({ mounts }: Constructed): Record<number, string> =>
  Object.fromEntries([...mounts].map(([id, { state, contents }]) => [id, `${state} ${contents}`]))

const TWO = {
  namespaces: [
    namespace(9, MOUNTS),
    namespace(12, [mount(20, '/', { nsId: 12 })], { isRoot: false }),
  ],
}

test('the whole plan, and every root leads to its mounts', (t) => {
  const { kernel, sys } = make()
  const constructed = construct(sys, planOf(), LOCAL)
  t.strictSame(states(constructed), {
    10: 'attached provider',
    11: 'attached stand-in',
    12: 'attached provider',
    14: 'attached provider',
  })
  const root = constructed.roots.get(9)!
  for (const [path, id] of [
    ['var', 10],
    ['dev', 11],
    ['dev/shm', 12],
    ['data', 14],
  ] as const) {
    const { fd } = constructed.mounts.get(id)!
    t.equal(kernel.mountAt(root, b(path)), kernel.mountAt(fd, b('.')), path)
  }
  t.strictSame([...constructed.roots.keys()], [9])
})

test('every clone is made before the first unshare', (t) => {
  const { kernel, sys } = make()
  construct(sys, planOf(TWO), LOCAL)
  const order = kernel.order('open_tree', 'fsmount', 'unshare')
  const first = order.indexOf('unshare')
  t.ok(first > 0)
  t.equal(order.lastIndexOf('open_tree') < first, true)
  t.equal(order.filter((name) => name === 'open_tree').length, 4)
})

test('in a chroot nothing is done, and that is said', (t) => {
  for (const [result, exit] of [
    [-22, 'unsupported'],
    [-12, undefined],
  ] as const) {
    const { kernel, sys } = make()
    kernel.on('mount', () => result)
    if (exit === undefined) t.throws(() => construct(sys, planOf(TWO), LOCAL), { code: 'ENOMEM' })
    else refuses(t, () => construct(sys, planOf(TWO), LOCAL), exit, /"\/" is no mount here/)
    t.strictSame(kernel.of('move_mount'), [])
  }
})

test('everything is made private right after the first unshare, before anything moves', (t) => {
  const { kernel, sys } = make()
  construct(sys, planOf(TWO), LOCAL)
  const at = kernel.calls.findIndex(({ name }) => name === 'unshare')
  t.strictSame(kernel.calls.slice(at, at + 2), [
    { name: 'unshare', args: [CLONE_NEWNS] },
    { name: 'mount', args: ['/', MS_REC | MS_PRIVATE] },
  ])
  t.equal(kernel.of('mount').length, 1)
  t.ok(kernel.calls.findIndex(({ name }) => name === 'move_mount') > at + 1)
})

test('mounts move only by descriptor', (t) => {
  const { kernel, sys } = make()
  construct(sys, planOf(TWO), LOCAL)
  const moves = kernel.of('move_mount')
  t.equal(moves.length, 7, 'five mounts and a yard for each of two namespaces')
  for (const { args } of moves) t.strictSame([args[1], args[3], args[4]], ['', '', 0x44])
})

test('each namespace is left by setns to the base', (t) => {
  const { kernel, sys } = make()
  construct(sys, planOf(TWO), LOCAL)
  t.strictSame(kernel.order('unshare', 'setns'), [
    'unshare',
    'unshare',
    'setns',
    'unshare',
    'setns',
  ])
  const [first, second] = kernel.of('setns')
  t.strictSame(first?.args[1], CLONE_NEWNS)
  t.strictSame(first, second, 'to the same one')
  const base = kernel.calls.findIndex(({ args }) => args[1] === '/proc/thread-self/ns/mnt')
  const unshares = kernel.calls.flatMap(({ name }, index) => (name === 'unshare' ? [index] : []))
  t.ok(base > unshares[0]! && base < unshares[1]!, 'the copy of our own, opened before the others')
})

test('what stays open: each mount, and each namespace', (t) => {
  const { kernel, sys } = make()
  const { mounts } = construct(sys, planOf(TWO), LOCAL)
  const open = [...kernel.open.keys()].filter(
    (fd) => ![...mounts.values()].some((one) => one.fd === fd),
  )
  t.equal(open.length, 2, 'without a descriptor the kernel takes a namespace apart')
})

test('nothing to attach, nothing done', (t) => {
  const { kernel, sys } = make()
  const plan = planOf({ remaps: [] }, { mounts: 'remaps' })
  const { mounts, roots } = construct(sys, plan, LOCAL)
  t.strictSame([mounts.size, roots.size, kernel.calls.length], [0, 0, 0])
})

test('a provider that is not there is a stand-in, and what lies below it is attached', (t) => {
  const { sys } = make()
  const plan = planOf({}, { root: '/nowhere' })
  const constructed = construct(sys, plan, LOCAL)
  t.strictSame(states(constructed), {
    10: 'attached stand-in',
    11: 'attached stand-in',
    12: 'attached provider',
    14: 'attached provider',
  })
  const { problem, next, loss } = constructed.mounts.get(10)!
  t.equal(problem, '/nowhere cannot be opened (ENOENT)')
  t.match(next, /mount or create it/)
  t.equal(loss, 'unreachable')
})

test('a provider that the plan has not says why', (t) => {
  const { sys } = make()
  const plan = planOf({}, { externals: externals({ shm: '/S' }) })
  const { mounts } = construct(sys, plan, LOCAL)
  const { contents, problem, next } = mounts.get(14)!
  t.equal(contents, 'stand-in')
  t.match(problem, /its external mount was not given/)
  t.match(next, /mnt\[data\]:PATH/)
})

test('what the caller calls gone is a stand-in, without a complaint', (t) => {
  const { sys } = make()
  const plan = planOf({}, { gone: ['/data'] })
  const { mounts } = construct(sys, plan, LOCAL)
  t.match(mounts.get(14), { contents: 'stand-in', state: 'attached', problem: undefined })
  t.equal(mounts.get(12)?.contents, 'provider', 'and the others are there')
})

test('each mount knows where it is on this host, and where what is gone from it was', (t) => {
  const { sys } = make()
  const bind = mount(15, '/bind', { root: b('/no/where') })
  const found = { device: '254:0', path: b('/disk'), upper: undefined }
  const { mounts } = construct(sys, planOf({ namespaces: [namespace(9, [...MOUNTS, bind])] }), {
    ...LOCAL,
    host: { ...LOCAL.host, find: () => found },
  })
  t.strictSame(mounts.get(14)?.given, { ...found, isUpper: false })
  t.match(mounts.get(15), {
    contents: 'stand-in',
    loss: 'removed',
    given: { path: '/disk/no/where' },
  })
  t.equal(mounts.get(11)?.given, undefined, 'what died is nowhere')
})

test('one mount that cannot be cloned does not stop the others', (t) => {
  const { kernel, sys } = make()
  let clones = 0
  kernel.on('open_tree', () => (++clones === 1 ? -22 : undefined))
  // The script above answers with plain descriptors, which the fake kernel knows nothing behind.
  kernel.on('statx', () => kernel.answerStat({ mode: 0o040755 }))
  kernel.on('openat', () => undefined)
  kernel.on('openat2', () => undefined)
  kernel.on('move_mount', () => 0)
  kernel.on('mkdirat', () => 0)
  const { mounts } = construct(sys, planOf(), LOCAL)
  t.equal(mounts.get(10)?.contents, 'stand-in')
  t.equal(mounts.get(12)?.contents, 'provider')
})

test('a kernel without the calls ends the run before any unshare', (t) => {
  for (const errno of [-38, -1]) {
    const { kernel, sys } = make()
    kernel.on('open_tree', () => errno)
    t.throws(() => construct(sys, planOf(), LOCAL), { syscall: 'open_tree' } as never)
    t.strictSame(kernel.of('unshare'), [])
  }
})

test('a mountpoint that is gone: detached, and usable by its descriptor', (t) => {
  const kernel = new FakeKernel()
  for (const path of ['/rootfs/var', '/D']) kernel.directory(path)
  const namespaces = [namespace(9, [ROOT, DATA, mount(15, '/data/x', { parentId: 14 })])]
  const constructed = construct(new Sys(kernel), planOf({ namespaces }), LOCAL)
  t.match(constructed.mounts.get(14), {
    state: 'detached',
    contents: 'provider',
    problem: /^ENOENT/,
  })
  t.match(constructed.mounts.get(15), { state: 'detached', problem: 'its parent has no place' })
  t.equal(kernel.files().length, 0, 'and nothing was made to hold it')
  t.ok(
    kernel.of('mkdirat').every(({ args }) => args[1] === 'root'),
    'not even a directory, but in the yard',
  )
})

test('a mountpoint that another mount covers', (t) => {
  const { kernel, sys } = make()
  kernel.directory('/D/x')
  // The images' order of siblings would avoid this; an edited plan need not.
  const plan = planOf({
    namespaces: [namespace(9, [ROOT, DATA, mount(15, '/data/x', { parentId: 10 })])],
  })
  const constructed = construct(sys, plan, LOCAL)
  t.match(constructed.mounts.get(15), {
    state: 'detached',
    problem: 'another mount covers its mountpoint',
  })
})

test('a file is mounted on a file', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/rootfs/dev')
  kernel.file('/conf')
  const conf = mount(15, '/dev/conf', { parentId: 11, minor: 9, external: mapped('conf') })
  const plan = planOf(
    { namespaces: [namespace(9, [ROOT, DEV, conf])] },
    { externals: externals({ conf: '/conf' }) },
  )
  const { mounts } = construct(new Sys(kernel), plan, LOCAL)
  t.equal(mounts.get(15)?.state, 'attached')
})

test('mounts of cut images are cloned and attached nowhere', (t) => {
  const { kernel, sys } = make()
  const plan = planOf(
    {
      namespaces: [namespace(9, [SHM, DATA], { complete: false })],
      remaps: [remap(6, '/data', { mntId: 14 })],
    },
    { mounts: 'remaps' },
  )
  const constructed = construct(sys, plan, LOCAL)
  t.strictSame(states(constructed), { 14: 'detached provider' })
  t.equal(constructed.roots.size, 0)
  t.strictSame(kernel.of('move_mount'), [])
})

test('any plan: from each root a path leads to the mount that the plan says', (t) => {
  holds(
    t,
    'where all mountpoints are there',
    fc.property(randomDump, (dump) => {
      const kernel = new FakeKernel()
      const places = ['', '/a', '/b', '/a/a', '/a/b', '/b/a', '/b/b']
      const fill = (dir: string): void => {
        // Mountpoints are at most as deep as these random trees grow.
        for (const one of places) for (const two of places) kernel.directory(`${dir}${one}${two}`)
      }
      const all = dump.namespaces.flat()
      const deep = all.some(({ mountpoint }) => mountpoint.split('/').length > 5)
      fc.pre(!deep)
      fill('/rootfs')
      const keys: Record<string, string> = {}
      for (const { id } of all) {
        fill(`/v${id}`)
        keys[`key ${id}`] = `/v${id}`
      }
      const plan = planCollection(
        checkpoint({ namespaces: dump.read, remaps: dump.remaps }),
        options({ root: '/rootfs', externals: externals(keys), mounts: dump.scope }),
      )
      const constructed = construct(new Sys(kernel), plan, LOCAL)
      const idOf = ({ mntId }: Mount): number =>
        kernel.mountAt(constructed.mounts.get(mntId)!.fd, b('.'))
      return (
        [...constructed.mounts.values()].every(({ state }) => state === 'attached') &&
        plan.remaps.every((planned) => {
          if (planned.kind !== 'reach' || planned.via !== 'namespace') return true
          const found = kernel.mountAt(
            constructed.roots.get(planned.mount!.nsId)!,
            relative(planned.mount!.mountpoint),
          )
          return found === idOf(planned.mount!) || isCovered(plan, planned.mount!)
        })
      )
    }),
    100,
  )
})

/** Another attached mount is stacked on the mount's own root. */
const isCovered = ({ namespaces }: Plan, { mntId, mountpoint }: Mount): boolean =>
  namespaces.some(({ attachments }) =>
    attachments.some(
      ({ mount: other, parentId }) => parentId === mntId && other.mountpoint === mountpoint,
    ),
  )

test('a mountpoint is looked for in the namespace, and no symbolic link is followed', (t) => {
  const { kernel, sys } = make()
  const { roots } = construct(sys, planOf(), LOCAL)
  const lookups = kernel.of('openat2')
  t.strictSame(
    lookups.map(({ args }) => args[1]),
    ['dev', 'dev/shm', 'data'],
  )
  for (const { args } of lookups)
    t.strictSame([args[0], args[3]], [roots.get(9), 0x10 | 0x04 | 0x02])
})

test('a symbolic link in the place of a mountpoint', (t) => {
  const { kernel, sys } = make()
  kernel.symlink('/rootfs/data')
  const { mounts } = construct(sys, planOf(), LOCAL)
  t.match(mounts.get(14), { state: 'detached', problem: /^ELOOP/ })
})

test('a covered mount has a twin without the mounts that cover it', (t) => {
  const { kernel, sys } = make()
  const over = mount(15, '/data', { parentId: 14, fstype: 'tmpfs', major: 0, minor: 50 })
  const plan = planOf({
    namespaces: [namespace(9, [...MOUNTS, over])],
    remaps: [remap(6, '/data/x', { mntId: 14 }), remap(8, '/dev/shm', { mntId: 12 })],
  })
  const { mounts } = construct(sys, plan, LOCAL)
  const covered = mounts.get(14)!
  t.not(covered.aside, covered.fd)
  t.equal(covered.asideId, kernel.mountAt(covered.aside, b('.')))
  t.not(covered.asideId, covered.stat.mntId)
  t.equal(mounts.get(12)?.aside, mounts.get(12)?.fd, 'others need none')
  const order = kernel.order('open_tree', 'unshare')
  t.ok(order.lastIndexOf('open_tree') < order.indexOf('unshare'), 'made in time, too')
})

test('a bug is not a mount that cannot be attached', (t) => {
  const { kernel, sys } = make()
  kernel.before('openat2', () => {
    throw new TypeError('bug')
  })
  t.throws(() => construct(sys, planOf(), LOCAL), TypeError)
})

const ETIMEDOUT = -110

/** The providers of these paths are remote; the places for which there is no answer are silent. */
const constructRemote = (
  kernel: FakeKernel,
  paths: readonly string[],
  silent: readonly string[] = [],
  plan = planOf(TWO, { externals: externals({ shm: '/S', data: '/D' }) }),
): Constructed => {
  kernel.on('answers', (_fd, path) => (silent.includes(String(path)) ? ETIMEDOUT : undefined))
  const isRemote = (fd: number): boolean => paths.includes(String(kernel.open.get(fd)?.args[1]))
  return construct(new Sys(kernel), plan, { ...LOCAL, host: { ...LOCAL.host, isRemote } })
}

/** What was asked after the last clone was made: mountpoints. */
const askedPlaces = (kernel: FakeKernel): unknown[] => {
  const start = kernel.calls.findIndex(({ name }) => name === 'unshare')
  return kernel.calls
    .slice(start)
    .filter(({ name }) => name === 'answers')
    .map(({ args }) => args[1])
}

test('the namespaces with a remote mount are known, and so is each such mount', (t) => {
  const { kernel } = make()
  const { remote, mounts } = constructRemote(kernel, ['/D'])
  t.strictSame([...remote], [9], 'not the other one')
  t.strictSame(
    [...mounts.values()].flatMap((one) => (one.remote ? [one.attachment.mount.mntId] : [])),
    [14],
  )
  t.strictSame([...constructRemote(make().kernel, []).remote], [])
  const both = constructRemote(make().kernel, ['/rootfs'])
  t.strictSame([...both.remote], [9, 12], 'they share the root')
})

test('in a namespace with a remote mount each mountpoint is asked before it is opened', (t) => {
  const { kernel } = make()
  const { roots } = constructRemote(kernel, ['/D'])
  t.strictSame(askedPlaces(kernel), ['dev', 'dev/shm', 'data'])
  for (const place of askedPlaces(kernel)) {
    const at = (name: string): number =>
      kernel.calls.findIndex((call) => call.name === name && call.args[1] === place)
    t.ok(at('answers') < at('openat2'), `${String(place)} is asked first`)
  }
  for (const { args } of kernel.of('answers').slice(1))
    t.strictSame([args[0], ...args.slice(2)], [roots.get(9), 0x10 | 0x04 | 0x02, null, 5000])
})

test('in a namespace without one nobody is asked', (t) => {
  const { kernel } = make()
  constructRemote(kernel, [])
  t.strictSame(kernel.of('answers'), [])
})

test('a namespace beside a remote one is not asked', (t) => {
  const { kernel } = make()
  kernel.directory('/O/x')
  const other = [
    mount(20, '/', { nsId: 12, external: mapped('other') }),
    mount(21, '/x', { nsId: 12, parentId: 20, fstype: 'tmpfs', major: 0, minor: 60 }),
  ]
  const plan = planOf(
    { namespaces: [namespace(9, MOUNTS), namespace(12, other, { isRoot: false })] },
    { externals: externals({ shm: '/S', data: '/D', other: '/O' }) },
  )
  const { mounts, remote } = constructRemote(kernel, ['/O'], [], plan)
  t.strictSame([...remote], [12])
  t.strictSame(askedPlaces(kernel), ['x'])
  t.equal(mounts.get(21)?.state, 'attached')
})

test('silence at a mountpoint leaves that mount without its place, and opens nothing', (t) => {
  const { kernel } = make()
  const constructed = constructRemote(kernel, ['/D'], ['data'])
  t.match(constructed.mounts.get(14), {
    state: 'detached',
    contents: 'provider',
    problem: 'no answer at its mountpoint (ETIMEDOUT)',
  })
  t.equal(states(constructed)[12], 'attached provider', 'the others have theirs')
  t.ok(kernel.of('openat2').every(({ args }) => args[1] !== 'data'))
})

test('a remote provider that is silent is a stand-in, and does not make its namespace remote', (t) => {
  const { kernel } = make()
  const constructed = constructRemote(kernel, ['/D'], ['.'])
  t.equal(states(constructed)[14], 'attached stand-in')
  t.match(constructed.mounts.get(14), { loss: 'unreachable', problem: /\/D does not answer/ })
  t.strictSame([...constructed.remote], [])
  t.strictSame(askedPlaces(kernel), [])
})
