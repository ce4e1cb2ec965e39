import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { fromBuffer, type Bytes } from '../../../src/bytes.js'
import { badImages } from '../../../src/errors.js'
import { ImageDirectory } from '../../../src/images/directory.js'
import type { ImageState } from '../../../src/images/source.js'
import { LIMITS } from '../../../src/limits.js'
import { image } from '../../encode/images.js'
import { refuses, test } from '../support/check.js'

const WHOLE = image('files', [Buffer.from('abc')])

/** Reads `files.img` of a directory that `make` filled. */
const readIn = (t: Test, make: (dir: string) => void): (() => ImageState) => {
  const dir = t.testdir({})
  make(dir)
  const images = new ImageDirectory(dir)
  t.teardown(() => images.close())
  return () => images.read('files.img', 'files', () => () => true)
}

const file = (name: string, data: Buffer) => (dir: string) =>
  fs.writeFileSync(path.join(dir, name), data)

/** How often a file has been read from since. */
const countReads = (t: Test): (() => number) => {
  const { readSync } = fs
  let count = 0
  const counted = (...args: unknown[]): number => {
    count += 1
    return (readSync as (...args: unknown[]) => number)(...args)
  }
  Object.assign(fs, { readSync: counted })
  const undo = (): void => void Object.assign(fs, { readSync })
  t.teardown(undo)
  return () => {
    undo()
    return count
  }
}

test('a whole image', (t) => {
  const reads = countReads(t)

  const state = readIn(t, file('files.img', WHOLE))()
  t.strictSame(state, { name: 'files.img', state: 'complete', entries: 1, bytes: WHOLE.length })
  t.ok(reads() > 0, 'it is read from')
})

test('absent, empty and cut are three answers', (t) => {
  t.strictSame(readIn(t, () => undefined)(), {
    name: 'files.img',
    state: 'absent',
    entries: 0,
    bytes: 0,
  })
  t.strictSame(readIn(t, file('files.img', Buffer.alloc(0)))(), {
    name: 'files.img',
    state: 'empty',
    entries: 0,
    bytes: 0,
  })
  t.hasStrict(readIn(t, file('files.img', WHOLE.subarray(0, 10)))(), {
    state: 'truncated',
    entries: 0,
    bytes: 10,
    offset: 8,
  })
})

test('each state is noted, in the order of reading', (t) => {
  const dir = t.testdir({})
  fs.writeFileSync(path.join(dir, 'pstree.img'), image('pstree', []))
  const images = new ImageDirectory(dir)
  t.teardown(() => images.close())
  images.read('files.img', 'files', () => () => true)
  images.read('pstree.img', 'pstree', () => () => true)
  t.hasStrict(images.states, [
    { name: 'files.img', state: 'absent' },
    { name: 'pstree.img', state: 'complete' },
  ])
  t.equal(images.states.length, 2)
})

test('only regular files, and no link to one', (t) => {
  const link = readIn(t, (dir) => {
    file('other', WHOLE)(dir)
    fs.symlinkSync('other', path.join(dir, 'files.img'))
  })
  t.equal(refuses(t, link, 'bad-images', /is a symbolic link/)?.where?.endsWith('/files.img'), true)
  const dangling = readIn(t, (dir) => fs.symlinkSync('nowhere', path.join(dir, 'files.img')))
  refuses(t, dangling, 'bad-images', /is a symbolic link/)
  const folder = readIn(t, (dir) => fs.mkdirSync(path.join(dir, 'files.img')))
  refuses(t, folder, 'bad-images', /not a regular file/)
})

test('a FIFO is refused and not waited for', (t) => {
  const read = readIn(t, (dir) => {
    execFileSync('mkfifo', [path.join(dir, 'files.img')])
  })
  const reads = countReads(t)
  refuses(t, read, 'bad-images', /not a regular file/)
  t.equal(reads(), 0, 'and nothing is expected of it')
})

test('a device is refused', (t) => {
  // Nobody need be root for this: what counts is the type behind the name.
  const images = new ImageDirectory('/dev')
  t.teardown(() => images.close())
  refuses(t, () => images.read('zero', 'files', () => () => true), 'bad-images', /not a regular/)
})

test('a huge file is refused before a byte of it is read', (t) => {
  for (const size of [LIMITS.imageBytes + 1, 2 ** 42]) {
    const read = readIn(t, (dir) => {
      file('files.img', WHOLE)(dir)
      fs.truncateSync(path.join(dir, 'files.img'), size)
    })
    const reads = countReads(t)
    refuses(t, read, 'bad-images', new RegExp(`has ${size} bytes, the limit is`))
    t.equal(reads(), 0)
  }
})

test('all images together have a limit too', (t) => {
  const dir = t.testdir({})
  // Sparse zeros are entries of no bytes: all must be within the limits of one image.
  const size = LIMITS.entries * 4
  const fits = Math.floor(LIMITS.totalBytes / (size + 8))
  fs.writeFileSync(path.join(dir, 'files.img'), image('files', []))
  fs.truncateSync(path.join(dir, 'files.img'), size + 8)
  const images = new ImageDirectory(dir)
  t.teardown(() => images.close())
  const read = () => images.read('files.img', 'files', () => () => false)
  for (let i = 0; i < fits; i++) read()
  refuses(t, read, 'bad-images', /more than 268435456 bytes/)
})

test('a refusal says which image', (t) => {
  const read = readIn(t, file('files.img', image('pstree', [])))
  const error = refuses(t, read, 'bad-images', /not a CRIU files image/)
  t.match(error?.where, /files\.img$/)
  t.match(error?.next, /^nothing was deleted;/)
  const dir = t.testdir({ 'files.img': WHOLE })
  const images = new ImageDirectory(dir)
  t.teardown(() => images.close())
  const refusal = badImages('inside', { where: 'elsewhere' })
  const throwing = () =>
    images.read('files.img', 'files', () => () => {
      throw refusal
    })
  t.throws(throwing, refusal, 'an error that knows its place keeps it')
})

test('a directory that is none', (t) => {
  const dir = t.testdir({ file: 'x' })
  for (const name of ['missing', 'file', 'file/below'])
    refuses(t, () => new ImageDirectory(path.join(dir, name)), 'usage', /no image directory there/)
  fs.symlinkSync('loop', path.join(dir, 'loop'))
  const loop = () => new ImageDirectory(path.join(dir, 'loop'))
  t.match(refuses(t, loop, 'bad-images', /ELOOP/)?.next, /^nothing was touched;/)
})

test('permission denied, of the directory and of an image', (t) => {
  const dir = t.testdir({ 'files.img': WHOLE })
  const images = new ImageDirectory(dir)
  t.teardown(() => images.close())
  const { openSync } = fs
  const deny = (act: () => unknown): void => {
    // Root is denied nothing.
    fs.openSync = () => {
      throw Object.assign(new Error('x'), { code: 'EACCES' })
    }
    t.teardown(() => (fs.openSync = openSync))
    const error = refuses(t, act, 'bad-images', /^permission denied to open .* \(EACCES\)$/)
    fs.openSync = openSync
    t.match(error?.next, /^nothing was touched; .*CAP_DAC_OVERRIDE/)
    t.ok(error?.where?.startsWith(dir))
  }
  deny(() => new ImageDirectory(dir))
  deny(() => images.read('files.img', 'files', () => () => true))
})

test('all images come from the directory that was opened', (t) => {
  const top = t.testdir({ images: { 'files.img': WHOLE } })
  const images = new ImageDirectory(path.join(top, 'images'))
  t.teardown(() => images.close())
  fs.renameSync(path.join(top, 'images'), path.join(top, 'moved'))
  fs.mkdirSync(path.join(top, 'images'))
  t.equal(images.read('files.img', 'files', () => () => true).state, 'complete')
  t.strictSame(images.names(), ['files.img'])
})

test('the images were written from when the first one was to when the last one was', (t) => {
  const dir = t.testdir({ 'files.img': WHOLE, 'pstree.img': image('pstree', []) })
  const images = new ImageDirectory(dir)
  t.teardown(() => images.close())
  const times = () => [images.writtenAt, images.begunAt]
  t.strictSame(times(), [undefined, undefined], 'nothing was read yet')
  fs.utimesSync(path.join(dir, 'files.img'), 1000, 2000.25)
  fs.utimesSync(path.join(dir, 'pstree.img'), 1000, 1500)
  images.read('files.img', 'files', () => () => true)
  const last = { sec: 2000, nsec: 250_000_000 }
  t.strictSame(times(), [last, last])
  images.read('pstree.img', 'pstree', () => () => true)
  images.read('inventory.img', 'inventory', () => () => true)
  t.strictSame(times(), [last, { sec: 1500, nsec: 0 }])
})

test('a fault of the caller’s own decoder is not swallowed', (t) => {
  const read = () => {
    const dir = t.testdir({ 'files.img': WHOLE })
    const images = new ImageDirectory(dir)
    t.teardown(() => images.close())
    images.read('files.img', 'files', () => () => {
      throw new Error('bug')
    })
  }
  t.throws(read, { message: 'bug' })
})

/** Images of these entries, read in turn from one directory. */
const readInTurn = (t: Test, ...images: readonly Buffer[]) => {
  const dir = t.testdir({})
  images.forEach((data, i) => file(`${i}.img`, data)(dir))
  const directory = new ImageDirectory(dir)
  t.teardown(() => directory.close())
  return images.map((_, i) => {
    const entries: Bytes[] = []
    const state = directory.read(`${i}.img`, 'files', (data) => (start, end) => {
      entries.push(fromBuffer(data, start, end))
      return true
    })
    return { entries, state }
  })
}

test('each image has its own contents, whichever were read before', (t) => {
  const contents = [
    ['a'],
    ['b'.repeat(10_000), 'c'],
    [],
    ['dd', '', 'd'],
    ['e'.repeat(300_000)],
    ['f'.repeat(10_000)],
  ]
  const found = readInTurn(
    t,
    ...contents.map((entries) =>
      image(
        'files',
        entries.map((one) => Buffer.from(one)),
      ),
    ),
  )
  t.strictSame(
    found.map(({ entries }) => entries),
    contents,
    'nor does a later one change the names that were taken from it',
  )
  t.ok(found.every(({ state }) => state.state === 'complete'))
})

test('what a longer image left in memory is no part of a shorter one', (t) => {
  const long = image('files', [Buffer.alloc(1000, 'x'), Buffer.alloc(1000, 'y')])
  // Cut at each kind of place: its rest would be found where the long one was.
  for (const length of [2, 8, 10, 12, 100, 1012, 1014, 1500]) {
    const [, cut] = readInTurn(t, long, long.subarray(0, length))
    const [alone] = readInTurn(t, long.subarray(0, length))
    t.strictSame(
      [cut?.state.state, cut?.state.bytes, cut?.state.offset, cut?.entries],
      [alone?.state.state, length, alone?.state.offset, alone?.entries],
      `cut at ${length}`,
    )
  }
  const [, empty] = readInTurn(t, long, Buffer.alloc(0))
  t.equal(empty?.state.state, 'empty')
})

test('a decoder sees no byte behind its image', (t) => {
  const dir = t.testdir({
    'files.img': image('files', [Buffer.alloc(5000, 'x')]),
    'pstree.img': image('pstree', [Buffer.from('abc')]),
  })
  const images = new ImageDirectory(dir)
  t.teardown(() => images.close())
  images.read('files.img', 'files', () => () => true)
  images.read('pstree.img', 'pstree', (data) => {
    t.strictSame(data, image('pstree', [Buffer.from('abc')]))
    return () => true
  })
})
