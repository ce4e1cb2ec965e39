import { readTasks, type Tasks } from '../../../src/checkpoint/tasks.js'
import { decodeIds, type TaskKobjIds } from '../../../src/images/entries.js'
import { LIMITS } from '../../../src/limits.js'
import { image } from '../../encode/images.js'
import { encode, ids, task } from '../../encode/messages.js'
import { refuses, test, type Test } from '../support/check.js'
import { openIn } from './dump.js'

/** CRIU's own ids: mount namespace 6. */
const CRIU: TaskKobjIds = decodeIds(ids(), 0, ids().length)

/** pid, ppid and mount namespace; no namespace: no ids image; null: an ids image without an entry. */
type TaskSpec = readonly [pid: number, ppid: number, mnt?: number | null | undefined]

const readTree = (
  t: Test,
  specs: readonly TaskSpec[],
  criu: TaskKobjIds | undefined = CRIU,
): Tasks => readTasks(openIn(t, imagesOf(specs)), criu)

const imagesOf = (specs: readonly TaskSpec[]): Map<string, Buffer> => {
  const images = new Map([
    [
      'pstree.img',
      image(
        'pstree',
        specs.map(([pid, ppid]) => task(pid, ppid)),
      ),
    ],
  ])
  for (const [pid, , mnt] of specs)
    if (mnt !== undefined)
      images.set(`ids-${pid}.img`, image('ids', mnt === null ? [] : [ids({ mnt })]))
  return images
}

test('the same id as CRIU’s is the host’s mount namespace', (t) => {
  t.strictSame(
    readTree(t, [
      [1, 0, 6],
      [2, 1, 6],
    ]),
    {
      complete: true,
      count: 2,
      pids: [1, 2],
      tree: 'host',
      mountNamespaces: [],
      notes: [],
      netns: 'host',
      netnsId: undefined,
    },
  )
})

test('another id is a namespace of the tree’s own', (t) => {
  t.strictSame(readTree(t, [[1, 0, 9]]), {
    complete: true,
    count: 1,
    pids: [1],
    tree: 'namespaced',
    mountNamespaces: [9],
    netns: 'host',
    netnsId: undefined,
    notes: [],
  })
})

test('only mnt_ns_id decides: a network namespace of its own changes nothing', (t) => {
  const images = imagesOf([[1, 0, 6]])
  images.set('ids-1.img', image('ids', [ids({ mnt: 6, net: 12 })]))
  t.equal(readTasks(openIn(t, images), CRIU).tree, 'host')
})

test('an absent mnt_ns_id compares as 0', (t) => {
  const without = encode({ 1: 1, 2: 1, 3: 1, 4: 1, 5: 1 })
  const images = imagesOf([[1, 0, 6]])
  images.set('ids-1.img', image('ids', [without]))
  t.equal(readTasks(openIn(t, images), CRIU).tree, 'namespaced')
  const criu = decodeIds(without, 0, without.length)
  t.equal(readTasks(openIn(t, images), criu).tree, 'host')
})

test('distinct namespaces, the root task’s first wherever its entry is', (t) => {
  const { mountNamespaces, count } = readTree(t, [
    [5, 1, 12],
    [4, 1, 9],
    [1, 0, 10],
    [6, 4, 9],
    [7, 5, 11],
  ])
  t.strictSame(mountNamespaces, [10, 12, 9, 11])
  t.equal(count, 5)
})

test('zombies have no ids: nothing is missing then', (t) => {
  const tree = readTree(t, [
    [1, 0, 9],
    [2, 1],
    [3, 1, null],
  ])
  t.hasStrict(tree, { complete: true, count: 3, tree: 'namespaced', mountNamespaces: [9] })
  t.strictSame(tree.notes, [
    '2 of 3 tasks have no ids, as zombies have none: a mount namespace that only they were in is not known',
  ])
})

test('ids that were being written are missing', (t) => {
  for (const data of [Buffer.alloc(0), image('ids', [ids({ mnt: 9 })]).subarray(0, 20)]) {
    const images = imagesOf([
      [1, 0, 9],
      [2, 1, 9],
    ])
    images.set('ids-2.img', data)
    const tree = readTasks(openIn(t, images), CRIU)
    t.hasStrict(tree, { complete: false, tree: 'namespaced', mountNamespaces: [9] })
    t.strictSame(tree.notes, [])
  }
})

test('a root task without ids tells nothing', (t) => {
  for (const root of [undefined, null])
    t.hasStrict(
      readTree(t, [
        [1, 0, root],
        [2, 1, 9],
      ]),
      { complete: false, tree: 'unknown', count: 2, mountNamespaces: [] },
    )
})

test('exactly one task has no parent', (t) => {
  refuses(
    t,
    () =>
      readTree(t, [
        [1, 0, 9],
        [2, 0, 9],
      ]),
    'bad-images',
    /2 tasks have no parent/,
  )
  refuses(t, () => readTree(t, [[2, 1, 9]]), 'bad-images', /0 tasks have no parent/)
  refuses(t, () => readTree(t, []), 'bad-images', /0 tasks have no parent/)
})

test('without a whole pstree.img or inventory the tree is not known', (t) => {
  const unknown = {
    complete: false,
    tree: 'unknown',
    mountNamespaces: [],
    notes: [],
    netns: 'unknown',
    netnsId: undefined,
  }
  const images = imagesOf([[1, 0, 9]])
  t.strictSame(readTasks(openIn(t, images), undefined), { ...unknown, count: 1, pids: [1] })
  const whole = images.get('pstree.img')!
  for (const data of [whole.subarray(0, whole.length - 1), Buffer.alloc(0)]) {
    images.set('pstree.img', data)
    t.strictSame(readTasks(openIn(t, images), CRIU), { ...unknown, count: 0, pids: undefined })
  }
  images.delete('pstree.img')
  t.strictSame(readTasks(openIn(t, images), CRIU), { ...unknown, count: 0, pids: undefined })
})

test('nested namespaces in a tree without one of its own cannot be', (t) => {
  refuses(
    t,
    () =>
      readTree(t, [
        [1, 0, 6],
        [2, 1, 9],
      ]),
    'bad-images',
    /mount namespaces of their own but the root task has not/,
  )
})

test('more tasks than may be are refused before their images are opened', (t) => {
  const one = image('pstree', [task(2, 1)]).subarray(8)
  const tasks = Array<Buffer>(LIMITS.tasks + 1).fill(one)
  const images = new Map([['pstree.img', Buffer.concat([image('pstree', []), ...tasks])]])
  const directory = openIn(t, images)
  refuses(t, () => readTasks(directory, CRIU), 'bad-images', /more than 100000 tasks/)
  t.equal(directory.states.length, 0)
})
