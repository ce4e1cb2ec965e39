import fs from 'node:fs'
import path from 'node:path'
import { hasImages, survey } from '../../../src/checkpoint/survey.js'
import { ImageDirectory } from '../../../src/images/directory.js'
import { HINT_LIMITS } from '../../../src/limits.js'
import { CORE } from '../../encode/images.js'
import { test, type Test } from '../support/check.js'

const open = (t: Test, files: Record<string, string | Buffer>): ImageDirectory => {
  const images = new ImageDirectory(t.testdir(files))
  t.teardown(() => images.close())
  return images
}

const look = (t: Test, names: readonly string[], pids?: readonly number[]) => {
  const images = open(t, Object.fromEntries(names.map((name) => [name, 'x'])))
  return survey(images, images.names(), pids)
}

test('tasks without core image, ids without task', (t) => {
  const names = ['core-1.img', 'ids-1.img', 'ids-5.img', 'core-9.img', 'ids-x.img', 'xids-7.img']
  t.match(look(t, names, [1, 7]), { coreless: [7], strays: [5] })
  t.match(look(t, names, [5, 1]), { coreless: [5], strays: [] })
  t.match(look(t, names), { coreless: [], strays: [] }, 'the tasks are not known')
  t.match(look(t, [], []), { coreless: [], strays: [] })
})

test('the images that are written before the inventory', (t) => {
  const early = ['pstree.img', 'ids-1.img', 'core-1.img', 'fs-1.img', 'fdinfo-2.img']
  const more = ['userns-14.img', 'mountpoints-13.img']
  const others = ['inventory.img', 'files.img', 'remap-fpath.img', 'timens-0.img', 'seccomp.img']
  const found = look(t, [...others, ...early, ...more, 'ids-1.img.bak', 'core-1.imgx'], [1])
  t.strictSame([...found.early.keys()].sort(), [...early, ...more].sort())
  t.match(found.early.get('ids-1.img'), { size: 1, mtime: { sec: Number } })
})

test('only files count, and no links', (t) => {
  const images = open(t, { 'core-1.img': 'x' })
  fs.mkdirSync(path.join(images.path, 'fs-1.img'))
  fs.symlinkSync('core-1.img', path.join(images.path, 'ids-1.img'))
  t.strictSame([...survey(images, images.names(), [1]).early.keys()], ['core-1.img'])
})

test('of very many the times of some, the first tasks’ among them', (t) => {
  const pids = Array.from({ length: 500 }, (_, index) => index + 1)
  const names = pids.flatMap((pid) => [`ids-${pid}.img`, `core-${pid}.img`, `fs-${pid}.img`])
  const images = open(t, Object.fromEntries(names.map((name) => [name, 'x'])))
  const asked = new Set<string>()
  const { early } = survey(
    { stat: (name) => (asked.add(name), images.stat(name)) },
    images.names(),
    [450, ...pids],
  )
  t.equal(early.size, HINT_LIMITS.timedImages)
  t.ok(asked.size <= HINT_LIMITS.timedImages + 1, `${asked.size} were asked for`)
  for (const name of ['ids-450.img', 'core-450.img', 'fs-450.img', 'ids-1.img'])
    t.ok(early.has(name), name)
})

test('whether a dump has written here at all', (t) => {
  const has = (files: Record<string, string | Buffer>) => {
    const images = open(t, files)
    return hasImages(images, images.names())
  }
  t.equal(has({ 'userns-14.img': CORE }), true)
  t.equal(has({ 'ids-1.img': '' }), true, 'created, and not written yet')
  t.equal(has({ 'seccomp.img': '' }), true)
  t.equal(has({ 'core-1.img': 'x' }), false)
  t.equal(has({ 'core-1.img': 'some other image' }), false)
  t.equal(has({ 'disk.img': '', 'dump.log': '', 'descriptors.json': '', 'pages-1.img': '' }), false)
  t.equal(has({}), false)
})
