// The table of hostile cases where the temporary folder is.
import { inside } from '../rig/inner.js'
import { testCases } from './cases.js'
import { testRaces } from './races.js'
import { agreements, test } from './rig.js'

await inside(import.meta.url, () => {
  testCases(['disk'])
  testRaces('disk')
  // Most cases that are taken away, or done without the run that only looks, would be missed by nobody.
  test('show and clean said the same in at least 60 situations', (t) => {
    t.ok(agreements() >= 60, `${agreements()} cases`)
  })
})
