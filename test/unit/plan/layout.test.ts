import fc from 'fast-check'
import type { Mount } from '../../../src/checkpoint/model.js'
import { chainOf, layOut, mountFinder } from '../../../src/plan/layout.js'
import type { Provider } from '../../../src/plan/planned.js'
import { test } from '../support/check.js'
import { b, mount, namespace } from '../support/model.js'
import { holds } from '../support/property.js'

const ROOT = mount(1, '/', { parentId: 99 })
const DEV = mount(2, '/dev', { parentId: 1 })
const SHM = mount(3, '/dev/shm', { parentId: 2 })
const OVER = mount(4, '/dev/shm', { parentId: 3 })
const DATA = mount(5, '/data', { parentId: 1 })
const ALL = [ROOT, DEV, SHM, OVER, DATA]
const NAMESPACE = namespace(9, ALL)

const byId = (mounts: readonly Mount[]): Map<number, Mount> =>
  new Map(mounts.map((one) => [one.mntId, one]))

const ids = (mounts: readonly Mount[] | undefined): number[] | undefined =>
  mounts?.map(({ mntId }) => mntId)

const finderOf = (mounts: readonly Mount[]): ((path: string) => number | undefined) => {
  const attachments = layOut(namespace(9, mounts), new Set(mounts), new Map())
  const find = mountFinder(attachments)
  return (path) => find(b(path))?.mntId
}

/** The rule itself: a step for each name, then up through whatever is mounted there. */
const walk = (mounts: readonly Mount[], names: readonly string[]): number => {
  let at = ROOT.mntId
  names.forEach((_, index) => {
    const path = `/${names.slice(0, index + 1).join('/')}`
    const over = (): Mount | undefined =>
      mounts.findLast(({ parentId, mountpoint }) => parentId === at && mountpoint === path)
    for (let next = over(); next !== undefined; next = over()) at = next.mntId
  })
  return at
}

test('a mount and its ancestors', (t) => {
  t.strictSame(ids(chainOf(OVER, byId(ALL), NAMESPACE)), [4, 3, 2, 1])
  t.strictSame(ids(chainOf(ROOT, byId(ALL), NAMESPACE)), [1])
})

test('in cut images there is no chain', (t) => {
  t.equal(chainOf(OVER, byId(ALL), namespace(9, ALL, { complete: false })), undefined)
  t.equal(chainOf(OVER, byId([ROOT, SHM, OVER]), NAMESPACE), undefined)
})

test('attachments are the needed mounts in the namespace’s order', (t) => {
  const shm: Provider = { kind: 'external', key: b('k'), path: b('/srv'), sub: b('/') }
  const laid = layOut(NAMESPACE, new Set([SHM, ROOT, DEV]), new Map([[3, shm]]))
  t.strictSame(
    laid.map(({ mount: { mntId }, parentId, provider }) => [mntId, parentId, provider.kind]),
    [
      [1, undefined, 'stand-in'],
      [2, 1, 'stand-in'],
      [3, 2, 'external'],
    ],
  )
})

test('a root that is its own parent has none', (t) => {
  const own = mount(1, '/', { parentId: 1 })
  t.equal(layOut(namespace(9, [own]), new Set([own]), new Map())[0]?.parentId, undefined)
})

test('on which mount a path lies', (t) => {
  const find = finderOf([ROOT, DEV, SHM, DATA])
  t.equal(find('/'), 1)
  t.equal(find('/etc'), 1)
  t.equal(find('/dev'), 2)
  t.equal(find('/dev/pts'), 2)
  t.equal(find('/dev/shm'), 3)
  t.equal(find('/dev/shm/a/b'), 3)
  t.equal(find('/data/x'), 5)
  t.equal(find('/database'), 1, 'a name that only begins alike')
  t.equal(find('/devices/shm'), 1)
})

test('the uppermost of stacked mounts', (t) => {
  t.equal(finderOf(ALL)('/dev/shm/x'), 4)
  t.equal(finderOf([ROOT, DEV, SHM])('/dev/shm/x'), 3)
})

test('a sibling that covers another', (t) => {
  const deep = mount(6, '/a/b', { parentId: 1 })
  const shallow = mount(7, '/a', { parentId: 1 })
  t.equal(finderOf([ROOT, deep])('/a/b'), 6)
  t.equal(finderOf([ROOT, deep, shallow])('/a/b'), 7, 'nothing leads to the covered one')
  const inside = mount(8, '/a/b', { parentId: 7 })
  t.equal(finderOf([ROOT, deep, shallow, inside])('/a/b/c'), 8)
})

test('what is mounted over the root of a namespace does not hide it from its tasks', (t) => {
  // A task's root directory stays where it was, and so does the fd from which paths are resolved:
  // the kernel crosses into a mount when it walks a name, and "/" has none.
  const over = mount(6, '/', { parentId: 1 })
  const find = finderOf([ROOT, DEV, over])
  t.equal(find('/etc'), 1)
  t.equal(find('/dev'), 2)
  t.equal(find('/'), 1)
})

test('names that sort between a place and what is below it', (t) => {
  const names = ['/a', '/a/b', '/a-b', '/a.b', '/a0', '/a/b/c', '/a b']
  const mounts = names.map((name, index) => mount(20 + index, name, { parentId: 1 }))
  const find = finderOf([ROOT, ...mounts])
  t.equal(find('/a/b/c'), 20, 'on "/a", which covers what its siblings have below it')
  t.strictSame(
    ['/a', '/a/c', '/a-b/x', '/a.b', '/a0/b', '/a b/c', '/a-', '/b', '/'].map(find),
    [20, 20, 22, 23, 24, 26, 1, 1, 1],
  )
})

test('as a walk of the path name by name', (t) => {
  const names = fc.array(fc.constantFrom('a', 'b', 'a-', 'a0'), { maxLength: 4 })
  const rows = fc.array(fc.tuple(names, fc.nat()), { maxLength: 12 })
  holds(
    t,
    'the same mount',
    fc.property(rows, fc.array(names), (rows, paths) => {
      const mounts = [ROOT]
      for (const [name, parent] of rows) {
        const { mntId } = mounts[parent % mounts.length] as Mount
        mounts.push(mount(100 + mounts.length, `/${name.join('/')}`, { parentId: mntId }))
      }
      const find = finderOf(mounts)
      return paths.every((names) => find(`/${names.join('/')}`) === walk(mounts, names))
    }),
  )
})

test('long paths cost no more than their length', (t) => {
  const deep = '/b'.repeat(2000)
  const mounts = Array.from({ length: 2000 }, (_, index) =>
    mount(100 + index, `/${index}${deep}`, { parentId: 1 }),
  )
  const started = process.cpuUsage()
  const find = finderOf([ROOT, ...mounts])
  for (let index = 0; index < 2000; index++) {
    if (find(`/${index}${deep}/x`) !== 100 + index) t.fail(`path ${index}`)
    if (find(`/${index}${deep}b`) !== 1) t.fail(`path ${index}, another name`)
  }
  const { user, system } = process.cpuUsage(started)
  t.ok(user + system < 1_000_000, `${user + system} µs`)
})

test('no mounts, no answer', (t) => {
  t.equal(mountFinder([])(b('/x')), undefined)
})
