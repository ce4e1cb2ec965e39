import { distrust } from '../../../src/sys/trusted.js'
import { test } from '../support/check.js'

const folder = { uid: 0, gid: 0, mode: 0o40755 }
const file = { uid: 0, gid: 0, mode: 0o100755 }

test('who may write a file that root loads', (t) => {
  t.equal(distrust(file, folder), undefined)
  t.equal(distrust({ ...file, mode: 0o100600 }, folder), undefined)
  t.match(distrust({ ...file, uid: 1000 }, folder), 'it belongs to user 1000')
  t.match(distrust({ ...file, mode: 0o100757 }, folder), 'everybody may write it')
  t.match(distrust({ ...file, mode: 0o100775, gid: 5 }, folder), 'group 5 may write it')
  t.match(distrust({ ...file, mode: 0o100775 }, folder), 'group 0 may write it')
})

test('whoever may write the program itself may write that, too', (t) => {
  const clone = { uid: 1000, gid: 1000, mode: 0o40775 }
  const built = { uid: 1000, gid: 1000, mode: 0o100775 }
  t.equal(distrust(built, clone), undefined)
  t.equal(distrust(file, clone), undefined, 'root has built it')
  t.match(distrust({ ...built, uid: 1001 }, clone), 'it belongs to user 1001')
  t.match(distrust({ ...built, gid: 100 }, clone), 'group 100 may write it')
  t.match(distrust({ ...built, mode: 0o100777 }, clone), 'everybody may write it')
  t.equal(distrust({ ...built, mode: 0o100777 }, { ...clone, mode: 0o40777 }), undefined)
})
