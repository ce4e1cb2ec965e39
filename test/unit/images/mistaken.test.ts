import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { readCheckpoint } from '../../../src/checkpoint/checkpoint.js'
import { asArchive, imagesBelow } from '../../../src/images/mistaken.js'
import { refuses, test } from '../support/check.js'

/** The first bytes of each, as the programs of that name write them. */
const HEADS: readonly (readonly [what: RegExp, unpack: RegExp, head: Buffer])[] = [
  [/a tar archive/, /tar -xf '/, Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\0' + '00')])],
  [/with zstd/, /tar --zstd -xf '/, Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 4, 0])],
  [/with gzip/, /tar -xzf '/, gzipSync('x')],
  [/with xz/, /tar -xJf '/, Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4])],
]

test('an archive is known by its first bytes', (t) => {
  const dir = t.testdir({})
  const file = path.join(dir, "it's one")
  for (const [what, unpack, head] of HEADS) {
    fs.writeFileSync(file, head)
    t.match(asArchive(file)?.what, what)
    const error = refuses(t, () => readCheckpoint(file), 'usage', what)
    t.match(error?.next, unpack)
    t.ok(error?.next?.includes(`it'\\''s one' -C images`), 'in one command')
  }
})

test('and one of tar itself', (t) => {
  const dir = t.testdir({ 'inventory.img': 'x' })
  const made = spawnSync('tar', ['-cf', 'it.tar', 'inventory.img'], { cwd: dir })
  t.equal(made.status, 0)
  t.match(asArchive(path.join(dir, 'it.tar'))?.what, /tar archive/)
})

test('any other file is none', (t) => {
  const dir = t.testdir({ text: 'ustar is a word', empty: '', folder: {} })
  for (const name of ['text', 'empty', 'folder', 'missing'])
    t.equal(asArchive(path.join(dir, name)), undefined, name)
  refuses(t, () => readCheckpoint(path.join(dir, 'text')), 'usage', /ENOTDIR/)
})

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
  const above = path.join(dir, 'podman')
  const error = refuses(t, () => readCheckpoint(above), 'bad-images', /no images/)
  t.match(error?.next, `-D '${above}/checkpoint'`)
  const none = path.join(dir, 'none')
  t.notMatch(refuses(t, () => readCheckpoint(none), 'bad-images', /no images/)?.next, '-D')
})
