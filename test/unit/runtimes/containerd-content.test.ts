// The databases and the content store of a containerd 2.1, recorded: of one container, whose task was deleted, a checkpoint
// by `ctr task checkpoint`; of another, which was removed, one more and one by `ctr container checkpoint`.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { allContainers } from '../../../src/runtimes/all.js'
import { checkpointsIn } from '../../../src/runtimes/containerd-content.js'
import { findContainer } from '../../../src/runtimes/find.js'
import { inRepo } from '../../rig/repo.js'
import { refuses, test, type Test } from '../support/check.js'

const recorded = (name: string): string => inRepo('test/fixtures/containerd', `checkpoints-${name}`)
const BLOBS = 'io.containerd.content.v1.content/blobs/sha256'

const dataOf = (t: Test): string => {
  const top = fs.realpathSync(t.testdir({ [BLOBS.split('/')[0] ?? '']: { blobs: { sha256: {} } } }))
  for (const [file, name] of [
    ['io.containerd.metadata.v1.bolt/meta.db', 'meta.db.gz'],
    ['io.containerd.snapshotter.v1.overlayfs/metadata.db', 'overlayfs.db.gz'],
  ] as const) {
    fs.mkdirSync(path.dirname(path.join(top, file)), { recursive: true })
    fs.writeFileSync(path.join(top, file), gunzipSync(fs.readFileSync(recorded(name))))
  }
  spawnSync('tar', ['-C', path.join(top, BLOBS), '-xzf', recorded('blobs.tar.gz')])
  return top
}

const ONE = 'containerd.io/checkpoint/one:11-26-2026-15:57:30'
const THREE = 'containerd.io/checkpoint/three:11-26-2026-15:57:45'
const INDEX = 'acf0ca0d93e6034fa1c4d9cc3747aad418f709a3a0de930ae80494640329c3a6'

test('by the names of their images, or of the cgroup in the configuration', (t) => {
  const found = checkpointsIn(dataOf(t))
  t.strictSame(
    found.map(({ namespace, id, images }) => [namespace, id, images.name]),
    [
      ['default', 'one', ONE],
      ['default', 'three', THREE],
      ['default', 'three', 'local/ckpt:three'],
    ],
  )
  for (const { images, spec } of found) {
    t.match(images.path, /\/blobs\/sha256\/[0-9a-f]{64}$/)
    t.equal(fs.statSync(images.path).size, 113_152)
    t.match(JSON.parse(spec ?? '') as object, { root: { path: 'rootfs' } })
  }
  t.strictSame(checkpointsIn(t.testdir({})), [], 'there is no containerd')
})

test('the container has them, with its layer; of one that was removed they are left', (t) => {
  const data = dataOf(t)
  const asked = { bundle: undefined, runtime: 'containerd', runtimeRoot: data }
  t.match(findContainer({ ...asked, id: 'one' }), {
    roots: [{ path: /overlayfs\/snapshots\/4\/fs$/ }],
    images: [{ name: ONE }],
  })
  const removed = findContainer({ ...asked, id: 'three' })
  t.match(removed, {
    roots: [],
    process: undefined,
    images: [{ name: THREE }, { name: 'local/ckpt:three' }],
  })
  t.ok(removed.mounts.some(({ source }) => source === '/srv/data2'))
  t.match(
    allContainers({ runtime: 'containerd', runtimeRoot: data }).containers.map(({ id, images }) => [
      id,
      images.length,
    ]),
    [
      ['one', 1],
      ['three', 2],
    ],
  )
})

test('what is no checkpoint, or is not there, and what others could have written', (t) => {
  const data = dataOf(t)
  const index = path.join(data, BLOBS, INDEX)
  const names = (): string[] => checkpointsIn(data).map(({ images }) => images.name)
  const without = [ONE, THREE]
  const whole = fs.readFileSync(index, 'utf8')
  for (const text of ['', '[]', '{"manifests":7}', whole.replace('criu.tar', 'other')]) {
    fs.rmSync(index)
    fs.writeFileSync(index, text)
    t.strictSame(names(), without, text)
  }
  for (const digest of ['sha256:../../../etc/passwd', 'md5:00', 7]) {
    const blob = /"sha256:[0-9a-f]{64}"(?=,"size":113152)/
    fs.writeFileSync(index, whole.replace(blob, JSON.stringify(digest)))
    t.strictSame(names(), without, String(digest))
  }
  fs.rmSync(index)
  t.strictSame(names(), without, 'it is not there')
  fs.writeFileSync(index, whole)
  t.strictSame(names(), [...without, 'local/ckpt:three'])
  fs.chmodSync(index, 0o666)
  refuses(t, names, 'refused', /everybody may write it/)
})
