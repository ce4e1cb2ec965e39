// The table of hostile cases where the temporary folder is.
import { inside } from '../rig/inner.js'
import { testCases } from './cases.js'
import { testRaces } from './races.js'

await inside(import.meta.url, () => {
  testCases(['disk'])
  testRaces('disk')
})
