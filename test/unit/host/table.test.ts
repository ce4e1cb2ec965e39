import fs from 'node:fs'
import path from 'node:path'
import { OutOfTime } from '../../../src/host/patience.js'
import { areAskedAtRoot, isAskedAtRoot, isBind, readTable, Table } from '../../../src/host/table.js'
import { test, type Test } from '../support/check.js'
import { b, hostMount } from '../support/model.js'

const always = (): void => undefined

test('only what is wanted is kept', (t) => {
  const table = new Table(({ mountpoint }) => mountpoint === '/a', always)
  t.equal(table.add(hostMount('/')), false)
  t.equal(table.add(hostMount('/a')), true)
  t.strictSame(table.mounts, [hostMount('/a')])
  t.strictSame(table.binds, [])
  t.match(table, { hasRemote: false, isAskedAtRoot: false, hasPlaceless: false })
})

test('what is noted of rows that nobody wants', (t) => {
  const noted = (...rows: Parameters<typeof hostMount>[]): Table => {
    const table = new Table(() => false, always)
    for (const row of rows) table.add(hostMount(...row))
    return table
  }
  t.match(noted(['/a', { fstype: 'fuse' }], ['/']), { hasRemote: true, isAskedAtRoot: false })
  t.match(noted(['/', { fstype: 'nfs4' }], ['/a']), { hasRemote: true, isAskedAtRoot: true })
  t.match(noted(['', {}], ['/a']), { hasPlaceless: true })
  const bind = { fstype: 'nsfs', root: b('mnt:[5]') }
  t.strictSame(noted(['/n', bind], ['/a']).binds, [hostMount('/n', bind)])
})

test('what somebody asks a server for at the root, and what keeps a mount namespace', (t) => {
  t.ok(isAskedAtRoot(hostMount('/', { fstype: '9p' })))
  t.notOk(isAskedAtRoot(hostMount('/a', { fstype: 'nfs' })))
  t.notOk(isAskedAtRoot(hostMount('/', { fstype: 'fuse.fuse-overlayfs' })), 'as podman has it')
  t.notOk(isBind(hostMount('/n', { fstype: 'nsfs', root: b('net:[5]') })))
  t.notOk(isBind(hostMount('/n', { fstype: 'tmpfs', root: b('mnt:[5]') })))
})

test('kernels that have a type that is asked at its root', (t) => {
  t.ok(areAskedAtRoot('nodev\tsysfs\n\text4\nnodev\tnfs4\n'))
  t.ok(areAskedAtRoot('nodev\t9p\n'))
  t.notOk(areAskedAtRoot('nodev\tsysfs\n\text4\nnodev\tnfsd\n'))
  t.notOk(areAskedAtRoot(''))
})

const read = (t: Test, text: string, wanted: string): Table => {
  const file = path.join(t.testdir({ file: text }), 'file')
  const fd = fs.openSync(file, 'r')
  t.teardown(() => fs.closeSync(fd))
  return readTable(fd, ({ mountpoint }) => mountpoint.startsWith(wanted), always)
}

test('the rows on which the wanted ones are mounted are kept, too, wherever they stand', (t) => {
  const text = [
    '9 8 0:5 / /a/x/y rw - tmpfs t rw',
    '5 1 0:1 / / rw - ext4 t rw',
    '8 6 0:4 / /a/x rw - tmpfs t rw',
    '6 5 0:2 / /a rw - tmpfs t rw',
    '7 5 0:3 / /b rw - tmpfs t rw',
    '',
  ].join('\n')
  const ids = (wanted: string): number[] => read(t, text, wanted).mounts.map(({ mntId }) => mntId)
  t.strictSame(ids('/a/x/'), [9, 8])
  t.strictSame(ids('/a/x'), [9, 8, 6])
  t.strictSame(ids('/c'), [])
  t.strictSame(ids('/'), [9, 5, 8, 6, 7])
})

test('what is kept is a copy, and a bind of what is no longer there leads to where it was', (t) => {
  const table = new Table(() => true, always)
  const row = { ...hostMount('/a', { root: b('/gone//deleted') }) }
  table.add(row)
  row.mountpoint = b('/b')
  t.match(table.mounts, [{ mountpoint: '/a', root: '/gone' }])
})

test('each row may be the last for which there is time', (t) => {
  let left = 2
  const table = new Table(
    () => true,
    () => {
      if (left-- === 0) throw new OutOfTime('out of time')
    },
  )
  t.throws(
    () => {
      for (;;) table.add(hostMount('/a'))
    },
    { message: 'out of time' },
  )
  t.equal(table.mounts.length, 2)
})
