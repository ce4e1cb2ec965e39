// Archives that podman 5.8.6 exported of a container with files that have lost their first names: what tar unpacks of
// them is what is read without unpacking.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { readCheckpoint } from '../../../src/checkpoint/checkpoint.js'
import { ImageArchive } from '../../../src/images/archive.js'
import { ofNanoseconds } from '../../../src/time.js'
import { inRepo } from '../../rig/repo.js'
import { needs } from '../../rig/needs.js'
import { test, type Test } from '../support/check.js'

const FOLDER = inRepo('test', 'unit', 'images', 'archives')
const FILES = fs.readdirSync(FOLDER)

/** What podman's own tree had when it had been exported, by key of the mount. */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  tar: ['/srv/app/link_remap.6', '/srv/app/link_remap.8'],
  gz: ['/srv/app/link_remap.6', '/srv/app/link_remap.8', '/data/link_remap.10'],
  zst: ['/srv/app/link_remap.6', '/srv/app/link_remap.8', '/data/link_remap.10'],
}

const unpacked = (t: Test, file: string): string => {
  const folder = t.testdir({})
  const done = spawnSync('tar', ['-xpf', file, '-C', folder])
  t.equal(done.status, 0, done.stderr.toString())
  return folder
}

test('there are a plain one and one of each compression', (t) => {
  t.strictSame(FILES.map((name) => path.extname(name)).sort(), ['.gz', '.tar', '.zst'])
})

for (const name of FILES) {
  const file = path.join(FOLDER, name)
  const skip = name.endsWith('.zst') && needs('zstd')

  test(`${name}: its links`, (t) => {
    const { complete, dump, remaps, namespaces } = readCheckpoint(file)
    t.equal(complete, true)
    t.equal(dump, 'whole')
    const links = remaps.map(({ link }) => String(link)).sort()
    const wanted = [...(LINKS[path.extname(name).slice(1)] ?? [])]
    // Of /dev/shm the tmpfs has died, and its number differs.
    t.strictSame(links.filter((link) => !link.startsWith('/dev/shm/')).sort(), wanted.sort())
    t.equal(links.length, wanted.length + 1)
    t.equal(namespaces.length, 1)
  })

  test(`${name}: what podman says of the container`, (t) => {
    const archive = new ImageArchive(file)
    t.teardown(() => archive.close())
    const spec = JSON.parse(archive.runtimeFile('spec.dump')!.toString()) as {
      root: { path: string }
    }
    t.match(spec.root.path, /^\/var\/lib\/containers\/storage\/overlay\/[0-9a-f]{64}\/merged$/)
    t.match(JSON.parse(archive.runtimeFile('config.dump')!.toString()), { name: /^runc-/ })
    t.equal(archive.runtimeFile('bind.mounts'), undefined, "which is CRI-O's")
  })

  if (skip === false)
    test(`${name}: as what tar unpacks`, (t) => {
      const folder = unpacked(t, file)
      const directory = path.join(folder, 'checkpoint')
      const archive = new ImageArchive(file)
      t.teardown(() => archive.close())
      const inside = fs.readdirSync(directory).filter((one) => one.endsWith('.img'))
      t.strictSame(archive.names().sort(), inside.sort())
      for (const one of inside) {
        const { size, mtimeNs } = fs.lstatSync(path.join(directory, one), { bigint: true })
        t.match(archive.stat(one), { size: Number(size), mtime: ofNanoseconds(mtimeNs) }, one)
      }
      const found = readCheckpoint(file)
      const wanted = readCheckpoint(directory)
      t.strictSame(found.remaps, wanted.remaps)
      t.strictSame(found.namespaces, wanted.namespaces)
      t.strictSame(found.images, wanted.images)
      t.strictSame(found.signs, wanted.signs)
    })
}
