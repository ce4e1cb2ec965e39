// The table of hostile cases where the temporary folder is.
import { testCases } from './cases.js'
import { testRaces } from './races.js'
import { hostile } from './rig.js'

await hostile(import.meta.url, () => {
  testCases(['disk'])
  testRaces('disk')
})
