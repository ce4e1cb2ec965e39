import { constants } from 'node:os'
import { SIGNALS, signalNumber } from '../../../src/sys/signals.js'
import { test } from '../support/check.js'

test('numbers of signals are those of this machine', (t) => {
  for (const name of SIGNALS) t.equal(signalNumber(name), constants.signals[name])
})
