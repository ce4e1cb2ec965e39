import { distrust } from '../../../src/sys/trusted.js'
import { test } from '../support/check.js'

const folder = { uid: 0n, gid: 0n, mode: 0o40755n }
const file = { uid: 0n, gid: 0n, mode: 0o100755n }

test('who may write a file that root loads', (t) => {
  t.equal(distrust(file, folder), undefined)
  t.equal(distrust({ ...file, mode: 0o100600n }, folder), undefined)
  t.match(distrust({ ...file, uid: 1000n }, folder), 'it belongs to user 1000')
  t.match(distrust({ ...file, mode: 0o100757n }, folder), 'everybody may write it')
  t.match(distrust({ ...file, mode: 0o100775n, gid: 5n }, folder), 'group 5 may write it')
  t.match(distrust({ ...file, mode: 0o100775n }, folder), 'group 0 may write it')
})

test('whoever may write the program itself may write that, too', (t) => {
  const clone = { uid: 1000n, gid: 1000n, mode: 0o40775n }
  const built = { uid: 1000n, gid: 1000n, mode: 0o100775n }
  t.equal(distrust(built, clone), undefined)
  t.equal(distrust(file, clone), undefined, 'root has built it')
  t.match(distrust({ ...built, uid: 1001n }, clone), 'it belongs to user 1001')
  t.match(distrust({ ...built, gid: 100n }, clone), 'group 100 may write it')
  t.match(distrust({ ...built, mode: 0o100777n }, clone), 'everybody may write it')
  t.equal(distrust({ ...built, mode: 0o100777n }, { ...clone, mode: 0o40777n }), undefined)
})
