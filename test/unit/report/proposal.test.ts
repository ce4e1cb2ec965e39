import t from 'tap'
import { lineWith } from '../../../src/report/proposal.js'

t.test('more options go before the command that follows "--"', (t) => {
  t.equal(
    lineWith(['clean', '--pid', '7'], ['--repair', 'signals']),
    'criu-gc clean --pid 7 --repair signals',
  )
  t.equal(
    lineWith(['clean', '--exec-cmd', '--', 'a b'], ['--gone', '/']),
    "criu-gc clean --exec-cmd --gone / -- 'a b'",
  )
  t.end()
})
