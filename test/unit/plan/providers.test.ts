import type { Mount } from '../../../src/checkpoint/model.js'
import type { Provider } from '../../../src/plan/planned.js'
import { resolveProviders } from '../../../src/plan/providers.js'
import { test } from '../support/check.js'
import {
  at,
  AUTO,
  b,
  BOOTED,
  checkpoint,
  externals,
  hostMount,
  imageTimes,
  mapped,
  mount,
  namespace,
  NO_EXTERNALS,
  options,
  type OptionsSpec,
} from '../support/model.js'

const ROOT = mount(10, '/')
/** A tmpfs of the container. */
const tmpfs = (mntId: number, mountpoint: string, rest: Partial<Mount> = {}): Mount =>
  mount(mntId, mountpoint, {
    fstype: 'tmpfs',
    major: 0,
    minor: 52,
    source: b('shm'),
    ...rest,
  })
const SHM = tmpfs(11, '/dev/shm')
const HOST_SHM = hostMount('/host/shm', { fstype: 'tmpfs', major: 0, minor: 52, source: b('shm') })

/** The provider of the last of these mounts, which with a root are the namespace's. */
const providerOf = (
  mounts: readonly Mount[],
  spec: OptionsSpec = { root: '/rootfs' },
): Provider => {
  const all = resolveProviders(checkpoint({ namespaces: [namespace(9, mounts)] }), options(spec))
  return all.get(mounts.at(-1)!.mntId)!
}

/** The same where the container's namespace is followed by a nested one. */
const nestedProviderOf = (
  outer: readonly Mount[],
  nested: readonly Mount[],
  spec: OptionsSpec,
): Provider => {
  const namespaces = [namespace(9, outer), namespace(12, nested, { isRoot: false })]
  return resolveProviders(checkpoint({ namespaces }), options(spec)).get(nested.at(-1)!.mntId)!
}

test('the root of the root task’s namespace is --root', (t) => {
  t.strictSame(providerOf([ROOT]), { kind: 'root', path: '/rootfs', sub: '/' })
  t.match(providerOf([ROOT], {}), { kind: 'none', next: /add --root/ })
})

test('whatever the root is, --root stands for it', (t) => {
  for (const root of [tmpfs(10, '/'), mount(10, '/', { fstype: 'overlay', root: b('/a') })])
    t.hasStrict(providerOf([root]), { kind: 'root', path: '/rootfs', sub: '/' })
})

test('an external mount is what the caller mapped', (t) => {
  const volume = mount(11, '/data', { minor: 16, external: mapped('/data'), root: b('/vol/data') })
  t.strictSame(providerOf([ROOT, volume], { externals: externals({ '/data': '/srv/d' }) }), {
    kind: 'external',
    key: '/data',
    path: '/srv/d',
    sub: '/',
  })
})

test('a missing mapping names the exact option', (t) => {
  const volume = (key: string) => mount(11, '/data', { external: mapped(key) })
  const missing = providerOf([ROOT, volume('/data')], {
    root: '/rootfs',
    externals: externals({ '/other': '/x' }),
  })
  t.hasStrict(missing, {
    kind: 'none',
    next: "add --external 'mnt[/data]:PATH', the host directory of /data",
  })
  t.hasStrict(
    providerOf([ROOT, volume('k\n\x1b')]),
    { next: "add --external 'mnt[k\\n\\x1b]:PATH', the host directory of /data" },
    'in one line',
  )
})

test('what is missing is said with where it was, if that disk is mounted here', (t) => {
  const volume = mount(11, '/data', { minor: 16, root: b('/vol/x'), external: mapped('d') })
  const host = [
    hostMount('/', { minor: 1 }),
    hostMount('/srv', { minor: 16, root: b('/vol') }),
    hostMount('/mnt/other', { minor: 16, root: b('/else') }),
  ]
  t.match(providerOf([ROOT, volume], { host }), {
    kind: 'none',
    next: "add --external 'mnt[d]:PATH', the host directory of /data (at the dump: /srv/x)",
    option: ['--external', 'mnt[d]:/srv/x'],
  })
  const root = mount(10, '/', { minor: 1, root: b('/pods/1') })
  t.match(providerOf([root], { root: undefined, host }), {
    kind: 'none',
    next: 'add --root with the host path of the rootfs (at the dump: /pods/1)',
    option: ['--root', '/pods/1'],
  })
  const overlay = mount(10, '/', {
    ...{ major: 0, minor: 40, fstype: 'overlay' },
    upper: b('/l/diff'),
  })
  const optionOf = (...rows: ReturnType<typeof hostMount>[]) =>
    providerOf([overlay], { root: undefined, host: [...host, ...rows] })
  t.match(optionOf(), { option: ['--root', '/l/diff'] }, 'an overlay that is not mounted')
  const merged = hostMount('/l/merged', { ...{ major: 0, minor: 41 }, upper: b('/l/diff') })
  t.match(optionOf(merged), { option: ['--root', '/l/merged'] }, 'mounted again')
  const strange = mount(10, '/', { ...{ major: 0, minor: 40 }, upper: b('l/../diff') })
  t.notOk('option' in providerOf([strange], { root: undefined, host }))
  const unnamed = mount(11, '/data', { minor: 16, root: b('/vol/x'), external: mapped('d\n') })
  t.notOk('option' in providerOf([ROOT, unnamed], { host }), 'what cannot be typed is not proposed')
  const odd = mount(11, '/data', { minor: 16, root: b('/vol/\x1b'), external: mapped('d') })
  t.notOk('option' in providerOf([ROOT, odd], { host }), 'nor a directory of such a name')
})

test('a memory file system of the runtime’s that was not given died, unless it is found to live', (t) => {
  const shm = tmpfs(11, '/dev/shm', { external: mapped('shm') })
  t.strictSame(providerOf([ROOT, shm]), { kind: 'stand-in' })
  t.match(providerOf([ROOT, shm], { externals: externals({ shm: '/run/shm' }) }), {
    kind: 'external',
    path: '/run/shm',
  })
})

test('a bind of the root is the root and the path between', (t) => {
  t.strictSame(providerOf([ROOT, mount(11, '/mnt', { root: b('/var/lib') })]), {
    kind: 'root',
    path: '/rootfs',
    sub: '/var/lib',
  })
  const deepRoot = mount(10, '/', { root: b('/images/1') })
  t.hasStrict(providerOf([deepRoot, mount(11, '/mnt', { root: b('/images/1/var') })]), {
    kind: 'root',
    sub: '/var',
  })
  t.hasStrict(providerOf([deepRoot, mount(11, '/mnt', { root: b('/images/1') })]), {
    kind: 'root',
    sub: '/',
  })
})

test('what is not below the root’s own directory is no bind of it', (t) => {
  const deepRoot = mount(10, '/', { root: b('/images/1') })
  for (const root of ['/images/2', '/images/12', '/images', '/'])
    t.hasStrict(
      providerOf([deepRoot, mount(11, '/mnt', { root: b(root) })]),
      { kind: 'none' },
      root,
    )
})

test('another superblock is no bind of the root', (t) => {
  for (const other of [{ major: 8 }, { minor: 1 }, { fstype: 'overlay' }])
    t.hasStrict(providerOf([ROOT, mount(11, '/mnt', { ...other, root: b('/x') })]), {
      kind: 'none',
    })
})

test('a bind of an external mount', (t) => {
  const volume = mount(11, '/data', { minor: 16, external: mapped('/data'), root: b('/vol') })
  const bind = mount(12, '/again', { minor: 16, root: b('/vol/sub/x') })
  t.strictSame(providerOf([ROOT, volume, bind], { externals: externals({ '/data': '/srv/d' }) }), {
    kind: 'external',
    key: '/data',
    path: '/srv/d',
    sub: '/sub/x',
  })
})

test('a bind of what was not given is what was not given', (t) => {
  const volume = mount(11, '/data', { minor: 16, external: mapped('/data') })
  const bind = mount(12, '/again', { minor: 16, root: b('/sub') })
  t.strictSame(providerOf([ROOT, volume, bind]), providerOf([ROOT, volume]))
})

test('the nearest of several providers, of those that are there', (t) => {
  const outer = mount(11, '/a', { minor: 16, external: mapped('a'), root: b('/vol') })
  const inner = mount(12, '/b', { minor: 16, external: mapped('b'), root: b('/vol/sub') })
  const bind = mount(13, '/c', { minor: 16, root: b('/vol/sub/x') })
  for (const mounts of [
    [ROOT, outer, inner, bind],
    [ROOT, inner, outer, bind],
  ]) {
    const both = externals({ a: '/A', b: '/B' })
    t.hasStrict(providerOf(mounts, { externals: both }), { key: 'b', path: '/B', sub: '/x' })
    const one = externals({ a: '/A' })
    t.hasStrict(providerOf(mounts, { externals: one }), { key: 'a', path: '/A', sub: '/sub/x' })
    t.match(providerOf(mounts, {}), { kind: 'none', next: /--external 'mnt\[b\]:PATH'/ })
  }
})

test('binds reach across namespaces, both ways', (t) => {
  const nestedRoot = mount(20, '/', { nsId: 12 })
  t.hasStrict(
    nestedProviderOf([ROOT], [nestedRoot], { root: '/rootfs' }),
    { kind: 'root', path: '/rootfs', sub: '/' },
    'a nested root is a bind of the outer one',
  )
  t.hasStrict(
    nestedProviderOf([ROOT], [nestedRoot, mount(21, '/m', { nsId: 12, root: b('/in') })], {
      root: '/rootfs',
    }),
    { kind: 'root', sub: '/in' },
  )
  const volume = mount(11, '/data', { minor: 16, external: mapped('k') })
  const bind = mount(21, '/m', { nsId: 12, minor: 16, root: b('/x') })
  t.hasStrict(
    nestedProviderOf([ROOT, volume], [nestedRoot, bind], { externals: externals({ k: '/K' }) }),
    { kind: 'external', path: '/K', sub: '/x' },
  )
})

test('a nested namespace with another root has no --root', (t) => {
  const other = mount(20, '/', { nsId: 12, minor: 99 })
  t.hasStrict(nestedProviderOf([ROOT], [other], { root: '/rootfs' }), { kind: 'none' })
})

test('where the root namespace is not known, --root is that of all only if they agree', (t) => {
  const both = (minor: number) => {
    const providers = resolveProviders(
      checkpoint({
        namespaces: [
          namespace(9, [ROOT], { isRoot: undefined }),
          namespace(12, [mount(20, '/', { nsId: 12, minor })], { isRoot: undefined }),
        ],
      }),
      options({ root: '/rootfs' }),
    )
    return [providers.get(ROOT.mntId), providers.get(20)]
  }
  t.hasStrict(both(0), [{ kind: 'root' }, { kind: 'root' }])
  t.hasStrict(both(1), [{ kind: 'none' }, { kind: 'none' }])
})

test('a mount stacked on the root is not the root', (t) => {
  const over = tmpfs(11, '/', { parentId: 10 })
  t.hasStrict(providerOf([ROOT, over]), { kind: 'stand-in' })
  t.hasStrict(providerOf([over, ROOT]), { kind: 'root' }, 'which is still the root')
})

test('a root that is its own parent, as on a rootfs', (t) => {
  t.hasStrict(providerOf([mount(10, '/', { parentId: 10 })]), { kind: 'root', path: '/rootfs' })
})

test('an old external row has a key and no root: itself only', (t) => {
  const old = mount(11, '/data', { minor: 16, external: mapped('/key'), root: undefined })
  const given = { root: '/rootfs', externals: externals({ '/key': '/srv' }) }
  t.strictSame(providerOf([ROOT, old], given), {
    kind: 'external',
    key: '/key',
    path: '/srv',
    sub: '/',
  })
  const bind = mount(12, '/again', { minor: 16, root: b('/key') })
  t.hasStrict(providerOf([ROOT, old, bind], given), { kind: 'none' }, 'its root is not "/key"')
  t.match(providerOf([ROOT, old]), { kind: 'none', next: /mnt\[\/key\]:PATH/ })
})

const auto = (rest: Partial<Mount> = {}): Mount =>
  mount(11, '/dev/shm', {
    external: AUTO,
    fstype: 'tmpfs',
    major: 0,
    minor: 52,
    source: b('/host/shm'),
    ...rest,
  })
const ALLOWED = { ...NO_EXTERNALS, auto: true }

/** The same on a disk. */
const autoDisk = (rest: Partial<Mount> = {}): Mount =>
  auto({ fstype: 'unsupported', major: 254, minor: 7, source: b('/host/vol'), ...rest })
const HOST_DISK = hostMount('/host/vol', { minor: 7 })

test('a mount that CRIU found to be external needs mnt[]', (t) => {
  t.match(providerOf([ROOT, autoDisk()], { root: '/rootfs', host: [HOST_DISK] }), {
    kind: 'none',
    next: /add --external 'mnt\[\]'/,
  })
  for (const [found, row] of [
    [autoDisk(), HOST_DISK],
    [auto(), HOST_SHM],
  ] as const)
    t.strictSame(providerOf([ROOT, found], { externals: ALLOWED, host: [row] }), {
      kind: 'host',
      mount: row,
      path: row.mountpoint,
      sub: '/',
    })
})

test('a file system in memory that CRIU found to be external dies as one of the runtime’s', (t) => {
  t.strictSame(providerOf([ROOT, auto()], { root: '/rootfs' }), { kind: 'stand-in' })
  t.strictSame(
    providerOf([ROOT, auto()], { root: '/rootfs', host: [HOST_SHM] }),
    { kind: 'stand-in' },
    'if it still lives, the look at all namespaces tells',
  )
  t.strictSame(providerOf([ROOT, auto()], { externals: ALLOWED }), { kind: 'stand-in' })
})

test('a mount that CRIU found to be external is also the directory given for its place', (t) => {
  const given = externals({ '/dev/shm': '/run/shm', '/host/shm': '/no' })
  for (const [found, host] of [
    [auto(), [HOST_SHM]],
    [autoDisk(), [HOST_DISK]],
    [autoDisk(), []],
  ] as const)
    for (const more of [{}, { auto: true }])
      t.strictSame(
        providerOf([ROOT, found], { externals: { ...given, ...more }, host }),
        { kind: 'external', key: '/dev/shm', path: '/run/shm', sub: '/' },
        'whatever CRIU found',
      )
  t.match(
    providerOf([ROOT, autoDisk()], { externals: ALLOWED }),
    {
      next: "mount it, or add --external 'mnt[/dev/shm]:PATH' with the host directory where it is now",
    },
    'which is what a message names',
  )
  const bind = mount(12, '/again', { minor: 7, root: b('/x') })
  t.hasStrict(
    providerOf([ROOT, autoDisk(), bind], { externals: given }),
    { kind: 'external', path: '/run/shm', sub: '/x' },
    'and a bind of it follows',
  )
})

test('its host path is only compared with what is mounted there', (t) => {
  const spec = { externals: ALLOWED, host: [HOST_DISK] }
  for (const other of [
    autoDisk({ source: b('/host') }),
    autoDisk({ source: b('/etc') }),
    autoDisk({ minor: 53 }),
    autoDisk({ major: 1 }),
    autoDisk({ root: undefined }),
  ])
    t.match(providerOf([ROOT, other], spec), { kind: 'none', reason: /nothing with its device/ })
  const part = hostMount('/host/vol', { ...HOST_DISK, root: b('/part') })
  t.hasStrict(providerOf([ROOT, autoDisk()], { externals: ALLOWED, host: [part] }), {
    kind: 'none',
  })
  t.hasStrict(
    providerOf([ROOT, autoDisk({ root: b('/part/x'), source: b('//host/vol/x') })], {
      externals: ALLOWED,
      host: [part],
    }),
    {
      kind: 'host',
      sub: '/x',
    },
  )
})

test('a bind of a part of a host mount', (t) => {
  const host = [HOST_SHM]
  const part = auto({ root: b('/pods/1'), source: b('/host/shm/pods/1') })
  const bind = (root: string) =>
    tmpfs(12, '/again', { root: b(root), source: b('/host/shm'), external: undefined })
  const spec = { externals: ALLOWED, host }
  t.hasStrict(providerOf([ROOT, part], spec), { kind: 'host', sub: '/pods/1' })
  t.hasStrict(providerOf([ROOT, part, bind('/pods/1/x')], spec), { kind: 'host', sub: '/pods/1/x' })
  t.hasStrict(providerOf([ROOT, part, bind('/pods/1')], spec), { kind: 'host', sub: '/pods/1' })
})

test('a device', (t) => {
  const device = (source: string) =>
    mount(11, '/vol', {
      major: 8,
      minor: 16,
      source: b(source),
      external: { kind: 'device', key: b(source) },
    })
  const row = hostMount('/mnt/vol', { major: 8, minor: 16, source: b('/dev/sdb') })
  const devices = new Map([[b('vol'), b('/dev/sdb')]])
  const given = { ...NO_EXTERNALS, devices }
  const others = [hostMount('/'), hostMount('/mnt/x', { source: b('/dev/sdc') })]
  t.strictSame(
    providerOf([ROOT, device('dev[vol]')], { externals: given, host: [...others, row, ...others] }),
    { kind: 'host', mount: row, path: '/mnt/vol', sub: '/' },
  )
  t.hasStrict(providerOf([ROOT, device('dev[vol]')], { host: [row] }), {
    kind: 'none',
    next: "add --external 'dev[vol]:/dev/NAME'",
  })
  t.hasStrict(providerOf([ROOT, device('dev[vol]')], { externals: given }), {
    kind: 'none',
    reason: '/dev/sdb is not mounted here',
  })
})

test('a tmpfs of the container died with it', (t) => {
  t.strictSame(providerOf([ROOT, SHM]), { kind: 'stand-in' })
  for (const fstype of ['devpts', 'mqueue', 'proc', 'hugetlbfs', 'ramfs', 'devtmpfs', 'sysfs'])
    t.hasStrict(providerOf([ROOT, tmpfs(11, '/x', { fstype })]), { kind: 'stand-in' }, fstype)
})

test('a tmpfs that the host still has: with --root / or mnt[]', (t) => {
  const root = hostMount('/')
  const host = [root, HOST_SHM]
  const found = { kind: 'host', mount: HOST_SHM, path: '/host/shm', sub: '/' }
  t.strictSame(providerOf([ROOT, SHM], { root: '/', host }), found)
  t.strictSame(providerOf([ROOT, SHM], { root: '/rootfs', externals: ALLOWED, host }), found)
  t.not(
    providerOf([ROOT, SHM], { root: '/rootfs', host }).kind,
    'host',
    'an image alone does not choose a host directory',
  )
})

test('of several host mounts the one that holds the mount’s root, and lies on top', (t) => {
  const part = hostMount('/part', { ...HOST_SHM, mountpoint: b('/part'), root: b('/a') })
  const top = hostMount('/top', { ...HOST_SHM, mountpoint: b('/top') })
  const spec = { externals: ALLOWED, host: [HOST_SHM, top, part] }
  t.hasStrict(providerOf([ROOT, SHM], spec), { path: '/top', sub: '/' })
  t.hasStrict(providerOf([ROOT, tmpfs(11, '/x', { root: b('/a/b') })], spec), {
    path: '/part',
    sub: '/b',
  })
})

test('another file system with the same number is another', (t) => {
  const consent = { root: '/rootfs', externals: ALLOWED }
  const others = [
    { minor: 53 },
    { major: 1 },
    { source: b('tmpfs') },
    { fstype: 'ramfs' },
    { root: b('/below') },
  ]
  for (const other of others)
    t.hasStrict(
      providerOf([ROOT, SHM], { ...consent, host: [{ ...HOST_SHM, ...other }] }),
      { kind: 'stand-in' },
      JSON.stringify(other),
    )
})

test('device numbers of before this boot mean nothing', (t) => {
  const spec = { root: '/rootfs', externals: ALLOWED, host: [HOST_SHM] }
  t.hasStrict(providerOf([ROOT, SHM], spec), { kind: 'host' })
  t.hasStrict(providerOf([ROOT, SHM], { ...spec, bootedAt: at(1_700_000_001) }), {
    kind: 'stand-in',
  })
  const unknown = resolveProviders(
    checkpoint({
      namespaces: [namespace(9, [ROOT, SHM])],
      times: imageTimes({ written: undefined }),
    }),
    options({ ...spec, bootedAt: BOOTED }),
  )
  t.hasStrict(unknown.get(11), { kind: 'stand-in' })
})

test('a disk never vanishes: not mounted here is out of reach', (t) => {
  const disk = mount(11, '/vol', { minor: 99, source: b('/dev/vdz') })
  const kinds = ['unsupported', 'overlay', 'fuse', 'nfs', 'aufs', 'simfs', 'auto', 'type 77']
  for (const fstype of kinds)
    t.match(
      providerOf([ROOT, { ...disk, fstype }]),
      { kind: 'none', reason: /\/dev\/vdz\) is not mounted here/ },
      fstype,
    )
})

test('a disk that is mounted here needs consent, and is then used', (t) => {
  const disk = mount(11, '/vol', { minor: 99, source: b('/dev/vdz'), root: b('/x/y') })
  const row = hostMount('/mnt', { minor: 99, source: b('/dev/vdz'), root: b('/x') })
  t.match(providerOf([ROOT, disk], { root: '/rootfs', host: [row] }), {
    kind: 'none',
    reason: /mounted on \/mnt/,
    next: /add --external 'mnt\[\]'/,
  })
  t.hasStrict(providerOf([ROOT, disk], { externals: ALLOWED, host: [row] }), {
    kind: 'host',
    path: '/mnt',
    sub: '/y',
  })
})

test('a directory that was removed while mounted cannot be reached', (t) => {
  t.match(providerOf([ROOT, mount(11, '/mnt', { root: b('/gone'), deleted: true })]), {
    kind: 'none',
    reason: /had been removed/,
  })
  t.hasStrict(
    providerOf([ROOT, mount(11, '/data', { external: mapped('k'), deleted: true })], {
      externals: externals({ k: '/srv' }),
    }),
    { kind: 'external', path: '/srv' },
    'what the caller gives is there',
  )
})

test('a mount whose root is not known is no bind of anything', (t) => {
  t.hasStrict(providerOf([ROOT, mount(11, '/x', { root: undefined })]), { kind: 'none' })
})

test('reasons have no control characters, whatever an image calls things', (t) => {
  const evil = 'x\n\t\x1b[31m'
  const reasons = [
    providerOf([ROOT, mount(11, '/v', { minor: 9, fstype: evil, source: b(evil) })]),
    providerOf([ROOT, mount(11, `/${evil}`, { minor: 9, external: mapped(evil) })]),
    providerOf([ROOT, autoDisk({ source: b(evil) })], { externals: ALLOWED }),
    providerOf([
      ROOT,
      mount(11, '/v', { external: { kind: 'device', key: b(evil) }, source: b(evil) }),
    ]),
  ]
  for (const provider of reasons) {
    if (provider.kind !== 'none') throw new Error('not a reason')
    // eslint-disable-next-line no-control-regex -- that is what must not be there
    t.notMatch(`${provider.reason}${provider.next}`, /[\x00-\x1f\x7f]/)
  }
})

const GONE = { kind: 'gone' }

test('what the caller calls gone: the root, a mount by its place or by its key', (t) => {
  t.strictSame(providerOf([ROOT], { gone: ['/'] }), GONE)
  const volume = mount(11, '/data', { minor: 16, external: mapped('vol') })
  for (const gone of ['/data', 'vol'])
    t.strictSame(providerOf([ROOT, volume], { gone: [gone] }), GONE)
  for (const gone of ['/', '/dat', '/data/x', '/data/', 'data', 'vo'])
    t.hasStrict(providerOf([ROOT, volume], { gone: [gone] }), { kind: 'none' }, gone)
  t.strictSame(
    providerOf([ROOT, volume], { gone: ['vol'], externals: externals({ vol: '/srv' }) }),
    GONE,
    'also where it is given',
  )
  t.hasStrict(providerOf([volume, ROOT], { root: '/rootfs', gone: ['/data'] }), { kind: 'root' })
})

test('mounts that no option can be given for are gone by their place', (t) => {
  t.strictSame(providerOf([ROOT, autoDisk()], { gone: ['/dev/shm'] }), GONE)
  t.strictSame(providerOf([ROOT, SHM], { gone: ['/dev/shm'] }), GONE, 'a tmpfs')
  const disk = mount(11, '/vol', { minor: 99, source: b('/dev/vdz') })
  t.strictSame(providerOf([ROOT, disk], { gone: ['/vol'] }), GONE, 'a disk')
  const removed = mount(11, '/mnt', { root: b('/gone'), deleted: true })
  t.strictSame(providerOf([ROOT, removed], { root: '/rootfs', gone: ['/mnt'] }), GONE)
})

test('what is bound from something gone is gone, and what is given otherwise is not', (t) => {
  const volume = mount(11, '/data', { minor: 16, external: mapped('vol'), root: b('/vol') })
  const bind = mount(12, '/again', { minor: 16, root: b('/vol/x') })
  const spec = { root: '/rootfs', gone: ['vol'] }
  t.strictSame(providerOf([ROOT, volume, bind], spec), GONE)
  t.strictSame(providerOf([ROOT, mount(12, '/m', { root: b('/x') })], { gone: ['/'] }), GONE)
  t.hasStrict(providerOf([ROOT, mount(12, '/m', { root: b('/x') })], spec), { kind: 'root' })
  const other = mount(13, '/other', { minor: 16, external: mapped('o'), root: b('/vol/x') })
  t.hasStrict(
    providerOf([ROOT, volume, other, bind], { ...spec, externals: externals({ o: '/O' }) }),
    { kind: 'external', path: '/O', sub: '/' },
    'the nearest one decides',
  )
  t.hasStrict(
    providerOf([ROOT, volume, bind], {
      root: '/rootfs',
      gone: ['/again'],
      externals: externals({ vol: '/V' }),
    }),
    GONE,
    'a bind alone',
  )
})
