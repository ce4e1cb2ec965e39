import fs from 'node:fs'
import { join } from 'node:path'
import { Ghosts, type Ghost } from '../../../src/checkpoint/ghosts.js'
import { openImages } from '../../../src/images/open.js'
import { dumpImages, image } from '../../encode/images.js'
import { file, ghostFile, remap, userns, type GhostSpec } from '../../encode/messages.js'
import { END, entry } from '../../encode/tar.js'
import { test, type Test } from '../support/check.js'
import { openIn, read, ROWS, type Images } from './dump.js'

const CONTENTS = Buffer.alloc(300, 'x')

const ghostImage = (spec: GhostSpec = {}, contents = CONTENTS): Buffer =>
  Buffer.concat([image('ghost-file', [ghostFile(spec)]), contents])

const of = (t: Test, images: Images, id = 0x1f): Ghost | undefined =>
  new Ghosts(openIn(t, images)).of(id)

const NAME = 'ghost-file-1f.img'

test('what a restore makes of its image', (t) => {
  const spec = { uid: 5, gid: 6, mode: 0o100640, mtim: [1_700_000_000, 291_394] } as const
  t.strictSame(of(t, new Map([[NAME, ghostImage(spec)]])), {
    ...{ mode: 0o100640, uid: 5, gid: 6, rdev: 0, size: 300 },
    changed: { sec: 1_700_000_000, nsec: 291_394_000 },
  })
  const device = { mode: 0o020600, rdev: 0x103 }
  t.match(of(t, new Map([[NAME, ghostImage(device)]])), { rdev: 0x103, changed: undefined })
})

test('contents in pieces: their length is what the entry says', (t) => {
  t.equal(of(t, new Map([[NAME, ghostImage({ size: 1 << 30 })]]))?.size, 1 << 30)
})

test('no image, or none of a ghost file', (t) => {
  for (const data of [
    Buffer.alloc(0),
    ghostImage().subarray(0, 7),
    ghostImage().subarray(0, 20),
    image('pstree', [ghostFile()]),
    image('ghost-file', [Buffer.from([0xff])]),
  ])
    t.equal(of(t, new Map([[NAME, data]])), undefined, data.toString('hex'))
  t.equal(of(t, new Map()), undefined)
  const images = openIn(t, new Map([[NAME, ghostImage()]]))
  fs.renameSync(join(images.path, NAME), join(images.path, 'x'))
  fs.symlinkSync('x', join(images.path, NAME))
  t.equal(new Ghosts(images).of(0x1f), undefined, 'no link is followed')
  fs.rmSync(join(images.path, NAME))
  fs.mkdirSync(join(images.path, NAME))
  t.equal(new Ghosts(images).of(0x1f), undefined, 'a directory')
})

test('owners of a user namespace are those outside of it', (t) => {
  const uids = [
    [0, 100_000, 10],
    [10, 7, 1],
  ] as const
  const users = image('userns', [userns(uids, [[0, 200_000, 65_536]])])
  const ids = (uid: number, gid: number, more: Images = new Map()): unknown => {
    const ghost = of(
      t,
      new Map([[NAME, ghostImage({ uid, gid })], ['userns-11.img', users], ...more]),
    )
    return [ghost?.uid, ghost?.gid]
  }
  t.strictSame(ids(3, 4), [100_003, 200_004])
  t.strictSame(ids(10, 65_535), [7, 265_535])
  t.strictSame(ids(11, 65_536), [undefined, undefined], 'not mapped')
  t.strictSame(ids(0, 0, new Map([['userns-12.img', users]])), [undefined, undefined], 'of two')
  t.strictSame(ids(0, 0, new Map([['userns-11.img', users.subarray(0, 9)]])), [
    undefined,
    undefined,
  ])
})

test('of an archive the same, of which no contents are kept', (t) => {
  const images = new Map([
    ...dumpImages({}),
    [NAME, ghostImage({ uid: 1 }, Buffer.alloc(100_000, 'x'))],
    ['userns-1.img', image('userns', [userns([[0, 50, 9]], [[0, 60, 9]])])],
  ])
  const dir = t.testdir({})
  const entries = [...images].map(([name, data]) => entry({ name: `checkpoint/${name}`, data }))
  fs.writeFileSync(join(dir, 'a.tar'), Buffer.concat([...entries, END]))
  const archive = openImages(join(dir, 'a.tar'))
  t.teardown(() => archive.close())
  t.match(new Ghosts(archive).of(0x1f), { uid: 51, gid: 60, size: 100_000 })
  t.equal((archive.head(NAME)?.data.length ?? 0) < 5000, true)
  t.equal(archive.head('none.img'), undefined)
})

const ghostsOf = (t: Test, remaps: readonly Buffer[], names: readonly string[]): unknown => {
  const files = names.map((name, index) =>
    file({ id: 20 + index, name, mode: 0o100600, mntId: 43 }),
  )
  return read(t, { files, remaps, namespaces: new Map([[9, ROWS]]) }).ghosts.map(
    ({ remapId, origId, link, original }) => [remapId, origId, link, original.mntId],
  )
}

test('where a restore makes them: beside the path that the inode had', (t) => {
  const names = ['/app/data', '/app/data', '/other']
  t.strictSame(ghostsOf(t, [remap(20, 31, 1), remap(21, 31, 1), remap(22, 31, 1)], names), [
    [31, 20, '/app/data.cr.1f.ghost', 43],
    [31, 22, '/other.cr.1f.ghost', 43],
  ])
  t.strictSame(
    ghostsOf(t, [remap(20, 0x80000001)], names),
    [[1, 20, '/app/data.cr.1.ghost', 43]],
    'in the old form',
  )
})

test('what is no path that a restore could make is left out', (t) => {
  const names = ['/a/../b', 'relative', `/${'x'.repeat(250)}`, '/fine']
  const remaps = names.map((_, index) => remap(20 + index, 1, 1))
  t.strictSame(ghostsOf(t, remaps, names), [[1, 23, '/fine.cr.1.ghost', 43]])
  t.strictSame(ghostsOf(t, [remap(99, 1, 1)], names), [], 'an inode that no entry describes')
})

test('an inode that two entries claim', (t) => {
  const files = ['/a', '/b'].map((name) => file({ id: 20, name, mode: 0o100600 }))
  t.strictSame(read(t, { files, remaps: [remap(20, 1, 1)] }).ghosts, [])
})

test('the entry of a link that a ghost claims as its inode is still one that nothing lists', (t) => {
  const files = [file({ id: 6, name: '/d/link_remap.6' })]
  const { unlisted, ghosts } = read(t, { files, remaps: [remap(6, 1, 1)] })
  t.strictSame(unlisted, [{ id: 6, link: '/d/link_remap.6' }])
  t.strictSame(ghosts, [])
})

test('images that are not whole: nobody restored them', (t) => {
  const files = [file({ id: 20, name: '/a', mode: 0o100600 })]
  const spec = { files, remaps: [remap(20, 1, 1)] }
  t.equal(read(t, spec).ghosts.length, 1)
  const cut = read(t, spec, (images) => images.delete('pstree.img'))
  t.strictSame([cut.complete, cut.ghosts], [false, []])
})
