import { foldersOf, hierarchiesIn, membershipsIn, namesOf } from '../../../src/residue/freezer.js'
import { test } from '../support/check.js'
import { b } from '../support/model.js'

const TABLE = b(
  [
    '30 29 0:26 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu',
    '31 29 0:27 / /sys/fs/cgroup/freezer rw,relatime shared:9 - cgroup cgroup rw,freezer',
    '32 29 0:28 /pod\\040a /sys/fs/cgroup/two rw - cgroup2 cgroup2 rw,nsdelegate',
    '33 29 0:29 / / rw - ext4 /dev/root rw',
  ].join('\n'),
)

test('where cgroups that can freeze are mounted', (t) => {
  t.strictSame(hierarchiesIn(TABLE), [
    { version: 1, root: '/', mountpoint: '/sys/fs/cgroup/freezer' },
    { version: 2, root: '/pod a', mountpoint: '/sys/fs/cgroup/two' },
  ])
})

test('in which of them a process is', (t) => {
  const text = '9:name=freezer:/x\n6:cpu,freezer:/docker/a:b\n5:devices:/\n0::/pod a/c\n'
  t.strictSame(membershipsIn(b(text)), [
    { version: 1, path: '/docker/a:b' },
    { version: 2, path: '/pod a/c' },
  ])
})

test('its folder and those above', (t) => {
  const folders = (version: 1 | 2, path: string) =>
    foldersOf({ version, path: b(path) }, hierarchiesIn(TABLE))
  t.strictSame(folders(1, '/docker/a'), [
    '/sys/fs/cgroup/freezer/docker/a',
    '/sys/fs/cgroup/freezer/docker',
  ])
  t.strictSame(folders(1, '/'), [], 'the root cannot be frozen')
  t.strictSame(folders(2, '/pod a/c/d'), [
    ...['/sys/fs/cgroup/two/c/d', '/sys/fs/cgroup/two/c'],
    '/sys/fs/cgroup/two',
  ])
  t.strictSame(folders(2, '/pod a'), ['/sys/fs/cgroup/two'], 'that which is mounted itself')
  t.equal(folders(2, '/pod ab/c'), undefined, 'beside it')
  t.equal(folders(1, '/../x'), undefined, 'out of our cgroup namespace')
})

test('each by all of its names', (t) => {
  const twice = b(`${TABLE}\n34 29 0:28 / /mnt/all rw - cgroup2 cgroup2 rw`)
  t.strictSame(namesOf({ version: 2, path: b('/pod a/c') }, hierarchiesIn(twice)), [
    ['/sys/fs/cgroup/two/c', '/mnt/all/pod a/c'],
    ['/sys/fs/cgroup/two', '/mnt/all/pod a'],
  ])
  t.equal(namesOf({ version: 1, path: b('/../x') }, hierarchiesIn(twice)), undefined)
  t.strictSame(namesOf({ version: 1, path: b('/') }, []), [], 'the root of all')
})
