// Databases of a containerd 2.1 with 31 containers in two namespaces, recorded while it ran, and of one whose images
// and layers are docker's.
import fs from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { readBolt, type Bucket } from '../../../src/runtimes/bolt.js'
import { allContainers } from '../../../src/runtimes/all.js'
import { snapshotIn, storedIn } from '../../../src/runtimes/containerd-store.js'
import { findContainer } from '../../../src/runtimes/find.js'
import { inRepo } from '../../rig/repo.js'
import { refuses, test, type Test } from '../support/check.js'

const recorded = (name: string): Buffer =>
  gunzipSync(fs.readFileSync(inRepo('test/fixtures/containerd', `${name}.db.gz`)))

const FILES = {
  'io.containerd.metadata.v1.bolt/meta.db': 'meta',
  'io.containerd.snapshotter.v1.overlayfs/metadata.db': 'overlayfs',
  'io.containerd.snapshotter.v1.native/metadata.db': 'native',
}

const put = (top: string, files: Readonly<Record<string, string>>): void => {
  for (const [file, name] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(top, file)), { recursive: true })
    fs.writeFileSync(path.join(top, file), recorded(name))
  }
}

const dataOf = (t: Test): string => {
  const top = fs.realpathSync(t.testdir({}))
  put(top, FILES)
  return top
}

const reading = (t: Test, bytes: Buffer, ...wanted: string[]): Bucket => {
  const file = path.join(t.testdir({}), 'db')
  fs.writeFileSync(file, bytes)
  const fd = fs.openSync(file, 'r')
  try {
    return readBolt(fd, wanted, file)
  } finally {
    fs.closeSync(fd)
  }
}

test('containers with their configuration and layer', (t) => {
  const data = dataOf(t)
  const all = storedIn(data, () => true)
  t.equal(all.length, 31)
  t.strictSame([...new Set(all.map(({ namespace }) => namespace))], ['default', 'other'])
  t.ok(all.every(({ spec }) => 'root' in (JSON.parse(spec ?? '') as object)))
  const layers = all.map(({ layer }) => path.relative(data, layer ?? ''))
  t.equal(new Set(layers).size, 31, 'each has its own')
  const overlays = layers.filter((layer) =>
    /^io\.containerd\.snapshotter\.v1\.overlayfs\/snapshots\/\d+\/fs$/.test(layer),
  )
  t.equal(overlays.length, 30)
  t.match(
    storedIn(data, (namespace) => namespace === 'other'),
    [{ id: 'c1', layer: /snapshotter\.v1\.native\/snapshots\/\d+$/ }],
  )
  t.strictSame(
    storedIn(path.join(data, 'none'), () => true),
    [],
    'there is no containerd',
  )
})

test('a container whose task was deleted', (t) => {
  const data = dataOf(t)
  const asked = { bundle: undefined, runtime: 'containerd', runtimeRoot: data }
  t.match(findContainer({ ...asked, id: 'c7' }), {
    runtime: 'containerd',
    id: 'c7',
    roots: [{ path: /overlayfs\/snapshots\/\d+\/fs$/, isMountpoint: false }],
    process: undefined,
  })
  refuses(t, () => findContainer({ ...asked, id: 'c1' }), 'usage', /2 containers are called c1/)
  t.equal(allContainers({ runtime: 'containerd', runtimeRoot: data }).containers.length, 31)
})

test('a database that is damaged, or somebody else wrote', (t) => {
  const whole = recorded('meta')
  const names = ['v1', '*', 'containers', '*']
  t.ok(
    reading(t, whole, ...names)
      .at('v1', 'default', 'containers', 'c7')
      ?.bytes('spec'),
  )
  t.equal(reading(t, whole, 'v1').at('v1', 'default'), undefined, 'nobody asked for it')
  const refusal = /no whole database of containerd/
  refuses(t, () => reading(t, Buffer.alloc(0), ...names), 'refused', refusal)
  refuses(t, () => reading(t, whole.subarray(0, 8192), ...names), 'refused', refusal)
  // One of two heads may be half written: the other one is taken.
  const half = Buffer.from(whole)
  half.fill(0xff, 16, 40)
  t.ok(reading(t, half, ...names).at('v1'))
  // A page that leads to itself, one of no kind, sizes that lead out.
  const at = (bytes: Buffer, page: number): Buffer => bytes.subarray(page * 4096)
  for (let page = 2; page * 4096 < whole.length; page++)
    for (const spoil of [
      (bytes: Buffer) => bytes.writeUInt16LE(0x40, 8),
      (bytes: Buffer) => bytes.writeUInt32LE(0xffffffff, 12),
      (bytes: Buffer) => bytes.writeUInt32LE(0xfffffff0, 16 + 4),
      (bytes: Buffer) => bytes.fill(0xff, 16, 32),
      (bytes: Buffer) => {
        bytes.writeUInt16LE(1, 8)
        bytes.writeUInt16LE(1, 10)
        bytes.writeBigUInt64LE(BigInt(page), 16 + 8)
      },
    ]) {
      const bad = Buffer.from(whole)
      spoil(at(bad, page))
      try {
        reading(t, bad, ...names)
      } catch (error) {
        t.match((error as Error).message, refusal, `page ${page}`)
      }
    }
})

test('a snapshot alone, by its key', (t) => {
  const data = dataOf(t)
  const [one] = storedIn(data, (_, id) => id === 'c7')
  const layer = (...asked: [namespace: string, snapshotter: string, key: string]) =>
    snapshotIn(data, ...asked).layer
  t.match(one?.layer, /fs$/)
  t.equal(layer('default', 'overlayfs', 'c7'), one?.layer)
  t.equal(layer('other', 'overlayfs', 'c7'), undefined)
  t.equal(layer('default', 'native', 'c7'), undefined)
  t.equal(layer('default', 'overlayfs', 'none'), undefined)
  t.equal(snapshotIn(path.join(data, 'none'), 'default', 'overlayfs', 'c7').layer, undefined)
})

test('docker with the image store of a containerd of its own: its layer is a snapshot there', (t) => {
  const data = fs.realpathSync(t.testdir({}))
  const id = 'f9aee21ded653816fb60a358977a069f804b392b3c0176c0c690411c9d4edd68'
  put(path.join(data, 'containerd/daemon'), {
    'io.containerd.metadata.v1.bolt/meta.db': 'docker-meta',
    'io.containerd.snapshotter.v1.overlayfs/metadata.db': 'docker-overlayfs',
  })
  fs.mkdirSync(path.join(data, 'containers', id), { recursive: true })
  const config = { Name: '/web', Driver: 'overlayfs' }
  fs.writeFileSync(path.join(data, 'containers', id, 'config.v2.json'), JSON.stringify(config))
  const asked = { bundle: undefined, runtime: 'docker', runtimeRoot: data, id: 'web' }
  t.match(findContainer(asked).roots, [
    { path: path.join(data, 'rootfs/overlayfs', id), isMountpoint: true },
    { path: /containerd\/daemon\/.*overlayfs\/snapshots\/14\/fs$/, isMountpoint: false },
  ])
})
