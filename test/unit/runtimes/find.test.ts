// Containers in folders as their runtimes leave them. What a runtime itself would tell is in test/criu.
import fs from 'node:fs'
import path from 'node:path'
import { taskAt } from '../../../src/host/living/tasks.js'
import type { Container } from '../../../src/runtimes/container.js'
import { dataRoots } from '../../../src/runtimes/docker.js'
import { findContainer } from '../../../src/runtimes/find.js'
import { CRUN, stateOfBundle } from '../../../src/runtimes/state.js'
import { parseArguments } from '../../../src/cli/arguments.js'
import { withContainer } from '../../../src/cli/container.js'
import { recordedFile } from '../checkpoint/recorded.js'
import { refuses, test, type Test } from '../support/check.js'

type Files = Readonly<Record<string, string | object>>

/** A folder with these files; objects as JSON. "/" at the end makes a folder. */
const folder = (t: Test, files: Files): string => {
  const top = fs.realpathSync(t.testdir({}))
  for (const [name, value] of Object.entries(files)) {
    const at = path.join(top, name)
    fs.mkdirSync(name.endsWith('/') ? at : path.dirname(at), { recursive: true })
    if (!name.endsWith('/'))
      fs.writeFileSync(at, typeof value === 'string' ? value : JSON.stringify(value))
  }
  return top
}

const find = (runtime: string, runtimeRoot: string, id: string): Container =>
  findContainer({ bundle: undefined, id, runtime, runtimeRoot })

const ofBundle = (bundle: string): Container =>
  findContainer({ bundle, id: undefined, runtime: undefined, runtimeRoot: undefined })

/** A process that runs, as runtimes note it. */
const US = taskAt(process.pid)!

const bind = (source: string, destination: string): object => ({
  ...{ type: 'bind', source, destination, options: ['rbind'] },
})
const CONFIG = {
  root: { path: 'rootfs' },
  mounts: [
    bind('/srv/data', '/data'),
    { type: 'none', source: 'logs', destination: '/var/link/logs', options: ['bind', 'rw'] },
    { type: 'tmpfs', source: 'tmpfs', destination: '/tmp', options: [] },
    { type: 'bind', destination: '/broken' },
    { type: 'bind', source: '/srv/plain', destination: '/plain' },
    'nonsense',
  ],
}

test('a bundle: root and sources are below it, binds by type or option', (t) => {
  const bundle = folder(t, { 'config.json': CONFIG, 'checkpoint/': '' })
  t.match(ofBundle(bundle), {
    home: bundle,
    roots: [{ path: path.join(bundle, 'rootfs'), isMountpoint: false }],
    images: [{ path: path.join(bundle, 'checkpoint') }],
    process: undefined,
  })
  t.strictSame(
    ofBundle(bundle).mounts.map(({ source, destination }) => [source, destination]),
    [
      ['/srv/data', '/data'],
      [path.join(bundle, 'logs'), '/var/link/logs'],
      ['/srv/plain', '/plain'],
    ],
  )
})

test('what is no bundle, and what others could have written', (t) => {
  const top = folder(t, {
    'none/': '',
    'bad/config.json': '[1',
    'list/config.json': '[]',
    'open/config.json': '{}',
  })
  refuses(t, () => ofBundle(path.join(top, 'none')), 'usage', /no config.json/)
  refuses(t, () => ofBundle(path.join(top, 'bad')), 'refused', /no JSON/)
  refuses(t, () => ofBundle(path.join(top, 'list')), 'refused', /no JSON of that form/)
  fs.chmodSync(path.join(top, 'open/config.json'), 0o666)
  refuses(t, () => ofBundle(path.join(top, 'open')), 'refused', /others than root/)
})

test('runc: state, and whether its process is still that one', (t) => {
  const state = (start: number): object => ({
    init_process_pid: US.pid,
    init_process_start: start,
    config: {
      rootfs: '/elsewhere/rootfs',
      labels: ['bundle=BUNDLE'],
      mounts: [
        { device: 'bind', source: '/srv/data', destination: '/data' },
        { device: 'tmpfs', source: 'tmpfs', destination: '/tmp' },
      ],
    },
  })
  const top = folder(t, {
    'bundle/config.json': CONFIG,
    'state/lives/state.json': state(US.start),
    'state/ended/state.json': state(US.start + 1),
  })
  for (const name of ['lives', 'ended']) {
    const file = path.join(top, 'state', name, 'state.json')
    fs.writeFileSync(
      file,
      fs.readFileSync(file, 'utf8').replace('BUNDLE', path.join(top, 'bundle')),
    )
  }
  const lives = find('runc', path.join(top, 'state'), 'lives')
  t.match(lives, {
    runtime: 'runc',
    id: 'lives',
    home: path.join(top, 'bundle'),
    roots: [{ path: '/elsewhere/rootfs' }],
    process: { pid: US.pid, start: US.start },
  })
  t.strictSame(
    lives.mounts.map(({ source }) => source),
    ['/srv/data'],
  )
  t.equal(
    find('runc', path.join(top, 'state'), 'ended').process,
    undefined,
    'its number was given again',
  )
  for (const id of ['none', '..', '../state/lives', ''])
    refuses(t, () => find('runc', path.join(top, 'state'), id), 'usage', /knows no container/)
})

test('of a bundle the state that names it, whatever the others are', (t) => {
  const top = folder(t, {
    'bundle/config.json': CONFIG,
    'state/a/status': 'no JSON',
    'state/c/status': {},
  })
  fs.mkdirSync(path.join(top, 'state/b'))
  const status = { pid: US.pid, 'process-start-time': US.start, bundle: path.join(top, 'bundle/') }
  fs.writeFileSync(path.join(top, 'state/b/status'), JSON.stringify(status))
  const states = [[CRUN, path.join(top, 'state')]] as const
  t.match(stateOfBundle(path.join(top, 'bundle'), ['c'], states), {
    id: 'b',
    process: { pid: US.pid },
  })
  t.equal(stateOfBundle(path.join(top, 'other'), ['b'], states), undefined)
  refuses(
    t,
    () => stateOfBundle(path.join(top, 'bundle'), ['a'], states),
    'refused',
    /no JSON/,
    'its own',
  )
})

test('crun: status, and the configuration in the bundle', (t) => {
  const top = folder(t, { 'bundle/config.json': CONFIG })
  fs.mkdirSync(path.join(top, 'state/c1'), { recursive: true })
  fs.writeFileSync(
    path.join(top, 'state/c1/status'),
    JSON.stringify({
      pid: US.pid,
      'process-start-time': US.start,
      bundle: path.join(top, 'bundle'),
      rootfs: 'rootfs',
    }),
  )
  t.match(find('crun', path.join(top, 'state'), 'c1'), {
    roots: [{ path: path.join(top, 'bundle/rootfs') }],
    mounts: [{ source: '/srv/data' }, {}, {}],
    process: { pid: US.pid },
  })
})

test('youki: no start is noted, so that the cgroup has to be the container’s', (t) => {
  const top = folder(t, { 'bundle/config.json': CONFIG })
  fs.mkdirSync(path.join(top, 'state/y1'), { recursive: true })
  fs.writeFileSync(
    path.join(top, 'state/y1/state.json'),
    JSON.stringify({ pid: US.pid, bundle: path.join(top, 'bundle'), id: 'y1' }),
  )
  t.match(find('youki', path.join(top, 'state'), 'y1'), {
    roots: [{ path: path.join(top, 'bundle/rootfs') }],
    process: undefined,
  })
})

const ID = '476c49048755aac49a7c63faaac09de5079f789eb9d96a2b38f5a02b1f72f8a8'

const storage = (t: Test, more: Files = {}, driver = 'overlay'): string =>
  folder(t, {
    [`${driver}-containers/containers.json`]: [
      { id: ID, names: ['demo'], layer: 'layer1' },
      { id: 'ff00', names: ['other'], layer: 'layer2' },
    ],
    [`${driver}-containers/${ID}/userdata/config.json`]: fs.readFileSync(
      recordedFile('podman586-userns-uidmap', 'config.json'),
      'utf8',
    ),
    [`${driver}-containers/${ID}/userdata/checkpoint/`]: '',
    ...more,
  })

test('podman: by name, id or its beginning; the layer is known, whatever root.path says', (t) => {
  const graph = storage(t)
  const userdata = path.join(graph, 'overlay-containers', ID, 'userdata')
  for (const name of ['demo', ID, '476c'])
    t.match(find('podman', graph, name), {
      runtime: 'podman',
      id: ID,
      home: userdata,
      workDir: userdata,
      images: [{ path: path.join(userdata, 'checkpoint') }],
      roots: [
        { path: path.join(graph, 'overlay/layer1/merged'), isMountpoint: true },
        { path: path.join(graph, 'overlay/layer1/diff'), isMountpoint: false },
      ],
    })
  t.match(ofBundle(userdata), {
    runtime: 'podman',
    id: ID,
    roots: [{}, { path: path.join(graph, 'overlay/layer1/diff') }],
  })
  refuses(t, () => find('cri-o', graph, 'demo'), 'usage', /knows no container/)
})

test('podman: without the list of containers, the upper directory is beside the overlay', (t) => {
  const top = folder(t, {
    'overlay-containers/x/userdata/config.json': {
      root: { path: '/g/overlay/l/merged' },
      mounts: [],
    },
  })
  t.match(ofBundle(path.join(top, 'overlay-containers/x/userdata')).roots, [
    { path: '/g/overlay/l/merged', isMountpoint: true },
    { path: '/g/overlay/l/diff', isMountpoint: false },
  ])
})

test('podman with vfs: a plain directory', (t) => {
  const graph = storage(t, {}, 'vfs')
  t.match(find('podman', graph, 'demo').roots, [
    { path: path.join(graph, 'vfs/dir/layer1'), isMountpoint: false },
  ])
})

test('CRI-O is told by its annotation', (t) => {
  const graph = storage(t, {
    [`overlay-containers/${ID}/userdata/config.json`]: {
      ...CONFIG,
      annotations: { 'io.container.manager': 'cri-o' },
    },
  })
  t.match(find('cri-o', graph, ID), { runtime: 'cri-o', roots: [{}, { path: /layer1\/diff$/ }] })
  refuses(t, () => find('podman', graph, ID), 'usage', /knows no container/)
})

test('more than one answer is an error that lists them', (t) => {
  const graph = storage(t, {
    'overlay-containers/containers.json': [
      { id: 'aa01', names: [], layer: 'l1' },
      { id: 'aa02', names: [], layer: 'l2' },
    ],
  })
  const error = refuses(t, () => find('podman', graph, 'aa'), 'usage', /2 containers are called aa/)
  t.match(
    error?.next,
    /criu-gc show --runtime podman --container aa01 \| criu-gc show --runtime podman --container aa02/,
  )
})

test('docker: mounts, upper directory and checkpoints from its own files', (t) => {
  const config = fs.readFileSync(recordedFile('docker2852-complete', 'config.v2.json'), 'utf8')
  const { ID: id } = JSON.parse(config) as { ID: string }
  const data = folder(t, {
    [`containers/${id}/config.v2.json`]: config,
    [`containers/${id}/checkpoints/cp1/`]: '',
    [`image/overlay2/layerdb/mounts/${id}/mount-id`]: '31f5',
  })
  const found = find('docker', data, 'd1')
  t.match(found, {
    id,
    roots: [
      { path: path.join(data, 'overlay2/31f5/merged'), isMountpoint: true },
      { path: path.join(data, 'overlay2/31f5/diff'), isMountpoint: false },
    ],
    images: [{ path: path.join(data, 'containers', id, 'checkpoints/cp1') }],
    process: undefined,
  })
  t.strictSame(
    found.mounts.map(({ source, destination }) => [destination, source]),
    [
      ['/data', '/srv/d1/data'],
      ['/var/link/logs', '/srv/d1/logs'],
      ['/vol', '/var/lib/docker/volumes/vol-d1/_data'],
    ],
  )
})

test('docker: a layer that is no name is not followed', (t) => {
  const data = folder(t, {
    'containers/x/config.v2.json': { ID: 'x', Name: '/x', Driver: 'overlay2' },
    'image/overlay2/layerdb/mounts/x/mount-id': '../../etc',
    'containers/y/config.v2.json': { ID: 'y', Name: '/y', Driver: 'zfs' },
    'image/zfs/layerdb/mounts/y/mount-id': 'layer',
  })
  t.strictSame(
    find('docker', data, 'x').roots.map((root) => root.path),
    [path.join(data, 'rootfs/overlay2/x')],
  )
  t.match(find('docker', data, 'y').roots, [{ path: path.join(data, 'rootfs/zfs/y') }])
})

test('containerd: by namespace and id; its root is where the snapshot is mounted', (t) => {
  const tasks = 'io.containerd.runtime.v2.task'
  const top = folder(t, {
    [`${tasks}/default/k2/config.json`]: CONFIG,
    [`${tasks}/moby/d1/config.json`]: CONFIG,
  })
  const bundle = path.join(top, tasks, 'default/k2')
  const wanted = {
    runtime: 'containerd',
    home: bundle,
    roots: [{ path: path.join(bundle, 'rootfs'), isMountpoint: true }],
  }
  t.match(find('containerd', top, 'k2'), { ...wanted, failedLog: undefined })
  const log = path.join(bundle, 'criu-dump.log')
  fs.symlinkSync('config.json', log)
  t.equal(find('containerd', top, 'k2').failedLog, undefined, 'a link is none')
  fs.rmSync(log)
  fs.writeFileSync(log, '')
  t.match(find('containerd', top, 'k2'), { ...wanted, failedLog: log })
  const words = ['show', '--container', 'k2', '--runtime', 'containerd', '--runtime-root', top]
  const logOf = (...more: string[]): string | undefined =>
    withContainer(parseArguments([...words, '--pid', '7', ...more], {})).dumpLog
  t.equal(logOf(), log, 'of a dump whose images its engine removed')
  t.equal(logOf('-L', '/l'), '/l', 'what is typed wins')
  t.equal(logOf('-D', top), undefined, 'these images may be another dump’s')
  t.match(ofBundle(bundle), wanted)
  refuses(t, () => find('containerd', top, 'd1'), 'usage', /knows no container/)
})

test('LXC: its configuration', (t) => {
  const top = folder(t, {
    'n1/config': [
      'lxc.rootfs.path = overlay:/var/lib/lxc/base/rootfs:/var/lib/lxc/n1/overlay/delta',
      '# lxc.mount.entry = /no no none bind 0 0',
      'lxc.mount.entry = /srv/with\\040blank data none bind,create=dir 0 0',
      'lxc.mount.entry = tmpfs tmp tmpfs defaults 0 0',
    ].join('\n'),
    'n2/config': 'lxc.rootfs.path = dir:/var/lib/lxc/n2/rootfs\n',
  })
  const found = find('lxc', top, 'n1')
  t.match(found.roots, [{ path: '/var/lib/lxc/n1/overlay/delta', isMountpoint: false }])
  t.strictSame(
    found.mounts.map(({ source, destination }) => [source, destination]),
    [['/srv/with blank', 'data']],
  )
  t.match(find('lxc', top, 'n2').roots, [{ path: '/var/lib/lxc/n2/rootfs' }])
})

test('Incus: devices of the container, through the link into the pool', (t) => {
  const yaml = fs.readFileSync(recordedFile('incus702-stateful-stop', 'backup.yaml'), 'utf8')
  const top = folder(t, { 'pool/in1/backup.yaml': yaml, 'pool/in1/state/': '', 'containers/': '' })
  fs.symlinkSync('../pool/in1', path.join(top, 'containers/in1'))
  const home = path.join(top, 'pool/in1')
  const found = find('incus', top, 'in1')
  t.match(found, {
    home,
    roots: [{ path: path.join(home, 'rootfs') }],
    images: [{ path: path.join(home, 'state') }],
  })
  t.strictSame(
    found.mounts.map(({ source, destination }) => [source, destination]),
    [['/srv/in1/data', '/data']],
  )
})

test('docker: the layer of a stopped container, with each of its drivers that has one', (t) => {
  const files = (driver: string): Files => ({
    'containers/x/config.v2.json': { ID: 'x', Name: '/x', Driver: driver },
    [`image/${driver}/layerdb/mounts/x/mount-id`]: '31f5',
  })
  for (const [driver, layer] of [
    ['overlay2', '31f5/diff'],
    ['fuse-overlayfs', '31f5/diff'],
    ['vfs', 'dir/31f5'],
    ['btrfs', 'subvolumes/31f5'],
  ] as const) {
    const data = folder(t, files(driver))
    const kept = find('docker', data, 'x').roots.filter(({ isMountpoint }) => !isMountpoint)
    t.strictSame(
      kept.map((root) => root.path),
      [path.join(data, driver, layer)],
    )
  }
})

test('docker: another data root, and that of a user namespace', (t) => {
  const top = folder(t, {
    'usual/containers/': '',
    'usual/165536.165536/containers/': '',
    'told/231072.231072/': '',
    'daemon.json': { 'data-root': 'TOLD' },
  })
  const file = path.join(top, 'daemon.json')
  const [usual, told] = [path.join(top, 'usual'), path.join(top, 'told')]
  fs.writeFileSync(file, JSON.stringify({ 'data-root': told }))
  t.strictSame(dataRoots(file, usual), [
    ...[usual, path.join(usual, '165536.165536')],
    ...[told, path.join(told, '231072.231072')],
  ])
  t.strictSame(dataRoots(path.join(top, 'none.json'), told), [
    told,
    path.join(told, '231072.231072'),
  ])
  fs.chmodSync(file, 0o666)
  refuses(t, () => dataRoots(file, usual), 'refused', /others than root/)
})

test('LXC: what its configuration includes', (t) => {
  const top = folder(t, {
    'more.conf': 'lxc.mount.entry = /srv/more more none bind 0 0\n',
    'conf.d/1.conf': 'lxc.mount.entry = /srv/one one none bind 0 0\n',
    'conf.d/2.conf': 'lxc.mount.entry = /srv/two two none bind 0 0\n',
    'conf.d/readme': 'lxc.mount.entry = /srv/not not none bind 0 0\n',
    'ring.conf': 'RING',
  })
  const at = (name: string): string => path.join(top, name)
  fs.writeFileSync(at('ring.conf'), `lxc.include = ${at('ring.conf')}\n`)
  fs.mkdirSync(at('lxc/c1'), { recursive: true })
  const config = at('lxc/c1/config')
  fs.writeFileSync(
    config,
    [
      `lxc.include = ${at('more.conf')}`,
      `lxc.include = ${at('conf.d')}`,
      `lxc.include = ${at('ring.conf')}`,
      `lxc.include = ${at('none.conf')}`,
      'lxc.rootfs.path = dir:/srv/root',
    ].join('\n'),
  )
  const found = find('lxc', at('lxc'), 'c1')
  t.match(found.roots, [{ path: '/srv/root' }])
  t.strictSame(
    found.mounts.map(({ source, destination }) => [source, destination]),
    [
      ['/srv/more', 'more'],
      ['/srv/one', 'one'],
      ['/srv/two', 'two'],
    ],
  )
  fs.chmodSync(at('more.conf'), 0o666)
  refuses(t, () => find('lxc', at('lxc'), 'c1'), 'refused', /others than root/)
})

test('a file that no runtime writes is not read', (t) => {
  const bundle = folder(t, { 'config.json': '{' })
  fs.truncateSync(path.join(bundle, 'config.json'), 100 * 1024 * 1024)
  refuses(t, () => ofBundle(bundle), 'refused', /104857600 bytes, more than any/)
  fs.rmSync(path.join(bundle, 'config.json'))
  fs.symlinkSync('/etc/passwd', path.join(bundle, 'config.json'))
  refuses(t, () => ofBundle(bundle), 'refused', /cannot be read \(ELOOP\)/)
})
