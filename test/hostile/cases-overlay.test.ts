// The same on an overlay, as container engines mount one, and what differs on a tmpfs.
import { inside } from '../rig/inner.js'
import { testCases } from './cases.js'
import { testRaces } from './races.js'

await inside(import.meta.url, () => {
  testCases(['overlay', 'lower', 'tmpfs'])
  testRaces('overlay')
})
