import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { errnoName, errnoText } from '../../../src/sys/errno.js'
import { test } from '../support/check.js'

test('names of the numbers that the kernel answers with', (t) => {
  const { ENOENT, EPERM, EROFS, EBUSY, EINVAL, ENOSYS, ELOOP, EXDEV, ESTALE, EDQUOT } =
    constants.errno
  const expected = { ENOENT, EPERM, EROFS, EBUSY, EINVAL, ENOSYS, ELOOP, EXDEV, ESTALE, EDQUOT }
  for (const [name, value] of Object.entries(expected)) t.equal(errnoName(value), name)
  t.equal(errnoName(constants.errno.EOPNOTSUPP), 'EOPNOTSUPP', 'as its callers compare it')
})

test('each name that Node has for a number of this machine', (t) => {
  const second = new Set(['EWOULDBLOCK', 'ENOTSUP'])
  for (const [name, value] of Object.entries(constants.errno))
    if (!second.has(name)) t.equal(errnoName(value), name)
  t.equal(errnoName(133), 'EHWPOISON', 'the last one of Linux')
  for (const none of [0, 41, 58, 134]) t.equal(errnoName(none), `E${none}`)
})

test('one number with two names has the one that Node’s errors have', (t) => {
  t.equal(errnoName(constants.errno.EAGAIN), getSystemErrorName(-constants.errno.EAGAIN))
})

test('a number without a name', (t) => {
  t.equal(errnoName(999), 'E999')
  t.equal(errnoText(999), undefined)
})

test('texts', (t) => {
  t.match(errnoText(constants.errno.ENOENT), /no such file/i)
  t.match(errnoText(constants.errno.EROFS), /read-only/i)
})
