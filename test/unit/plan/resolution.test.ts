import { test } from '../support/check.js'
import { MountTable } from './resolution.js'

test('the model itself: crossing, stacking, covering', (t) => {
  const table = new MountTable(1)
  t.equal(table.attach(2, '/a'), 1)
  t.equal(table.attach(3, '/a/b'), 2)
  t.equal(table.attach(4, '/a/b'), 3, 'onto the one that is there')
  t.strictSame(table.resolve('/a/b/c'), { mount: 4, path: '/c' })
  t.strictSame(table.resolve('/a/c'), { mount: 2, path: '/c' })
  t.strictSame(table.resolve('/'), { mount: 1, path: '' })
  t.equal(table.attach(5, '/'), 1, 'over the root, into which no lookup crosses')
  t.strictSame(table.resolve('/a'), { mount: 2, path: '' })
  const covered = new MountTable(1)
  covered.attach(2, '/a/b')
  covered.attach(3, '/a')
  t.strictSame(covered.resolve('/a/b'), { mount: 3, path: '/b' })
})
