// `list`, and clean with --all: the kubelet's archives, and checkpoints in the content store of containerd.
import fs from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { JsonList } from '../src/report/list-schema.js'
import { placeOf } from './hostile/rig.js'
import { must } from './rig/command.js'
import { gc } from './rig/gc.js'
import { HandMade, later, ROOT_MOUNT } from './rig/hand-made.js'
import { manifest, onlyRemoved } from './rig/manifest.js'
import { inRepo } from './rig/repo.js'

const skip = process.getuid?.() === 0 ? false : 'needs root'

const list = (...args: string[]): { code: number; document: JsonList } => {
  const { code, stdout } = gc([...args, '--json'])
  return { code, document: JSON.parse(stdout) as JsonList }
}

/** An archive in this folder, of a container whose root file system is a folder of its own. */
const archiveIn = (t: Test, folder: string, file: string, id: string): HandMade => {
  const made = new HandMade()
  t.teardown(() => {
    made.end()
  })
  made.rows.push({ mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', ...placeOf(made.root) })
  made.link('app', 2)
  made.dump()
  later()
  const above = path.join(made.base, 'above')
  fs.mkdirSync(above)
  fs.cpSync(made.images, path.join(above, 'checkpoint'), {
    ...{ recursive: true, preserveTimestamps: true },
  })
  fs.writeFileSync(path.join(above, 'spec.dump'), JSON.stringify({ root: { path: made.root } }))
  fs.writeFileSync(path.join(above, 'config.dump'), JSON.stringify({ id }))
  must('tar', ['--format=posix', '-C', above, '-cf', path.join(folder, file), '.'])
  return made
}

const linksOf = ({ root, links }: HandMade): string[] =>
  links.map(({ link }) => path.join(root, String(link)))

t.test('archives of the kubelet', { skip }, (t) => {
  const place = fs.realpathSync(t.testdir({}))
  const here = ['--runtime', 'kubelet', '--runtime-root', place]
  const old = archiveIn(t, place, 'checkpoint-web_default-nginx-2026-11-25T06:30:00Z.tar', 'c1')
  const young = archiveIn(t, place, 'checkpoint-web_default-nginx-2026-11-26T06:30:00Z.tar', 'c1')
  fs.writeFileSync(path.join(place, 'checkpoint-web_default-other-2026-11-26T06:30:00Z.tar'), 'x')
  const trees = [old.root, young.root]
  const before = manifest(...trees)

  const { code, document } = list('list', ...here)
  t.equal(code, 4, 'one cannot be read')
  t.match(document.totals, { containers: 2, checkpoints: 3, links: 2, there: 2 })
  const [nginx, other] = document.containers
  t.match(nginx, { runtime: 'kubelet', name: 'web_default-nginx', state: 'gone' })
  t.match(nginx?.checkpoints, [
    { name: '2026-11-26T06:30:00Z', dump: 'whole', links: { listed: 1, there: 1 } },
    {
      ...{ name: '2026-11-25T06:30:00Z', dump: 'whole', links: { listed: 1, there: 1 } },
      ...{ action: 'clean', writtenAt: /Z$/ },
      next: `criu-gc clean --runtime kubelet --container web_default-nginx --runtime-root ${place} --checkpoint 2026-11-25T06:30:00Z`,
    },
  ])
  t.match(other?.checkpoints, [
    { problem: /no images of a CRIU dump in this archive/, action: 'look' },
  ])
  t.match(gc(['list', ...here]).stdout, /^kubelet\tweb_default-nginx\tgone\t\S+Z\.tar\t/m)

  const all = ['--all', '--older-than', '0s', '--keep-last', '1', ...here]
  t.equal(list('show', ...all).code, 3)
  t.strictSame(onlyRemoved(before, manifest(...trees), []), [], 'nothing is gone')
  t.match(gc(['clean', ...all]).stderr, /--checkpoint 2026-11-25T06:30:00Z: 1 removed,/)
  t.strictSame(onlyRemoved(before, manifest(...trees), linksOf(old)), [])

  // The line of a row as it stands.
  const { document: then } = list('list', ...here)
  const [last] = then.containers.flatMap(({ checkpoints }) => checkpoints)
  const [, ...words] = (last?.next ?? '').split(' ')
  t.equal(gc(words).code, 0)
  t.strictSame(onlyRemoved(before, manifest(...trees), [...linksOf(old), ...linksOf(young)]), [])
  t.end()
})

t.test('what an archive is of decides, and who could have written it', { skip }, (t) => {
  const place = fs.realpathSync(t.testdir({}))
  const here = ['--runtime', 'kubelet', '--runtime-root', place]
  const made = archiveIn(t, place, 'checkpoint-mine.tar', 'c1')
  fs.chmodSync(path.join(place, 'checkpoint-mine.tar'), 0o666)
  const { document } = list('list', ...here)
  t.match(document.containers[0]?.checkpoints, [
    { name: 'checkpoint-mine.tar', links: { listed: 1, there: 0, unknown: 1 }, action: 'look' },
  ])
  const before = manifest(made.root)
  const run = gc(['clean', '--container', 'mine', ...here])
  t.equal(run.code, 3)
  t.match(run.stdout, 'no root was given')
  t.strictSame(onlyRemoved(before, manifest(made.root), []), [])
  t.end()
})

t.test('the content store of containerd', { skip }, (t) => {
  const data = fs.realpathSync(t.testdir({}))
  const fixture = (name: string): string =>
    inRepo('test/fixtures/containerd', `checkpoints-${name}.gz`)
  const blobs = path.join(data, 'io.containerd.content.v1.content/blobs/sha256')
  const put = (file: string, name: string): void => {
    fs.mkdirSync(path.dirname(path.join(data, file)), { recursive: true })
    fs.writeFileSync(path.join(data, file), gunzipSync(fs.readFileSync(fixture(name))))
  }
  fs.mkdirSync(blobs, { recursive: true })
  must('tar', ['-C', blobs, '-xzf', fixture('blobs.tar')])
  put('io.containerd.metadata.v1.bolt/meta.db', 'meta.db')
  put('io.containerd.snapshotter.v1.overlayfs/metadata.db', 'overlayfs.db')
  const here = ['--runtime', 'containerd', '--runtime-root', data]
  const { code, document } = list('list', ...here)
  t.equal(code, 0)
  const [one, three] = document.containers
  t.match(one, {
    ...{ runtime: 'containerd', id: 'one', state: 'stopped' },
    checkpoints: [
      {
        ...{ name: 'containerd.io/checkpoint/one:11-26-2026-15:57:30', dump: 'whole' },
        ...{ writtenAt: /^2026-11-26T15:57:/, links: { listed: 2 } },
        next: `criu-gc show --runtime containerd --container one --runtime-root ${data}`,
      },
    ],
  })
  t.match(three?.checkpoints, [
    {
      name: 'containerd.io/checkpoint/three:11-26-2026-15:57:45',
      next: / --checkpoint containerd\.io\/checkpoint\/three:11-26-2026-15:57:45$/,
    },
    { name: 'local/ckpt:three', links: { listed: 2 } },
  ])
  // Its images are read by that line, and its layer is not one that the images know.
  const [, ...words] = (one?.checkpoints[0]?.next ?? '').split(' ')
  const shown = gc([...words, '--json'])
  t.match(shown.report?.imagesDir, /blobs\/sha256\/2e5e8d45/)
  t.end()
})
