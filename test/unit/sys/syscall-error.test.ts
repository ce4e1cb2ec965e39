import fs from 'node:fs'
import { SyscallError } from '../../../src/sys/syscall-error.js'
import { test } from '../support/check.js'
import { b } from '../support/model.js'

test('the shape of Node’s own errors', (t) => {
  const error = new SyscallError('openat', -2, b('/nowhere'))
  let own: NodeJS.ErrnoException | undefined
  try {
    fs.openSync('/nowhere/at/all', 'r')
  } catch (caught) {
    own = caught as NodeJS.ErrnoException
  }
  t.ok(error instanceof Error)
  const { errno, code, syscall, path, message, name } = error
  t.strictSame(
    { errno, code, syscall, path, message, name },
    {
      errno: own?.errno,
      code: own?.code,
      syscall: 'openat',
      path: '/nowhere',
      message: "ENOENT: no such file or directory, openat '/nowhere'",
      name: 'SyscallError',
    },
  )
})

test('without a path, and without a name', (t) => {
  const error = new SyscallError('unshare', -1)
  t.equal(error.message, 'EPERM: operation not permitted, unshare')
  t.equal(error.path, undefined)
  t.equal(new SyscallError('x', -999).message, 'E999, x')
})

test('a path of somebody else’s choice stays in its line', (t) => {
  const error = new SyscallError('openat', -2, b('/a\n\x1b[31m'))
  t.equal(error.path, '/a\\n\\x1b[31m')
  t.ok(error.message.endsWith("openat '/a\\n\\x1b[31m'"))
})
