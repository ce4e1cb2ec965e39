// The same on an overlay, as container engines mount one, and what differs on a tmpfs.
import { testCases } from './cases.js'
import { testRaces } from './races.js'
import { hostile } from './rig.js'

await hostile(import.meta.url, () => {
  testCases(['overlay', 'lower', 'tmpfs'])
  testRaces('overlay')
})
