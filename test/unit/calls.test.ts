import { checkCheckpoint, checkImagesDir, checkOptions } from '../../src/calls.js'
import { refuses, test } from './support/check.js'

const as = (value: unknown): never => value as never

test('options of the right types', (t) => {
  for (const options of [
    {},
    {
      imagesDir: 'i',
      root: '/',
      external: ['mnt[]'],
      mounts: 'all',
      gone: ['/', 'key'],
      accept: ['newer', 'older', 'mismatch', 'elsewhere', 'gone', 'unseen'],
      dumpLog: '/l',
      restoreLog: '/l',
      directories: ['/a'],
      imagesDirs: [],
      until: '1h',
      remove: false,
      force: true,
      keepLastLink: false,
      maxRemaps: 200_000,
    },
    { gone: [], accept: [], dumpLog: undefined },
    { root: undefined, external: [], mounts: 'remaps', host: 5 },
  ])
    t.doesNotThrow(() => checkOptions(options))
})

test('options of other types', (t) => {
  for (const options of [undefined, null, '/images', 5])
    refuses(t, () => checkOptions(as(options)), 'usage', /^options must be an object$/)
  const wrong: Record<string, readonly unknown[]> = {
    imagesDir: ['', 5, null, ['/i'], 'a\0b'],
    root: ['', 5, null, '/\0'],
    external: ['mnt[]', [5], null, {}, ['mnt[\0]:/x']],
    mounts: ['some', true, null],
    gone: ['/', [''], [5], null, ['a\0'], {}],
    accept: ['newer', ['new'], [5], null, ['newer,older'], [['newer']]],
    dumpLog: ['', 5, null],
    restoreLog: ['', ['/l']],
    directories: ['/a', [''], null],
    imagesDirs: [[5]],
    until: [5, 'a\0'],
    remove: ['yes'],
    force: ['yes', 1, null],
    keepLastLink: ['false'],
    pid: [0, -1, 1.5, '5', 2 ** 31],
    since: [5, null],
    keep: ['/k', [''], [5]],
    maxRemaps: ['5', 0, -1, 1.5, Infinity, null],
  }
  for (const [name, values] of Object.entries(wrong))
    for (const value of values)
      refuses(t, () => checkOptions({ [name]: value }), 'usage', new RegExp(`^${name} must be `))
})

test('a directory and a checkpoint', (t) => {
  t.doesNotThrow(() => checkImagesDir('/i'))
  for (const value of [undefined, '', 5, 'a\0'])
    refuses(t, () => checkImagesDir(as(value)), 'usage', /^imagesDir must be a path$/)
  t.doesNotThrow(() => checkCheckpoint({}))
  for (const value of [undefined, null, '/images'])
    refuses(t, () => checkCheckpoint(as(value)), 'usage', /^checkpoint must be what readCheckpoint/)
})

test('the words that are meant are named', (t) => {
  const error = refuses(t, () => checkOptions({ accept: ['all'] }), 'usage', /^accept must be/)
  t.match(
    error?.message,
    /newer, older, mismatch, elsewhere, gone, unseen, undated, shared, unlogged$/,
  )
})
