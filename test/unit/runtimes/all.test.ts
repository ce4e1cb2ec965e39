// All containers in folders as their runtimes leave them.
import fs from 'node:fs'
import path from 'node:path'
import { GcError } from '../../../src/errors.js'
import { taskAt } from '../../../src/host/living/tasks.js'
import { allContainers, imagesOfProcess } from '../../../src/runtimes/all.js'
import { test, type Test } from '../support/check.js'

const folder = (t: Test, files: Readonly<Record<string, object>>): string => {
  const top = fs.realpathSync(t.testdir({}))
  for (const [name, value] of Object.entries(files)) {
    const at = path.join(top, name)
    fs.mkdirSync(path.dirname(at), { recursive: true })
    fs.writeFileSync(at, JSON.stringify(value))
  }
  return top
}

const CONFIG = { root: { path: 'rootfs' }, mounts: [] }

test('podman: all of its storage, by name', (t) => {
  const graph = folder(t, {
    'overlay-containers/containers.json': [
      { id: 'aaa', names: ['one'], layer: 'l1' },
      { id: 'bbb', names: ['two'], layer: 'l2' },
    ],
    'overlay-containers/aaa/userdata/config.json': CONFIG,
    'overlay-containers/aaa/userdata/checkpoint/inventory.img': {},
    'overlay-containers/bbb/userdata/config.json': {
      ...CONFIG,
      annotations: { 'io.container.manager': 'cri-o' },
    },
  })
  const all = allContainers({ runtime: undefined, runtimeRoot: graph })
  t.match(
    all.containers.map(({ runtime, id, name, images }) => [runtime, id, name, images.length]),
    [
      ['podman', 'aaa', 'one', 1],
      ['cri-o', 'bbb', 'two', 0],
    ],
  )
  t.strictSame(all.unlooked, [])
  const { containers } = allContainers({ runtime: 'cri-o', runtimeRoot: graph })
  t.strictSame(
    containers.map(({ id }) => id),
    ['bbb'],
  )
})

test('docker, with the names of checkpoints', (t) => {
  const data = folder(t, {
    'containers/abc/config.v2.json': { Name: '/web', Driver: 'overlay2' },
    'containers/abc/checkpoints/nightly/inventory.img': {},
    'containers/abc/checkpoints/weekly/inventory.img': {},
  })
  const { containers } = allContainers({ runtime: 'docker', runtimeRoot: data })
  t.match(containers, [
    { id: 'abc', name: 'web', images: [{ name: 'nightly' }, { name: 'weekly' }] },
  ])
})

test('LXC, Incus and containerd', (t) => {
  const lxc = folder(t, {})
  fs.mkdirSync(path.join(lxc, 'one'))
  fs.writeFileSync(path.join(lxc, 'one/config'), 'lxc.rootfs.path = dir:/srv/one\n')
  fs.mkdirSync(path.join(lxc, 'no-config'))
  t.match(allContainers({ runtime: 'lxc', runtimeRoot: lxc }).containers, [{ id: 'one' }])
  const incus = folder(t, {
    'containers-snapshots/in1/first/state/inventory.img': {},
    'containers/in1/state/inventory.img': {},
  })
  fs.writeFileSync(path.join(incus, 'containers/in1/backup.yaml'), 'container:\n')
  t.match(allContainers({ runtime: 'incus', runtimeRoot: incus }).containers, [
    { id: 'in1', images: [{ name: 'state' }, { name: 'first' }] },
  ])
  const tasks = 'io.containerd.runtime.v2.task'
  const containerd = folder(t, {
    [`${tasks}/default/k1/config.json`]: CONFIG,
    [`${tasks}/other/k1/config.json`]: CONFIG,
    [`${tasks}/moby/d1/config.json`]: CONFIG,
  })
  t.match(
    allContainers({ runtime: 'containerd', runtimeRoot: containerd }).containers.map(
      ({ id, home }) => [id, path.basename(path.dirname(home))],
    ),
    [
      ['k1', 'default'],
      ['k1', 'other'],
    ],
    "docker's are docker's",
  )
})

test('one that is not to be believed hides no other', (t) => {
  const state = (bundle: string): object => ({ config: { labels: [`bundle=${bundle}`] } })
  const top = folder(t, { 'good/config.json': CONFIG, 'bad/config.json': CONFIG })
  for (const name of ['bad', 'good']) {
    fs.mkdirSync(path.join(top, 'state', name), { recursive: true })
    fs.writeFileSync(
      path.join(top, 'state', name, 'state.json'),
      JSON.stringify(state(path.join(top, name))),
    )
  }
  fs.chmodSync(path.join(top, 'state/bad/state.json'), 0o666)
  const all = allContainers({ runtime: 'runc', runtimeRoot: path.join(top, 'state') })
  t.strictSame(
    all.containers.map(({ id }) => id),
    ['good'],
  )
  t.match(all.unlooked, [
    { where: path.join(top, 'state/bad/state.json'), message: /others than root/ },
  ])
})

test('a place that is not there has none', (t) => {
  for (const runtime of ['podman', 'docker', 'containerd', 'lxc', 'incus', 'runc'])
    t.strictSame(
      allContainers({ runtime, runtimeRoot: path.join(t.testdir({}), 'none') }),
      { containers: [], unlooked: [] },
      runtime,
    )
})

test('what runtimes keep of the container of a process', (t) => {
  const us = taskAt(process.pid)!
  const top = folder(t, {
    'bundle/config.json': CONFIG,
    'bundle/checkpoint/inventory.img': {},
    'other/config.json': CONFIG,
    'other/checkpoint/inventory.img': {},
  })
  for (const [name, start] of [
    ['bundle', us.start],
    ['other', us.start + 1],
  ] as const) {
    fs.mkdirSync(path.join(top, 'state', name), { recursive: true })
    fs.writeFileSync(
      path.join(top, 'state', name, 'state.json'),
      JSON.stringify({
        init_process_pid: us.pid,
        init_process_start: start,
        config: { labels: [`bundle=${path.join(top, name)}`] },
      }),
    )
  }
  const asked = { runtime: 'runc', runtimeRoot: path.join(top, 'state') }
  t.strictSame(imagesOfProcess(us.pid, asked), [path.join(top, 'bundle/checkpoint')])
  t.strictSame(imagesOfProcess(1, asked), [], "another process of the machine's pid namespace")
})

test('a runtime whose own configuration is not to be believed hides no other', (t) => {
  const refuse = (): never => {
    throw new GcError('refused', 'others wrote it', { where: '/etc/bad.json' })
  }
  const bad = {
    name: 'bad',
    get places(): string[] {
      return refuse()
    },
    find: () => [],
    all: () => [],
  }
  const other = {
    ...{ name: 'other', places: ['/p'], find: () => [] },
    all: () => [{ home: '/p/1', look: refuse }],
  }
  t.match(allContainers({ runtime: undefined, runtimeRoot: undefined }, [bad, other]), {
    containers: [],
    unlooked: [{ where: '/etc/bad.json', message: 'others wrote it' }],
  })
})
