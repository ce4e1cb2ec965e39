import { failed, failedBy, pathFailed, unlinkVerified } from '../../../src/collect/unlink.js'
import type { Outcome } from '../../../src/collect/outcome.js'
import type { Stat } from '../../../src/sys/stat.js'
import { Sys } from '../../../src/sys/sys.js'
import { SyscallError } from '../../../src/sys/syscall-error.js'
import { test } from '../support/check.js'
import { b, stat } from '../support/model.js'
import { FakeAddon } from '../sys/fake-addon.js'
import { forgetful } from './world.js'

const [ENOENT, EIO, EROFS] = [-2, -5, -30]
const NAME = b('link_remap.6')
const BEFORE = stat({ nlink: 2 })

interface World {
  /** Answer of unlinkat. */
  readonly unlink?: number
  /** What the held file is afterwards, and what has the name. */
  readonly file?: Partial<Stat>
  readonly named?: Partial<Stat> | 'gone'
  /** What the kernel calls the held file; undefined: nothing. */
  readonly link?: string | undefined
}

const run = (world: World): Outcome & { addon: FakeAddon } => {
  const addon = new FakeAddon()
  const directory = addon.given()
  const file = addon.given()
  addon.on('unlinkat', () => world.unlink ?? 0)
  addon.on('statx', (fd, path) => {
    if (fd === file && path === '') return addon.answerStat({ ...BEFORE, ...world.file })
    if (fd !== directory || path !== NAME) throw new Error(`statx of ${fd} ${path}`)
    if (world.named === 'gone' || world.named === undefined) return ENOENT
    return addon.answerStat({ ...BEFORE, ...world.named })
  })
  if ('link' in world && world.link === undefined) addon.on('readlinkat', () => -2)
  addon.link = Buffer.from(world.link ?? '/x/link_remap.6')
  const outcome = unlinkVerified(new Sys(addon), directory, NAME, file, BEFORE, forgetful())
  return { ...outcome, addon }
}

test('the file that was verified has one name less: removed', (t) => {
  const { addon, ...outcome } = run({ file: { nlink: 1 } })
  t.strictSame(outcome, { verdict: 'removed' })
  t.strictSame(addon.of('unlinkat'), [{ name: 'unlinkat', args: [100, NAME, 0] }])
})

test('a new file of that name afterwards is somebody else’s', (t) => {
  t.equal(run({ file: { nlink: 1 }, named: { inoLow: 5 } }).verdict, 'removed')
})

test('somebody was faster: already gone', (t) => {
  const { addon, ...outcome } = run({ unlink: ENOENT, named: 'gone' })
  t.strictSame(outcome, { verdict: 'absent' })
  t.equal(addon.of('unlinkat').length, 1)
})

test('ENOENT for a name that is still there is a lie', (t) => {
  const { addon, ...outcome } = run({ unlink: ENOENT, named: {} })
  t.hasStrict(outcome, { verdict: 'failed', errno: 'ENOENT', syscall: 'unlinkat' })
  t.notOk('alarm' in outcome)
  t.equal(addon.of('unlinkat').length, 1, 'and is not tried again')
})

test('any other refusal is a failure that says so', (t) => {
  for (const [errno, name] of [
    [EROFS, 'EROFS'],
    [EIO, 'EIO'],
    [-1, 'EPERM'],
    [-13, 'EACCES'],
    [-16, 'EBUSY'],
    [-21, 'EISDIR'],
    [-122, 'EDQUOT'],
  ] as const) {
    const outcome = run({ unlink: errno, named: 'gone' })
    t.hasStrict(outcome, { verdict: 'failed', errno: name, syscall: 'unlinkat' })
    t.notOk('alarm' in outcome)
  }
})

test('the name is still that file’s: nothing happened', (t) => {
  const outcome = run({ file: { nlink: 2 }, named: {} })
  t.equal(outcome.verdict, 'failed')
  t.match(outcome.message, /still there/)
  t.notOk('alarm' in outcome, 'nothing was removed by mistake')
})

test('the count stayed and the name is another’s or gone: alarm', (t) => {
  for (const named of ['gone', { inoLow: 5 }, { minor: 9 }] as const) {
    const outcome = run({ file: { nlink: 2 }, named })
    t.equal(outcome.verdict, 'failed')
    t.equal(outcome.alarm, true)
    t.match(outcome.message, /link count is still 2/)
  }
})

test('a count that even rose is an alarm too', (t) => {
  t.equal(run({ file: { nlink: 3 }, named: 'gone' }).alarm, true)
})

test('an overlay keeps the count of a lower file: the kernel’s word on the very name decides', (t) => {
  const gone = { file: { nlink: 2 }, named: 'gone' } as const
  t.equal(run({ ...gone, link: '/x/link_remap.6 (deleted)' }).verdict, 'removed')
  t.equal(run({ ...gone, link: '/x/other' }).alarm, true)
  t.equal(run({ ...gone, link: undefined }).alarm, true, 'which has to be readable')
})

test('a failure in words', (t) => {
  t.hasStrict(failed('openat', -13), { verdict: 'failed', errno: 'EACCES', syscall: 'openat' })
  t.match(failed('openat', -13).message, /^openat: permission denied$/)
  t.equal(failed('openat', -999).message, 'openat: E999')
})

test('a link or a mount in the way is somebody’s, anything else is a failure', (t) => {
  for (const [result, errno] of [
    [-40, 'ELOOP'],
    [-18, 'EXDEV'],
  ] as const) {
    const outcome = pathFailed(result)
    t.match(outcome, { verdict: 'kept', reason: 'unsafe-path', errno, syscall: 'openat2' })
    t.notOk('accept' in outcome, 'nobody can consent to it')
  }
  for (const [result, errno] of [
    [-13, 'EACCES'],
    [-2, 'ENOENT'],
  ] as const)
    t.match(pathFailed(result), { verdict: 'failed', errno, syscall: 'openat2' })
})

test('a system call that fails becomes an outcome, a bug does not', (t) => {
  const outcome = failedBy(new SyscallError('statx', -5))
  t.hasStrict(outcome, { verdict: 'failed', errno: 'EIO', syscall: 'statx' })
  t.throws(() => failedBy(new TypeError('bug')), TypeError)
})

test('a removal that could not be verified is not called one', (t) => {
  const addon = new FakeAddon()
  const [directory, file] = [addon.given(), addon.given()]
  addon.on('statx', () => EIO)
  const outcome = unlinkVerified(new Sys(addon), directory, NAME, file, BEFORE, forgetful())
  t.hasStrict(outcome, { verdict: 'failed', errno: 'EIO', syscall: 'statx' })
  t.match(outcome.message, /could not be verified/)
})

test('ENOENT, and a look that fails otherwise, is no proof that it is gone', (t) => {
  const addon = new FakeAddon()
  const [directory, file] = [addon.given(), addon.given()]
  addon.on('unlinkat', () => ENOENT).on('statx', () => EIO)
  const outcome = unlinkVerified(new Sys(addon), directory, NAME, file, BEFORE, forgetful())
  t.match(outcome, { verdict: 'failed', errno: 'ENOENT' })
})

test('what is left of the file is remembered as it was before', (t) => {
  const at = { sec: 9, nsec: 9 }
  const changed: unknown[] = []
  for (const nlink of [0, 1]) {
    const addon = new FakeAddon()
    const [directory, file] = [addon.given(), addon.given()]
    addon.on('statx', () => addon.answerStat({ ...BEFORE, nlink, ctime: at }))
    const acts = forgetful()
    acts.changed = (...args) => changed.push(args)
    t.equal(unlinkVerified(new Sys(addon), directory, NAME, file, BEFORE, acts).verdict, 'removed')
  }
  t.strictSame(changed, [['file', BEFORE, at]], 'of one without names nothing can be asked')
})
