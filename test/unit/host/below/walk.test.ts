import type { Bytes } from '../../../../src/bytes.js'
import type { Top } from '../../../../src/host/below/top.js'
import { openBelow, pathBelow } from '../../../../src/host/below/top.js'
import { Walk } from '../../../../src/host/below/walk.js'
import { Sys } from '../../../../src/sys/sys.js'
import { b, stat } from '../../support/model.js'
import { test } from '../../support/check.js'
import { FakeAddon } from '../../sys/fake-addon.js'

const DT_DIR = 4
const [EIO, ENOENT, EXDEV, ELOOP, ETIMEDOUT] = [-5, -2, -18, -40, -110]

/** Directories by path, "" for the top: names, those of directories with a slash behind. */
type Contents = Readonly<Record<string, readonly string[]>>

const entry = (name: string): Buffer => {
  const isDirectory = name.endsWith('/')
  const record = Buffer.alloc(Math.ceil((20 + name.length) / 8) * 8)
  record.writeUInt16LE(record.length, 16)
  record[18] = isDirectory ? DT_DIR : 8
  record.write(isDirectory ? name.slice(0, -1) : name, 19, 'latin1')
  return record
}

/** As much of a kernel as a walk needs. `fail`: what opening a path answers. */
const world = (
  contents: Contents,
  { fail = {}, isRemote = false }: { fail?: Record<string, number>; isRemote?: boolean } = {},
) => {
  const addon = new FakeAddon()
  const top = addon.given()
  const paths = new Map<number, string>([[top, '']])
  const read = new Set<number>()
  const inodes = ['', ...Object.keys(contents)]
  let most = 0
  const open = (dirfd: number, name: string): number => {
    const path = name === '.' ? (paths.get(dirfd) ?? '') : `${paths.get(dirfd) ?? ''}/${name}`
    const problem = name === '.' ? undefined : fail[path]
    if (problem !== undefined) return problem
    const fd = addon.given()
    most = Math.max(most, addon.open.size)
    paths.set(fd, path)
    return fd
  }
  addon.on('openat2', (dirfd, name) => open(dirfd as number, name as string))
  addon.on('openat', (dirfd, name) => open(dirfd as number, name as string))
  addon.on('statx', (fd) => {
    const path = paths.get(fd as number) ?? ''
    const mode = path in contents || path === '' ? 0o040755 : 0o100644
    return addon.answerStat({ mode, inoLow: inodes.indexOf(path) + 10, mntId: 1 })
  })
  addon.on('getdents64', (fd) => {
    if (read.has(fd as number)) return 0
    read.add(fd as number)
    const names = contents[paths.get(fd as number) ?? '']
    if (names === undefined) return -20
    addon.entries = Buffer.concat(names.map(entry))
    return addon.entries.length
  })
  const sys = new Sys(addon)
  const walk = new Walk(sys, { most: 100, onProgress: () => undefined })
  const it: Top = {
    fd: top,
    path: b('/top'),
    stat: stat({ inoLow: 10, inoHigh: 0, major: 0, minor: 0, mntId: 1 }),
    row: undefined,
    isRemote,
  }
  return {
    addon,
    sys,
    walk,
    top: it,
    most: () => most,
    look: () => {
      walk.look(it)
      walk.end()
      return walk.found.map(({ directory, name }) => `${directory.path} ${name}`).sort()
    },
  }
}

test('names of the form, in every directory', (t) => {
  const { look, walk, addon, top } = world({
    '': ['.', '..', 'a/', 'link_remap.1', 'other', 'link_remap.x'],
    '/a': ['b/', 'link_remap.2/'],
    '/a/b': ['link_remap.3.suffix'],
    '/a/link_remap.2': ['link_remap.4'],
  })
  t.strictSame(look(), [
    '/ link_remap.1',
    '/a link_remap.2',
    '/a/b link_remap.3.suffix',
    '/a/link_remap.2 link_remap.4',
  ])
  t.strictSame(walk.unread, [])
  t.equal(walk.directories, 4)
  t.strictSame([...addon.open.keys()], [top.fd], 'all are closed')
})

test('nothing is followed, nothing is entered with rights of its own, no automount is made', (t) => {
  const { look, addon } = world({ '': ['a/'], '/a': ['link_remap.1'] })
  look()
  const O_DIRECTORY = 0o200000
  for (const { args } of addon.of('openat2').filter(({ args: [, name] }) => name !== '.')) {
    t.equal(args[3], 0x0f, 'RESOLVE_BENEATH, NO_SYMLINKS, NO_MAGICLINKS, NO_XDEV')
    t.equal((args[2] as number) & O_DIRECTORY, 0)
  }
  t.ok(addon.of('openat').every(({ args: [, name] }) => name === '.'))
})

test('what cannot be entered is named; what went is not, and other mounts are counted', (t) => {
  const { look, walk } = world(
    {
      '': ['bad/', 'gone/', 'mount/', 'swapped/', 'ok/', 'link_remap.1', 'link_remap.3'],
      '/ok': ['link_remap.2'],
    },
    {
      fail: {
        '/bad': EIO, '/gone': ENOENT, '/mount': EXDEV, '/swapped': ELOOP, '/link_remap.1': EIO, '/link_remap.3': EXDEV,
      }, // prettier-ignore
    },
  )
  t.strictSame(look(), ['/ link_remap.3', '/ok link_remap.2'])
  t.strictSame([...walk.unread].sort(), [
    '/top/bad (EIO)',
    '/top/link_remap.1 (EIO)',
    '/top/swapped (ELOOP: a symbolic link took its place meanwhile)',
  ])
  t.equal(walk.otherMounts, 1)
  t.equal(walk.found.find(({ name }) => name === 'link_remap.3')?.stat, undefined)
})

test('an answer that would hide a tree is asked for twice', (t) => {
  for (const error of [ENOENT, EXDEV])
    for (const path of ['/a', '/a/link_remap.1']) {
      const fail: Record<string, number> = { [path]: error }
      const { look, walk, addon } = world({ '': ['a/'], '/a': ['link_remap.1'] }, { fail })
      addon.after('openat2', (result) => {
        if (result === error) Reflect.deleteProperty(fail, path)
      })
      t.strictSame(look(), ['/a link_remap.1'], `${path} ${error}`)
      t.strictSame(walk.unread, [])
      t.equal(walk.otherMounts, 0)
    }
})

test('a deep tree takes a bounded number of descriptors', (t) => {
  const contents: Record<string, string[]> = {}
  let path = ''
  for (let level = 0; level < 1000; level++) {
    contents[path] = ['d/']
    path += '/d'
  }
  contents[path] = ['link_remap.1']
  const { look, walk, most, addon } = world(contents)
  t.equal(look().length, 1)
  t.strictSame(walk.unread, [])
  t.ok(most() < 150, `${most()} descriptors`)
  t.equal(addon.open.size, 1)
})

test('no more names than are taken, and no name twice', (t) => {
  const names = Array.from({ length: 150 }, (_, index) => `link_remap.${index}`)
  const many = world({ '': names })
  t.equal(many.look().length, 100)
  t.match(many.walk.unread, [/^what comes after the first 100 names/])
  const twice = world({ '': ['link_remap.1', 'link_remap.1'] })
  twice.walk.look(twice.top)
  t.equal(twice.look().length, 1)
})

test('a file system that does not answer is left at once', (t) => {
  const { look, walk, addon } = world({ '': ['a/', 'link_remap.1'] }, { isRemote: true })
  let asked = 0
  addon.on('answers', () => (++asked === 2 ? ETIMEDOUT : 0))
  t.strictSame(look(), [])
  t.match(walk.unread, [/^\/top\/link_remap\.1 \(its file system does not answer\)/])
  t.equal(asked, 2)
  t.equal(addon.open.size, 1)
})

test('a path that is longer than one call takes', (t) => {
  const { sys, top, addon } = world({})
  const path = `/${'d'.repeat(200)}`.repeat(100) as Bytes
  const fd = openBelow(sys, top, path)
  t.ok(fd >= 0)
  const parts = addon.of('openat2').map(({ args: [, name] }) => name as string)
  t.equal(parts.join('/'), path.slice(1))
  t.ok(parts.every((part) => part.length <= 4000))
  t.equal(addon.open.size, 2)
  t.equal(pathBelow(top, b('/')), '/top')
  t.equal(pathBelow({ path: b('/') }, b('/a')), '/a')
})
