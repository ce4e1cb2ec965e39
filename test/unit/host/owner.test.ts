import fs from 'node:fs'
import { join } from 'node:path'
import { ownedOf } from '../../../src/host/owner.js'
import { test } from '../support/check.js'

test('owner and times of what is held, also before 1970', (t) => {
  const path = join(t.testdir({ file: '' }), 'file')
  const fd = fs.openSync(path, 'r')
  t.teardown(() => {
    fs.closeSync(fd)
  })
  const { uid, gid } = fs.statSync(path)
  const { changed, ...owner } = ownedOf(fd)
  t.strictSame(owner, { uid, gid, rdev: 0 })
  t.ok(changed.sec > 0)
  fs.utimesSync(path, 0, new Date(-1500))
  t.strictSame(ownedOf(fd).changed, { sec: -2, nsec: 500_000_000 })
})
