import fs from 'node:fs'
import path from 'node:path'
import { readCheckpoint } from '../../../src/checkpoint/checkpoint.js'
import { imagesBelow } from '../../../src/images/below.js'
import { openImages } from '../../../src/images/open.js'
import { dumpImages, writeImages } from '../../encode/images.js'
import { refuses, test } from '../support/check.js'

test('a directory above the images', (t) => {
  const dir = t.testdir({
    podman: { checkpoint: { 'inventory.img': '' }, artifacts: {}, other: { 'inventory.img': '' } },
    only: { 'criu-images': { 'inventory.img': '' }, 'config.json': '{}' },
    two: { a: { 'inventory.img': '' }, b: { 'inventory.img': '' } },
    linked: { checkpoint: t.fixture('symlink', 'elsewhere'), elsewhere: {} },
    none: { a: {} },
  })
  const found = (name: string): string | undefined =>
    imagesBelow(path.join(dir, name), fs.readdirSync(path.join(dir, name)))
  t.equal(found('podman'), 'checkpoint', 'the usual name')
  t.equal(found('only'), 'criu-images')
  t.equal(found('two'), undefined, 'which of them is not ours to say')
  fs.writeFileSync(path.join(dir, 'linked/elsewhere/inventory.img'), '')
  t.equal(found('linked'), 'elsewhere', 'no link is followed')
  t.equal(found('none'), undefined)
  const above = path.join(dir, 'only')
  const error = refuses(t, () => readCheckpoint(above), 'bad-images', /no images/)
  t.match(error?.next, `-D '${above}/criu-images'`)
  const none = path.join(dir, 'none')
  t.notMatch(refuses(t, () => readCheckpoint(none), 'bad-images', /no images/)?.next, '-D')
})

test('one with "checkpoint" in it is what is in there', (t) => {
  const dir = t.testdir({ userdata: { checkpoint: {}, 'config.json': '{}' } })
  const above = path.join(dir, 'userdata')
  writeImages(
    path.join(above, 'checkpoint'),
    dumpImages({ links: [{ id: 3, link: '/a/link_remap.3' }] }),
  )
  fs.writeFileSync(path.join(above, 'dump.log'), '(00.000001) Dumping FAILED.\n')
  const found = readCheckpoint(above)
  t.equal(found.directory, path.join(above, 'checkpoint'))
  t.strictSame(found, readCheckpoint(path.join(above, 'checkpoint')))
  t.equal(found.remaps.length, 1)
  t.ok(found.hints.dumpLog, 'with its log')
})

test('also where the dump was killed before it wrote its inventory', (t) => {
  const dir = t.testdir({ checkpoint: { 'files.img': '' } })
  t.equal(readCheckpoint(dir).directory, path.join(dir, 'checkpoint'))
})

test('but not where it has images itself, nor through a link', (t) => {
  const dir = t.testdir({
    own: { 'files.img': '', checkpoint: { 'inventory.img': '' } },
    linked: { checkpoint: t.fixture('symlink', '../own/checkpoint') },
    empty: { checkpoint: {} },
    file: { checkpoint: 'x' },
  })
  for (const name of ['own', 'linked', 'empty', 'file']) {
    const images = openImages(path.join(dir, name))
    t.equal(images.path, path.join(dir, name))
    images.close()
  }
})

test('no descriptor is left open', (t) => {
  const count = (): number => fs.readdirSync('/proc/self/fd').length
  const dir = t.testdir({
    above: { checkpoint: { 'inventory.img': '' } },
    none: { checkpoint: {} },
  })
  const before = count()
  for (const name of ['above', 'none']) openImages(path.join(dir, name)).close()
  t.equal(count(), before)
})
