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
      force: true,
      keepLastLink: false,
    },
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
    force: ['yes', 1, null],
    keepLastLink: ['false'],
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
