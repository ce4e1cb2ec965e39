import type { LinkRemap } from '../../../src/checkpoint/model.js'
import type { Doubt } from '../../../src/proof/doubts.js'
import { test } from '../support/check.js'
import { at, b, FORCE, remap, stat, window, WRITTEN } from '../support/model.js'
import type { FakeKernel, Inode } from '../sys/fake-kernel.js'
import {
  AFTER,
  BEFORE,
  forgetful,
  good,
  inVar,
  makeHost,
  run,
  THE_ONES,
  verdicts,
  WITHIN,
  type Setting,
} from './world.js'

/** A dump after all that happened. */
const LATER = { from: at(2_100_000_000), to: at(2_100_000_001) }
const LINK = '/rootfs/var/link_remap.6'

/** What becomes of one link, in a directory that was changed within the dump unless told otherwise. */
const verdict = (
  file: Partial<Inode>,
  setting: Setting & { readonly remap?: LinkRemap; readonly directory?: Partial<Inode> } = {},
): string => {
  const { remap: one = inVar(6), directory = {}, ...rest } = setting
  const kernel = makeHost()
  kernel.directory('/rootfs/var', { ctime: WITHIN, ...directory })
  kernel.file(LINK, { ...good, ...file })
  return verdicts(run(kernel, [one], rest))[0]!
}

const CHANGED = { directory: { ctime: AFTER } }
const withMode = (mode: number | undefined): { remap: LinkRemap } => {
  const one = inVar(6)
  return { remap: { ...one, original: { ...one.original, mode } } }
}
const withSize = (size: number | undefined): { remap: LinkRemap } => {
  const one = inVar(6)
  return { remap: { ...one, original: { ...one.original, size } } }
}

test('what was found is in the outcome', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(run(kernel, [inVar(6)]), [
    { verdict: 'removed', size: 5, mode: 0o100644, nlink: 2, ctime: WITHIN.sec },
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

test('several links of one file: the first removal does not make the others look newer', (t) => {
  const kernel = makeHost()
  const inode = kernel.file('/rootfs/var/link_remap.6', { ...good, nlink: 5 })
  kernel.directory('/rootfs/opt', { ctime: AFTER })
  kernel.directory('/rootfs/srv', { ctime: AFTER })
  // One inode, and directories that changed since.
  kernel.anotherName(inode, '/rootfs/opt/link_remap.8')
  kernel.anotherName(inode, '/rootfs/srv/link_remap.10')
  kernel.anotherName(inode, '/rootfs/srv/link_remap.12')
  let second = 0
  // Each removal at another time.
  kernel.before('unlinkat', () => {
    second++
    return undefined
  })
  kernel.before('statx', () => {
    if (inode.ctime !== WITHIN) inode.ctime = at(2_000_000_000 + second)
    return undefined
  })
  const remaps = [
    inVar(6),
    remap(8, '/opt', { mntId: 10, size: 5 }),
    remap(10, '/srv', { mntId: 10, size: 5 }),
    remap(12, '/srv', { mntId: 10, size: 5 }),
  ]
  const outcomes = run(kernel, remaps)
  t.strictSame(verdicts(outcomes), Array(4).fill('removed'))
  t.strictSame(
    outcomes.map(({ nlink }) => nlink),
    [5, 4, 3, 2],
  )
})

test('what somebody else did to the file between our removals is not explained by them', (t) => {
  const kernel = makeHost()
  const inode = kernel.file('/rootfs/var/link_remap.6', { ...good, nlink: 3 })
  kernel.directory('/rootfs/opt', { ctime: AFTER })
  kernel.anotherName(inode, '/rootfs/opt/link_remap.8')
  kernel.before('openat2', (_fd, path) => {
    if (path === 'opt') inode.ctime = at(2_000_000_007)
    return undefined
  })
  const outcomes = run(kernel, [inVar(6), remap(8, '/opt', { mntId: 10, size: 5 })])
  t.strictSame(verdicts(outcomes), ['removed', 'kept newer'])
})

test('the directory is judged by its time before anything of ours was removed from it', (t) => {
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  kernel.file('/rootfs/var/link_remap.8', { ...good, size: 999 })
  t.strictSame(
    verdicts(run(kernel, [inVar(6), inVar(8)], { found: THE_ONES })),
    ['removed', 'removed'],
    'in an unchanged directory the size plays no part, also for the second',
  )
})

test('in another run likewise, with what the first remembers', (t) => {
  const made = (): FakeKernel => {
    const kernel = makeHost()
    const inode = kernel.file('/rootfs/var/link_remap.6', { ...good, nlink: 3 })
    kernel.anotherName(inode, '/rootfs/var/link_remap.8')
    return kernel
  }
  const [remembering, forgetting] = [made(), made()]
  const acts = forgetful()
  t.strictSame(verdicts(run(remembering, [inVar(6)], { acts })), ['removed'])
  t.strictSame(verdicts(run(remembering, [inVar(8)], { acts })), ['removed'])
  t.strictSame(verdicts(run(forgetting, [inVar(6)])), ['removed'])
  t.strictSame(verdicts(run(forgetting, [inVar(8)])), ['kept newer'])
})

test('a directory that changed: newer and different links stay, each consent takes its own', (t) => {
  const files = (): FakeKernel => {
    const kernel = makeHost()
    kernel.directory('/rootfs/var', { ctime: AFTER })
    kernel.file('/rootfs/var/link_remap.6', { ...good, ctime: AFTER })
    kernel.file('/rootfs/var/link_remap.8', { ...good, size: 6 })
    kernel.file('/rootfs/var/link_remap.10', { ...good, nlink: 1 })
    kernel.file('/rootfs/var/link_remap.12', { ...good, ctime: BEFORE })
    return kernel
  }
  const remaps = [inVar(6), inVar(8), inVar(10), inVar(12)]
  const all = run(files(), remaps)
  t.strictSame(verdicts(all), ['kept newer', 'kept mismatch', 'removed', 'kept older'])
  t.strictSame(
    all.map(({ accept }) => accept),
    ['newer', 'mismatch', undefined, 'older'],
    'each says which',
  )
  const accepting = (...names: Doubt[]): string[] =>
    verdicts(run(files(), remaps, { accept: new Set(names) }))
  t.strictSame(accepting('newer')[0], 'removed')
  t.strictSame(accepting('mismatch')[1], 'removed')
  t.strictSame(accepting('older')[3], 'removed')
  t.strictSame(accepting('newer', 'older')[1], 'kept mismatch')
  t.strictSame(accepting('elsewhere', 'gone', 'unseen'), verdicts(all))
  t.strictSame(verdicts(run(files(), remaps, { accept: FORCE })), Array(4).fill('removed'))
  t.strictSame(verdicts(run(files(), remaps, { keepLastLink: true }))[2], 'kept last-link')
})

test('in a directory that changed it has to look like the dumped file', (t) => {
  t.equal(verdict({}, CHANGED), 'removed')
  t.equal(verdict({ size: 6 }, CHANGED), 'kept mismatch')
  t.equal(verdict({ mode: 0o100600 }, CHANGED), 'kept mismatch')
  t.equal(verdict({ mode: 0o104644 }, CHANGED), 'kept mismatch', 'set-user-ID is a permission too')
  t.equal(verdict({ mode: 0o101644 }, CHANGED), 'kept mismatch', 'and so is the sticky bit')
  t.equal(verdict({ size: 6 }), 'kept mismatch', 'or that may be another')
  t.equal(verdict({ size: 6 }, { found: THE_ONES }), 'removed', 'but not in the one')
  t.equal(verdict({ size: 6 }, { found: THE_ONES, ...CHANGED }), 'kept mismatch')
})

test('what was not recorded is not compared', (t) => {
  t.equal(verdict({ size: 6 }, withSize(undefined)), 'removed')
  t.equal(verdict({ mode: 0o100600 }, withMode(undefined)), 'removed')
  t.equal(verdict({ size: 0 }, withSize(0)), 'removed')
  t.equal(verdict({ size: 1 }, withSize(0)), 'kept mismatch', '0 is a size')
})

const TYPES = [0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o120000, 0o140000]

test('a whiteout in a layer of an overlay: what had the name was removed', (t) => {
  const whiteout = { mode: 0o020000, rdevMajor: 0, rdevMinor: 0 }
  t.equal(verdict(whiteout), 'absent unproven', 'as where nothing is')
  t.equal(verdict({ ...whiteout, rdevMinor: 1 }), 'kept type')
  t.equal(verdict({ ...whiteout, rdevMajor: 1 }), 'kept type')
  t.equal(verdict({ ...whiteout, mode: 0o060000 }), 'kept type', 'a block device is none')
})

test('the type is the original’s, and never a directory; with every consent', (t) => {
  for (const recorded of [...TYPES, undefined])
    for (const found of TYPES) {
      const isGood = (recorded ?? 0o100000) === found && found !== 0o040000
      const original = withMode(recorded === undefined ? undefined : recorded | 0o644)
      for (const setting of [original, { ...original, accept: FORCE, found: THE_ONES }])
        t.equal(
          verdict({ mode: found | 0o644 }, setting),
          isGood ? 'removed' : 'kept type',
          `${found.toString(8)} for ${String(recorded?.toString(8))}`,
        )
    }
})

const [IMMUTABLE, APPEND, MOUNT_ROOT] = [0x10, 0x20, 0x2000]

test('mount points and immutable files, with every consent', (t) => {
  for (const accept of [new Set<Doubt>(), FORCE]) {
    t.equal(verdict({}, { accept, isMountpoint: () => true }), 'kept mountpoint')
    t.equal(verdict({ attributes: MOUNT_ROOT }, { accept }), 'kept mountpoint')
    t.equal(verdict({ attributes: IMMUTABLE }, { accept }), 'kept immutable')
    t.equal(verdict({ attributes: APPEND }, { accept }), 'kept immutable')
    t.equal(
      verdict({ attributes: 0x40 | 0x1000 }, { accept }),
      'removed',
      'other attributes mean nothing',
    )
  }
})

test('the last name of a file goes, unless --keep-last-link; consents play no part', (t) => {
  t.equal(verdict({ nlink: 1 }), 'removed')
  t.equal(verdict({ nlink: 1 }, { keepLastLink: true }), 'kept last-link')
  t.equal(verdict({ nlink: 2 }, { keepLastLink: true }), 'removed')
  t.equal(verdict({ nlink: 1, size: 6 }, { keepLastLink: true }), 'kept mismatch')
  t.equal(verdict({ nlink: 1, size: 6 }, { keepLastLink: true, accept: FORCE }), 'kept last-link')
})

test('a file that was made after the dump is a copy; one without a birth is not', (t) => {
  t.equal(verdict({ btime: AFTER }), 'kept newer')
  t.equal(verdict({ btime: AFTER }, { found: THE_ONES }), 'kept newer', 'even in the one')
  t.equal(verdict({ btime: WITHIN }), 'removed')
  t.equal(verdict({ btime: BEFORE }), 'removed')
  t.equal(verdict({ btime: at(0) }), 'removed', 'as mke2fs -d leaves it')
})

test('a restore that failed explains what it changed', (t) => {
  const from = at(WRITTEN.sec + 50)
  const restored = { ctime: at(WRITTEN.sec + 55) }
  const setting = { directory: restored }
  t.equal(verdict(restored, setting), 'kept newer')
  const restores = [{ from, to: at(WRITTEN.sec + 60) }]
  t.equal(verdict(restored, { ...setting, window: window({ restores }) }), 'removed')
})

test('a file system that others serve may remove its names two seconds late', (t) => {
  const late = { ctime: at(WRITTEN.sec + 1, 5) }
  t.equal(verdict(late, { directory: late }), 'kept newer')
  t.equal(verdict(late, { directory: late, remote: ['/rootfs'] }), 'removed')
})

test('what is seen of a link is in the doubt that keeps it', (t) => {
  const kernel = makeHost()
  kernel.file(LINK, { ...good, size: 6, ctime: at(WRITTEN.sec - 3, 7) })
  t.match(run(kernel, [inVar(6)]), [
    {
      verdict: 'kept',
      reason: 'mismatch',
      accept: 'mismatch',
      size: 6,
      nlink: 2,
      mode: stat().mode,
      ctime: WRITTEN.sec - 3,
    },
  ])
})

test('a name on which something is mounted elsewhere', (t) => {
  const asked: string[] = []
  const setting: Setting = {
    accept: FORCE,
    found: { '/rootfs': { device: '254:9', path: b('/base'), upper: undefined } },
    isMountpoint: (name, directory) => {
      asked.push(`${name} ${directory()?.device} ${directory()?.path}`)
      return true
    },
  }
  const kernel = makeHost()
  kernel.file('/rootfs/var/link_remap.6', good)
  t.strictSame(verdicts(run(kernel, [inVar(6)], setting)), ['kept mountpoint'])
  t.strictSame(asked, ['link_remap.6 254:9 /base/var'])
  const findAt = (path: string) => ({ device: '8:1', path: b(`/host${path}`) })
  const inHost = [remap(6, '/rootfs/var', { size: 5 })]
  run(kernel, inHost, { ...setting, tree: 'host', host: { findAt } })
  t.strictSame(asked[1], 'link_remap.6 8:1 /host/rootfs/var')
})

test('somebody was faster: gone, as sure as that can be', (t) => {
  for (const [found, expected] of [
    [{}, 'absent unproven'],
    [THE_ONES, 'absent'],
  ] as const) {
    const kernel = makeHost()
    kernel.file(LINK, good)
    kernel.before('unlinkat', () => {
      kernel.remove(LINK)
      return undefined
    })
    t.strictSame(verdicts(run(kernel, [inVar(6)], { found })), [expected])
  }
})

test('what was removed is remembered, and then its absence is proven', (t) => {
  const gone: string[] = []
  const acts = forgetful()
  acts.gone = (directory, name) => gone.push(`${directory.inoLow} ${name}`)
  acts.hasRemoved = (directory, name) => gone.includes(`${directory.inoLow} ${name}`)
  const kernel = makeHost()
  kernel.file(LINK, good)
  kernel.file('/rootfs/var/link_remap.8', { ...good, size: 6 })
  kernel.file('/rootfs/var/link_remap.12', good)
  kernel.before('unlinkat', (_fd, name) => (name === 'link_remap.12' ? -30 : undefined))
  const remaps = [inVar(6), inVar(8), inVar(10), inVar(12)]
  const first = run(kernel, remaps, { acts })
  t.strictSame(verdicts(first), ['removed', 'kept mismatch', 'absent unproven', 'failed EROFS'])
  t.equal(gone.length, 1)
  kernel.remove('/rootfs/var/link_remap.8')
  t.strictSame(verdicts(run(kernel, remaps.slice(0, 3), { acts })), [
    'absent',
    'absent unproven',
    'absent unproven',
  ])
  t.strictSame(
    verdicts(run(kernel, remaps.slice(0, 1), { acts, window: window({ spans: [LATER] }) })),
    ['absent'],
    'whatever became of the directory',
  )
})

test('where the directory says it, nobody has to remember', (t) => {
  const acts = forgetful()
  acts.hasRemoved = () => {
    throw new Error('asked')
  }
  t.strictSame(verdicts(run(makeHost(), [inVar(6)], { acts, found: THE_ONES })), ['absent'])
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
