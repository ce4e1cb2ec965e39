import fs from 'node:fs'
import path from 'node:path'
import { readTrusted, whoElse } from '../../../src/runtimes/trusted.js'
import { RUNTIME_LIMITS } from '../../../src/limits.js'
import { asRoot, refuses, test } from '../support/check.js'

const file = (mode: number, uid = 0, gid = 0): { uid: number; gid: number; mode: number } => ({
  uid,
  gid,
  mode,
})
const TOP = file(0o755)

test('who else than root may change a file', (t) => {
  for (const [what, one, above, who] of [
    ['root alone', file(0o644), [TOP], undefined],
    ['root’s group', file(0o664), [TOP], undefined],
    ['another owner', file(0o600, 1000), [TOP], /^it belongs to user 1000$/],
    ['everybody', file(0o646), [TOP], /everybody/],
    ['another group', file(0o664, 0, 50), [TOP], /group 50/],
    ['its folder is another’s', file(0o644), [TOP, file(0o755, 1000)], /above it: it belongs/],
    ['everybody may rename it', file(0o644), [file(0o777), TOP], /above it: everybody/],
    ['in a sticky folder', file(0o644), [file(0o1777), TOP], undefined],
    ['a sticky folder of somebody else', file(0o644), [file(0o1777, 1000)], /above it/],
    ['below a closed folder', file(0o644, 1000), [file(0o700), file(0o777, 1000)], undefined],
    ['closed only further down', file(0o644), [file(0o755, 1000), file(0o700)], /above it/],
  ] as const) {
    const found = whoElse(one, above, 0)
    if (who === undefined) t.equal(found, undefined, what)
    else t.match(found, who, what)
  }
  t.equal(whoElse(file(0o600, 1000), [TOP], 1000), undefined, 'ourselves')
})

test('what is not there, and what is not to be believed', (t) => {
  const folder = t.testdir({ good: '{}', open: '{}', folder: {} })
  const at = (name: string): string => path.join(folder, name)
  t.equal(readTrusted(at('good')), '{}')
  t.equal(readTrusted(at('none')), undefined)
  t.equal(readTrusted(at('good/below')), undefined)
  fs.chmodSync(at('open'), 0o666)
  refuses(t, () => readTrusted(at('open')), 'refused', /others than root/)
  refuses(t, () => readTrusted(at('folder')), 'refused', /not a regular file/)
  fs.symlinkSync('good', at('link'))
  refuses(t, () => readTrusted(at('link')), 'refused', /ELOOP/, 'no link is followed')
  fs.truncateSync(at('good'), RUNTIME_LIMITS.fileBytes + 1)
  refuses(t, () => readTrusted(at('good')), 'refused', /bytes, more than any/)
})

asRoot('a file of root’s in the folder of a container’s own root', (t) => {
  const folder = t.testdir({ of: { 'backup.yaml': 'x' } })
  const at = path.join(folder, 'of/backup.yaml')
  fs.chownSync(path.join(folder, 'of'), 1000, 0)
  refuses(t, () => readTrusted(at), 'refused', /a directory above it/)
  t.equal(readTrusted(at, true), 'x')
  fs.linkSync(at, path.join(folder, 'of/second'))
  refuses(
    t,
    () => readTrusted(at, true),
    'refused',
    /a directory above it/,
    'it may have come from elsewhere',
  )
  fs.unlinkSync(path.join(folder, 'of/second'))
  fs.chownSync(at, 1000, 0)
  refuses(t, () => readTrusted(at, true), 'refused', /belongs to user 1000/)
  fs.chownSync(at, 0, 0)
  fs.chownSync(folder, 1000, 0)
  refuses(t, () => readTrusted(at, true), 'refused', /a directory above it/, 'further up')
})
