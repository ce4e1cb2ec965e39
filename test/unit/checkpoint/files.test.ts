import { readRegFiles, type RegFiles } from '../../../src/checkpoint/files.js'
import { linkName } from '../../../src/link-name.js'
import { image } from '../../encode/images.js'
import { encode, file, regFile, type RegFile } from '../../encode/messages.js'
import { test, type Test } from '../support/check.js'
import { openIn, type Images } from './dump.js'

const readFiles = (
  t: Test,
  images: Images,
  wanted: readonly number[],
): RegFiles & { read: string[] } => {
  const directory = openIn(t, images)
  const files = readRegFiles(directory, new Set(wanted))
  return { ...files, read: directory.states.map(({ name }) => name) }
}

const filesImg = (...entries: readonly Buffer[]): Images =>
  new Map([['files.img', image('files', entries)]])

const names = ({ byId }: RegFiles): Record<number, string> =>
  Object.fromEntries([...byId].map(([id, { name }]) => [id, name]))

test('the name of a link is %d of its id', (t) => {
  t.equal(linkName(6), 'link_remap.6')
  t.equal(linkName(0x7fffffff), 'link_remap.2147483647')
  t.equal(linkName(0x80000000), 'link_remap.-2147483648')
  t.equal(linkName(0xffffffff), 'link_remap.-1')
})

test('wanted regular files by id, no others', (t) => {
  const pipe = encode({ 1: 2, 2: 5 })
  const files = readFiles(
    t,
    filesImg(
      file({ id: 4, name: '/d' }),
      pipe,
      file({ id: 6, name: '/f', mntId: 312, size: 5, mode: 0o100644 }),
      file({ id: 7, name: '/g' }),
    ),
    [5, 6, 7],
  )
  t.strictSame(names(files), { 6: '/f', 7: '/g' })
  t.hasStrict(files.byId.get(6), { mnt_id: 312, size: 5, mode: 0o100644 })
  t.equal(files.ambiguous.size, 0)
  t.strictSame(files.read, ['files.img'])
})

test('reg-files.img where there is no files.img', (t) => {
  const old = image('reg-files', [regFile({ id: 6, name: '/old' })])
  const files = readFiles(t, new Map([['reg-files.img', old]]), [6])
  t.strictSame(names(files), { 6: '/old' })
  t.hasStrict(files.state, { name: 'reg-files.img', state: 'complete' })
})

test('files.img that is there is the one, even empty', (t) => {
  const old = image('reg-files', [regFile({ id: 6, name: '/old' })])
  const both = filesImg(file({ id: 6, name: '/new' })).set('reg-files.img', old)
  const files = readFiles(t, both, [6])
  t.strictSame(names(files), { 6: '/new' })
  t.strictSame(files.read, ['files.img'])
  const cut: Images = new Map([['files.img', Buffer.alloc(0)]])
  const empty = readFiles(t, cut.set('reg-files.img', old), [6])
  t.strictSame(names(empty), {})
  t.hasStrict(empty.state, { name: 'files.img', state: 'empty' })
})

test('neither: absent, under the name of today', (t) => {
  const files = readFiles(t, new Map(), [6])
  t.hasStrict(files.state, { name: 'files.img', state: 'absent' })
})

test('an id that two entries claim is ambiguous', (t) => {
  const two = [
    file({ id: 6, name: '/a' }),
    file({ id: 6, name: '/b' }),
    file({ id: 7, name: '/c' }),
  ]
  t.strictSame([...readFiles(t, filesImg(...two), [6, 7]).ambiguous], [6])
  const old = [regFile({ id: 6, name: '/a' }), regFile({ id: 6, name: '/a' })]
  const files = readFiles(t, new Map([['reg-files.img', image('reg-files', old)]]), [6])
  t.strictSame([...files.ambiguous], [6])
})

test('an entry whose two ids differ makes both doubtful', (t) => {
  const entry = file({ id: 6, name: '/a' }, 7)
  const files = readFiles(t, filesImg(entry), [6, 7])
  t.strictSame([...files.ambiguous].sort(), [6, 7])
})

test('an entry that repeats its id is not taken for what it was looked for', (t) => {
  const twice = Buffer.concat([file({ id: 6, name: '/a' }), encode({ 2: 8 })])
  const files = readFiles(t, filesImg(twice, file({ id: 8, name: '/b' })), [6, 8])
  t.strictSame([...files.ambiguous].sort(), [6, 8])
})

test('what is not wanted is not decoded', (t) => {
  // Its sub-message is no reg_file_entry: decoding it would end the image there.
  const broken = encode({ 1: 1, 2: 5, 3: Buffer.from([0xff]) })
  const images = filesImg(broken, file({ id: 6, name: '/f' }))
  t.hasStrict(readFiles(t, images, [6]).state, { state: 'complete', entries: 2 })
  t.hasStrict(readFiles(t, images, [5, 6]).state, { state: 'truncated', entries: 0 })
  const future = encode({ 1: 99, 2: 5, 3: Buffer.from([0xff]) })
  t.hasStrict(
    readFiles(t, filesImg(future, file({ id: 6, name: '/f' })), [5, 6]).state,
    { state: 'complete', entries: 2 },
    'nor is another type of file, which may have any fields',
  )
})

test('other types of files, also from the future, end nothing', (t) => {
  const other = [2, 3, 16, 20, 99, 200].map((type) => encode({ 1: type, 2: 6, 30: 'x' }))
  const files = readFiles(t, filesImg(...other, file({ id: 6, name: '/f' })), [6])
  t.strictSame(names(files), { 6: '/f' })
  t.hasStrict(files.state, { state: 'complete', entries: 7 })
})

test('a regular file without its entry is none', (t) => {
  t.strictSame(names(readFiles(t, filesImg(encode({ 1: 1, 2: 6 })), [6])), {})
})

const LINK = { id: 6, name: '/d/link_remap.6' }
const UNLIKE: readonly RegFile[] = [
  { id: 7, name: '/d/link_remap.6' },
  { id: 8, name: '/d/link_remap.8', flags: 1 },
  { id: 9, name: '/d/link_remap.9', pos: 1 },
  { id: 10, name: '/d/link_remap.10', mode: 0o100644 },
  { id: 11, name: '/d/link_remap.11', size: 1 },
  { id: 12, name: '/d/link_remap.12', mntId: 312 },
  { id: 13, name: '/d/xlink_remap.13' },
  { id: 14, name: '/d/link_remap.14x' },
  { id: 15, name: 'link_remap.15' },
]

test('what looks like a link is found unasked, and only that', (t) => {
  const other = Array.from({ length: 20 }, (_, id) => file({ id: 100 + id, name: '/d/other' }))
  const entries = [...other, file(LINK), ...other, ...UNLIKE.map((one) => file(one)), ...other]
  const found = readFiles(t, filesImg(...entries), [])
  t.strictSame(
    found.links.map(({ id, name }) => [id, name]),
    [[6, '/d/link_remap.6']],
  )
  t.equal(found.byId.size, 0, 'which is not the same as wanted')
  t.hasStrict(found.state, { state: 'complete', entries: entries.length })
  const old = image('reg-files', [...UNLIKE, LINK].map(regFile))
  t.strictSame(
    readFiles(t, new Map([['reg-files.img', old]]), []).links.map(({ id }) => id),
    [6],
  )
})

test('a link that is wanted is both', (t) => {
  const found = readFiles(t, filesImg(file(LINK)), [6])
  t.strictSame([found.links.length, found.byId.size], [1, 1])
})

test('links side by side, each in its own entry', (t) => {
  const ids = Array.from({ length: 50 }, (_, index) => index)
  const entries = ids.map((id) => file({ id, name: `/d/link_remap.${id}` }))
  t.strictSame(
    readFiles(t, filesImg(...entries), []).links.map(({ id }) => id),
    ids,
  )
})

test('a cut image gives the whole entries before the cut', (t) => {
  const whole = image('files', [file({ id: 6, name: '/a' }), file({ id: 7, name: '/b' })])
  const images = new Map([['files.img', whole.subarray(0, whole.length - 1)]])
  const files = readFiles(t, images, [6, 7])
  t.strictSame(names(files), { 6: '/a' })
  t.equal(files.state.state, 'truncated')
})
