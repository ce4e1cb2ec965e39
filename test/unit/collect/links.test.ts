import { test } from '../support/check.js'
import { at, remap, WRITTEN } from '../support/model.js'
import type { FakeKernel } from '../sys/fake-kernel.js'
import { BEFORE, AFTER, makeHost, run, verdicts, inVar, good } from './world.js'

test('what was found is in the outcome', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(run(kernel, [inVar(6)]), [
    { verdict: 'removed', size: 5, mode: 0o100644, nlink: 2, ctime: BEFORE.sec },
  ])
})

test('show changes nothing', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  const outcomes = run(kernel, [inVar(6)], { remove: false })
  t.strictSame(verdicts(outcomes), ['would-remove'])
  t.strictSame(kernel.of('unlinkat'), [])
})

test('show foretells a directory that cannot be written', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.on('faccessat2', () => -30)
  t.strictSame(verdicts(run(kernel, [inVar(6)], { remove: false })), ['failed EROFS'])
})

test('two links of one file: the first removal does not make the second look newer', (t) => {
  const kernel = makeHost()
  const inode = kernel.file('/rootfs/var/link_remap.6', { ...good, nlink: 3 })
  kernel.directory('/rootfs/opt', { ctime: AFTER })
  // One inode under two names, the second in a directory that changed since.
  kernel.anotherName(inode, '/rootfs/opt/link_remap.8')
  const outcomes = run(kernel, [inVar(6), remap(8, '/opt', { mntId: 10, size: 5 })])
  t.strictSame(verdicts(outcomes), ['removed', 'removed'])
  t.strictSame(
    outcomes.map(({ nlink }) => nlink),
    [3, 2],
  )
})

test('the directory is judged by its time before anything of ours was removed from it', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.file('/rootfs/var/link_remap.8', { ...good, size: 999 })
  t.strictSame(
    verdicts(run(kernel, [inVar(6), inVar(8)], { placementOf: () => 'recorded' as const })),
    ['removed', 'removed'],
    'in an unchanged directory the size plays no part, also for the second',
  )
})

test('a directory that changed: newer and different links stay, --force takes them', (t) => {
  const files = (): FakeKernel => {
    const kernel = makeHost()
    kernel.directory('/rootfs/var', { ctime: AFTER })
    kernel.file('/rootfs/var/link_remap.6', { ...good, ctime: AFTER })
    kernel.file('/rootfs/var/link_remap.8', { ...good, size: 6 })
    kernel.file('/rootfs/var/link_remap.10', { ...good, nlink: 1 })
    return kernel
  }
  const remaps = [inVar(6), inVar(8), inVar(10)]
  t.strictSame(verdicts(run(files(), remaps)), ['kept newer', 'kept mismatch', 'removed'])
  t.strictSame(verdicts(run(files(), remaps, { force: true })), ['removed', 'removed', 'removed'])
  t.strictSame(verdicts(run(files(), remaps, { keepLastLink: true }))[2], 'kept last-link')
})

test('a name on which something is mounted elsewhere', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  const asked: string[] = []
  const outcomes = run(kernel, [inVar(6)], {
    force: true,
    addressOf: (on, directory) => ({ device: `${on?.nsId}`, path: directory }),
    isMountpoint: (name, directory) => {
      asked.push(`${name} ${directory()?.device} ${directory()?.path}`)
      return true
    },
  })
  t.strictSame(verdicts(outcomes), ['kept mountpoint'])
  t.strictSame(asked, ['link_remap.6 9 /var'])
})

test('progress is told every so often', (t) => {
  const kernel = makeHost()
  const told: number[] = []
  run(
    kernel,
    Array.from({ length: 600 }, (_, index) => inVar(2 * index)),
    { onProgress: (done) => told.push(done) },
  )
  t.strictSame(told, [256, 512])
})

test('a link is opened itself, whatever it is, and only to look at', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  run(kernel, [inVar(6)])
  const [opened] = kernel.of('openat').filter(({ args }) => args[1] === 'link_remap.6')
  t.equal(opened?.args[2], 0o10000000 | 0o400000)
})

test('a directory in which nothing happened since the dump began never had the link', (t) => {
  const made = (): FakeKernel => {
    const kernel = makeHost()
    kernel.directory('/rootfs/old', { ctime: at(WRITTEN.sec - 100) })
    return kernel
  }
  const remaps = [remap(6, '/old', { mntId: 10 }), inVar(8)]
  const outcomes = run(made(), remaps)
  t.strictSame(verdicts(outcomes), ['kept unreachable', 'absent'])
  t.match(outcomes[0]?.message, /nothing was made or removed in its directory/)
  t.strictSame(verdicts(run(made(), remaps, { force: true })), ['absent', 'absent'])
})
