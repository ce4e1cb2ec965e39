import fs from 'node:fs'
import path from 'node:path'
import { eachMount, parseMountinfo, type HostMount } from '../../../src/host/mountinfo.js'
import { test } from '../support/check.js'
import { b } from '../support/model.js'

const one = (line: string) => parseMountinfo(b(line))[0]

test('a row', (t) => {
  t.strictSame(
    parseMountinfo(
      b('36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n'),
    ),
    [
      {
        mntId: 36,
        parentId: 35,
        major: 98,
        minor: 0,
        root: '/mnt1',
        mountpoint: '/mnt2',
        fstype: 'ext3',
        source: '/dev/root',
        upper: undefined,
      },
    ],
  )
})

test('any number of optional fields, also none', (t) => {
  for (const optional of ['', 'shared:1 ', 'shared:1 master:2 propagate_from:3 unbindable '])
    t.hasStrict(one(`1 2 0:5 / /x rw ${optional}- tmpfs shm rw`), {
      fstype: 'tmpfs',
      source: 'shm',
    })
})

test('names as the kernel writes them', (t) => {
  t.hasStrict(one('1 2 0:5 /a\\040b /c\\011\\012\\134\\043 rw - tmpfs my\\040shm rw'), {
    root: '/a b',
    mountpoint: '/c\t\n\\#',
    source: 'my shm',
  })
  t.hasStrict(one('1 2 0:5 / /x\\377 rw - tmpfs none rw'), { mountpoint: '/x\xff' })
  t.hasStrict(
    one('1 2 0:5 / /x\\12 rw - tmpfs none rw'),
    { mountpoint: '/x\\12' },
    'always three digits',
  )
})

test('names with a dash are no separator', (t) => {
  t.hasStrict(one('1 2 0:5 /- /a-b rw shared:1 - tmpfs - rw'), {
    root: '/-',
    mountpoint: '/a-b',
    fstype: 'tmpfs',
    source: '-',
  })
})

test('the root of a bind whose directory was unlinked', (t) => {
  t.hasStrict(one('1 2 8:1 /dir//deleted /x rw - ext4 /dev/sda1 rw'), { root: '/dir' })
})

test('roots that are no paths', (t) => {
  t.hasStrict(one('1 2 0:4 net:[4026531840] /run/netns/x rw - nsfs nsfs rw'), {
    root: 'net:[4026531840]',
  })
})

test('what is not a row is left out', (t) => {
  t.strictSame(parseMountinfo(b('')), [])
  for (const line of [
    '1 2 0:5 / - tmpfs a rw',
    '1 2 0:5 - tmpfs a rw',
    '1 2 0:5 / /x rw - ',
    '1 2 05 / /x rw - tmpfs a rw',
  ])
    t.strictSame(parseMountinfo(b(line.trimEnd())), [], line)
  t.strictSame(parseMountinfo(b('\n\nnonsense\n1 2 0:5 / /x rw\n1 2 - tmpfs\n')), [])
  t.equal(
    parseMountinfo(b('1 2 0:5 / /x rw - tmpfs a rw\nx\n1 2 0:5 / /y rw - tmpfs a rw')).length,
    2,
  )
})

test('a file of any length, by parts', (t) => {
  const long = 'x'.repeat(3000)
  const rows = Array.from(
    { length: 200 },
    (_, id) => `${id} 1 0:5 / /${long}${id} rw - tmpfs shm rw`,
  )
  const dir = t.testdir({ file: `${rows.join('\n')}\n`, empty: '' })
  const read = (name: string): HostMount[] => {
    const fd = fs.openSync(path.join(dir, name), 'r')
    const found: HostMount[] = []
    // From its begin, each time.
    for (let times = 0; times < 2; times++) {
      found.length = 0
      eachMount(fd, (row) => found.push(row))
    }
    fs.closeSync(fd)
    return found
  }
  t.strictSame(read('file'), parseMountinfo(b(rows.join('\n'))))
  t.strictSame(read('empty'), [])
})
