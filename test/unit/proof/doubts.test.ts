import { DOUBTS, isDoubt } from '../../../src/proof/doubts.js'
import { test } from '../support/check.js'

test('the names that --accept takes', (t) => {
  t.strictSame(
    [...DOUBTS],
    ['newer', 'older', 'mismatch', 'elsewhere', 'gone', 'unseen', 'undated', 'shared', 'unlogged'],
  )
  for (const name of DOUBTS) t.equal(isDoubt(name), true)
  for (const other of ['', 'type', 'mountpoint', 'immutable', 'Newer', 'newer ', 'constructor'])
    t.equal(isDoubt(other), false, other)
})
