// Whether a whole file of tests has left the mount tables as they were: its own and the one around it.
import t from 'tap'
import { diffMountinfo, mountinfo } from './mountinfo.js'
import { mountsAround } from './namespace.js'

/** looks now; what it answers with is called when all tests are there, and looks again after them */
export const watchTables = (): (() => void) => {
  const [own, around] = [mountinfo(), mountsAround()]
  return () => {
    t.test('the mount tables are as before', (t) => {
      t.strictSame(diffMountinfo(own, mountinfo()), [], 'our own')
      t.strictSame(diffMountinfo(around, mountsAround()), [], 'and the one around us')
      t.end()
    })
  }
}
