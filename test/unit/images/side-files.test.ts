import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { ImageDirectory } from '../../../src/images/directory.js'
import { namedFile, sideFiles } from '../../../src/images/side-files.js'
import { HINT_LIMITS } from '../../../src/limits.js'
import { refuses, test, type Test } from '../support/check.js'

const NAME = 'dump.log'

const open = (t: Test, directory: string): ImageDirectory => {
  const images = new ImageDirectory(directory)
  t.teardown(() => images.close())
  return images
}

const found = (images: ImageDirectory, workDir?: string): string[] =>
  sideFiles(images, NAME, workDir).map(({ place, data }) => `${place} ${data.toString('latin1')}`)

test('beside the images, in the work directory', (t) => {
  const top = t.testdir({ images: {}, work: {}, [NAME]: 'above' })
  const images = open(t, path.join(top, 'images'))
  const work = path.join(top, 'work')
  t.strictSame(found(images, work), [])
  fs.writeFileSync(path.join(top, 'images', NAME), 'a')
  t.strictSame(found(images), ['beside a'])
  fs.writeFileSync(path.join(work, NAME), 'b')
  t.strictSame(found(images, work), ['work b', 'beside a'])
  t.strictSame(found(images, `${top}/none`), ['beside a'])
  t.strictSame(found(images, images.path), ['beside a'], 'the same file is there once')
  fs.rmSync(path.join(work, NAME))
  fs.linkSync(path.join(top, 'images', NAME), path.join(work, NAME))
  t.strictSame(found(images, work), ['beside a'], 'under another name too')
})

test('above a directory that is named "checkpoint", whatever it was called by', (t) => {
  const top = t.testdir({ checkpoint: {}, [NAME]: 'above' })
  fs.symlinkSync('checkpoint', path.join(top, 'link'))
  const images = open(t, path.join(top, 'link'))
  t.strictSame(found(images), ['beside above'])
  t.equal(sideFiles(images, NAME, undefined)[0]?.path, `${top}/link/../${NAME}`)
  fs.renameSync(path.join(top, 'checkpoint'), path.join(top, 'xcheckpoint'))
  t.strictSame(found(images), [])
})

/** Each of these is not a log, and opening it neither waits nor fails. */
const TRAPS: Record<string, (file: string) => void> = {
  'a directory': (file) => fs.mkdirSync(file),
  'a link': (file) => fs.symlinkSync('/etc/passwd', file),
  'a link to nowhere': (file) => fs.symlinkSync('/none', file),
  'a pipe': (file) => spawnSync('mkfifo', [file]),
}

for (const [what, make] of Object.entries(TRAPS))
  test(`${what} is no log`, (t) => {
    const images = open(t, t.testdir({}))
    const file = path.join(images.path, NAME)
    make(file)
    t.strictSame(found(images), [])
    const error = refuses(t, () => namedFile(file, '--dump-log'), 'usage', /--dump-log cannot be/)
    t.match([error?.where, error?.next], [file, /^nothing was touched/])
  })

test('one that the caller names', (t) => {
  const dir = t.testdir({ x: 'log' })
  const time = { sec: 1000, nsec: 250_000_000 }
  fs.utimesSync(`${dir}/x`, 1, 1000.25)
  t.match(namedFile(`${dir}/x`, '--dump-log'), {
    path: `${dir}/x`,
    place: 'named',
    data: Buffer.from('log'),
    mtime: time,
  })
  refuses(t, () => namedFile(`${dir}/y`, '--dump-log'), 'usage', /\(ENOENT\)/)
})

test('of a long one the beginning and the end', (t) => {
  const { logHead, logTail } = HINT_LIMITS
  const read = (size: number): Buffer => {
    const dir = t.testdir({})
    const data = Buffer.alloc(size, 'm')
    if (size > logHead) data.fill('h', 0, logHead).fill('t', Math.max(logHead, size - logTail))
    fs.writeFileSync(path.join(dir, NAME), data)
    return sideFiles(open(t, dir), NAME, undefined)[0]!.data
  }
  const whole = read(logHead + logTail)
  t.equal(whole.length, logHead + logTail)
  t.notOk(whole.includes('\n'))
  const ends = read(logHead + logTail + 1000)
  t.equal(ends.toString().replace(/(.)\1*/g, '$1'), 'h\nt', 'and a new line between')
  t.equal(ends.length, logHead + logTail + 1)
  t.equal(read(0).length, 0)
})

test('no descriptor is left open', (t) => {
  const count = (): number => fs.readdirSync('/proc/self/fd').length
  const images = open(t, t.testdir({ [NAME]: 'x' }))
  const before = count()
  sideFiles(images, NAME, undefined)
  fs.rmSync(path.join(images.path, NAME))
  fs.mkdirSync(path.join(images.path, NAME))
  sideFiles(images, NAME, undefined)
  t.equal(count(), before)
})
