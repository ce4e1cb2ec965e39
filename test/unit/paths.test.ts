import fc from 'fast-check'
import path from 'node:path'
import { fromText, type Bytes } from '../../src/bytes.js'
import {
  below,
  isTooLong,
  isWithin,
  join,
  pathProblem,
  relative,
  ROOT,
  slashesOf,
  splitLast,
  splitter,
} from '../../src/paths.js'
import { test } from './support/check.js'
import { holds } from './support/property.js'
import { b } from './support/model.js'

const component = fc.stringMatching(/^[a-c.]{1,3}$/).filter((name) => !/^\.{1,2}$/.test(name))
const absolute = fc
  .array(component, { maxLength: 4 })
  .map((components) => fromText(`/${components.join('/')}`))

test('paths that d_path() writes are fine', (t) => {
  for (const good of ['/', '/a', '/a/b', '/...', '/..a', '/a..', '/.a', '/a b\n', '/é (deleted)'])
    t.equal(pathProblem(b(good)), undefined, JSON.stringify(good))
  t.equal(pathProblem(b(`/${'x'.repeat(255)}`)), undefined, 'a name of 255 bytes')
})

test('paths that no system call may get are not', (t) => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /absolute/],
    ['a', /absolute/],
    ['a/b', /absolute/],
    ['./a', /absolute/],
    ['/a\0b', /NUL/],
    ['/\0', /NUL/],
    ['//', /empty/],
    ['//a', /empty/],
    ['/a//b', /empty/],
    ['/a/', /empty/],
    ['/.', /component "\."/],
    ['/..', /component "\.\."/],
    ['/a/../b', /component "\.\."/],
    ['/a/..', /component "\.\."/],
    ['/a/./b', /component "\."/],
    [`/${'x'.repeat(256)}`, /255/],
    [`/a/${'x'.repeat(256)}/b`, /255/],
  ]
  for (const [given, problem] of bad)
    t.match(pathProblem(b(given)) ?? 'fine', problem, JSON.stringify(given).slice(0, 40))
})

test('a path with its NUL has at most 4096 bytes', (t) => {
  const long = `/${'x'.repeat(100)}`.repeat(40)
  t.equal(pathProblem(b(long + '/' + 'y'.repeat(4095 - long.length - 1))), undefined)
  t.match(pathProblem(b(long + '/' + 'y'.repeat(4096 - long.length - 1))), /4095/)
})

test('a path that is too long is that, whatever else it is', (t) => {
  t.match(pathProblem(b(`/\0${'x'.repeat(4096)}`)), /longer than 4095/)
  t.equal(isTooLong(b('x'.repeat(4095))), false)
  t.equal(isTooLong(b('x'.repeat(4096))), true)
})

test('the last component', (t) => {
  t.strictSame(splitLast(b('/a/b')), { dir: '/a', base: 'b' })
  t.strictSame(splitLast(b('/a')), { dir: '/', base: 'a' })
  t.strictSame(splitLast(ROOT), { dir: '/', base: '' })
})

test('being within respects components', (t) => {
  t.ok(isWithin(b('/a/b'), b('/a')))
  t.ok(isWithin(b('/a'), b('/a')))
  t.ok(isWithin(b('/a'), ROOT))
  t.ok(isWithin(ROOT, ROOT))
  t.notOk(isWithin(b('/ab'), b('/a')), 'a longer name is not below')
  t.notOk(isWithin(b('/a'), b('/a/b')))
  t.notOk(isWithin(ROOT, b('/a')))
})

test('below and join are each other’s inverse', (t) => {
  t.equal(below(b('/a/b'), b('/a')), '/b')
  t.equal(below(b('/a'), b('/a')), '/')
  t.equal(below(b('/a/b'), ROOT), '/a/b')
  t.equal(join(ROOT, b('/a')), '/a')
  t.equal(join(b('/a'), ROOT), '/a')
  holds(
    t,
    'below(join(a, b), a) is b, and join is what node:path says',
    fc.property(absolute, absolute, (dir, rest) => {
      const joined = join(dir, rest)
      return (
        below(joined, dir) === rest &&
        isWithin(joined, dir) &&
        joined === (path.posix.join(dir, rest).replace(/(.)\/$/, '$1') as Bytes)
      )
    }),
  )
})

test('relative to a directory', (t) => {
  t.equal(relative(ROOT), '.')
  t.equal(relative(b('/a/b')), 'a/b')
})

test('each slash ends a directory above', (t) => {
  t.strictSame(slashesOf(b('/a/bc/d')), [0, 2, 5])
  t.strictSame(slashesOf(ROOT), [0])
})

test('path after path is split as each alone, whatever came before', (t) => {
  holds(
    t,
    'splitter is splitLast',
    fc.property(fc.array(absolute), (paths) => {
      const split = splitter()
      return paths.every((path) => {
        const { dir, base } = split(path)
        const alone = splitLast(path)
        return dir === alone.dir && base === alone.base
      })
    }),
  )
  const split = splitter()
  const parts = ['/a/b', '/a/c', '/ab/c', '/a', '/', '/a/b/c', '/a/b'].map((path) => split(b(path)))
  t.strictSame(
    parts.map(({ dir, base }) => [dir, base]),
    [
      ['/a', 'b'],
      ['/a', 'c'],
      ['/ab', 'c'],
      ['/', 'a'],
      ['/', ''],
      ['/a/b', 'c'],
      ['/a', 'b'],
    ],
  )
})
