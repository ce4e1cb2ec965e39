import fs from 'node:fs'
import { SCOPES } from '../../src/prepare-left.js'
import { parseExternals } from '../../src/plan/external.js'
import { run, type RunOptions } from '../../src/gc.js'
import type { Report } from '../../src/report/report.js'
import { Sys } from '../../src/sys/sys.js'
import { dumpImages, image, writeImages, type DumpSpec } from '../encode/images.js'
import { encode, inventory, remap } from '../encode/messages.js'
import type { Doubt } from '../../src/proof/doubts.js'
import { refuses, test, type Test } from './support/check.js'
import { FORCE, NO_CONSENT } from './support/model.js'
import { FakeAddon } from './sys/fake-addon.js'
import { FakeKernel } from './sys/fake-kernel.js'

const OPTIONS: RunOptions = {
  command: 'clean',
  imagesDir: '/images',
  workDir: undefined,
  dumpLog: undefined,
  restoreLog: undefined,
  root: undefined,
  externals: parseExternals([]),
  only: new Set(SCOPES),
  netns: [],
  gone: new Set(),
  mounts: 'remaps',
  maxRemaps: undefined,
  accept: NO_CONSENT,
  pid: undefined,
  since: undefined,
  keep: [],
  keepLastLink: false,
  onLocked: () => undefined,
  onProgress: () => undefined,
}
/** Nothing can be made there. */
const NO_FOLDER = '/proc/criu-gc'

/** Whatever is opened is not there: these runs end before any of it matters. */
const runIn = (
  imagesDir: string,
  rest: Partial<RunOptions> = {},
  addon = new FakeAddon(),
): { addon: FakeAddon; run: () => Report } => {
  addon.on('openat', () => -2)
  addon.on('readlinkat', () => -2)
  return {
    addon,
    run: () => run(new Sys(addon), { ...OPTIONS, imagesDir, ...rest }, NO_FOLDER),
  }
}

const dump = (t: Test, spec: DumpSpec): string => {
  const dir = t.testdir({})
  writeImages(dir, dumpImages(spec))
  return dir
}

/** What would change anything, for this process or for anybody. */
const changes = (addon: FakeAddon): string[] =>
  addon.order(
    'unshare',
    'setns',
    'mount',
    'move_mount',
    'unlinkat',
    'mkdirat',
    'setresuid',
    'seccomp',
  )

test('nothing to do: nothing is touched, no namespace made, no privilege needed', (t) => {
  const preDump = t.testdir({ 'inventory.img': image('inventory', [encode({ 1: 0, 9: 1 })]) })
  const first = runIn(preDump)
  t.hasStrict(first.run(), { command: 'clean', remaps: [], mounts: [] })
  t.strictSame(changes(first.addon), [])
  const second = runIn(dump(t, { remaps: [remap(30, 1, 1)] }), { command: 'show' })
  const report = second.run()
  t.equal(report.command, 'show')
  t.equal(report.checkpoint.counts.ghost, 1)
  t.strictSame(changes(second.addon), [])
})

test('the images are locked before they are read', (t) => {
  const addon = new FakeAddon().on('flock', () => -5)
  const { run: act } = runIn(dump(t, {}), {}, addon)
  refuses(t, act, 'bad-images', /cannot be locked/)
  t.strictSame(addon.order('flock'), ['flock'])
  t.strictSame(changes(addon), [])
})

test('a root that is none ends the run before anything is touched', (t) => {
  const spec: DumpSpec = { links: [{ id: 6, link: '/var/link_remap.6' }] }
  const { addon, run: act } = runIn(dump(t, spec), { root: '/nowhere' })
  refuses(t, act, 'usage', /--root \/nowhere cannot be opened/)
  t.strictSame(changes(addon), [])
})

test('bad images end the run before anything is touched', (t) => {
  const dir = dump(t, {})
  fs.writeFileSync(`${dir}/files.img`, 'not an image')
  const { addon, run: act } = runIn(dir)
  refuses(t, act, 'bad-images', /not a CRIU files image/)
  t.strictSame(changes(addon), [])
})

test('options that contradict the images end the run before anything is touched', (t) => {
  const spec: DumpSpec = { links: [{ id: 6, link: '/var/link_remap.6' }] }
  const addon = new FakeAddon()
  const { run: act } = runIn(dump(t, spec), { root: '/rootfs' }, addon)
  addon.on('openat', (_fd, path) => (path === '/rootfs' || path === '/' ? undefined : -2))
  let asked = 0
  addon.on('statx', () => addon.answerStat({ mode: 0o040755, inoLow: ++asked }))
  refuses(t, act, 'refused', /--root plays no part/)
  t.strictSame(changes(addon), [])
})

/** The images are in a real directory, which the kernel of the tests has not. */
const withImages = <T extends FakeAddon>(addon: T): T => {
  let images: unknown
  addon.on('flock', (fd) => {
    images = fd
    addon.open.set(fd as number, { name: 'openat', args: [] })
    return 0
  })
  addon.before('statx', (fd) => (fd === images ? addon.answerStat({ inoLow: 4242 }) : undefined))
  return addon
}

/** A host with a rootfs in which a link is left, and nobody else's processes. */
const hostWithLink = (): FakeKernel => {
  const kernel = withImages(new FakeKernel())
  // As new as the images, which this test writes.
  const milliseconds = Date.now()
  const now = { sec: Math.floor(milliseconds / 1000), nsec: (milliseconds % 1000) * 1e6 + 1 }
  kernel.directory('/rootfs/var', { ctime: now })
  kernel.file('/rootfs/var/link_remap.6', { nlink: 2, size: 5, ctime: now })
  kernel.before('readlinkat', (_fd, path) => (String(path).endsWith('/ns/mnt') ? -13 : undefined))
  return kernel
}

const LEFT: DumpSpec = {
  links: [
    { id: 6, link: '/var/link_remap.6', mntId: 43, size: 5 },
    { id: 8, link: '/var/link_remap.8', mntId: 43 },
  ],
  namespaces: new Map([[9, [{ mntId: 43, parent: 42, mountpoint: '/', source: '/dev/vda' }]]]),
}

const runOn = (
  t: Test,
  kernel: FakeKernel,
  rest: Partial<RunOptions>,
  spec: DumpSpec = LEFT,
  folder = NO_FOLDER,
): Report =>
  run(new Sys(kernel), { ...OPTIONS, imagesDir: dump(t, spec), root: '/rootfs', ...rest }, folder)

const verdicts = ({ remaps }: Report): string[] => remaps.map(({ outcome }) => outcome.verdict)

test('clean removes, show does not', (t) => {
  const shown = hostWithLink()
  t.strictSame(verdicts(runOn(t, shown, { command: 'show' })), ['would-remove', 'absent'])
  t.strictSame(shown.of('unlinkat'), [])
  const cleaned = hostWithLink()
  t.strictSame(verdicts(runOn(t, cleaned, { command: 'clean' })), ['removed', 'absent'])
  t.strictSame(cleaned.files(), [])
})

test('the report has what was constructed, and the remaps in the order of the images', (t) => {
  const report = runOn(t, hostWithLink(), {})
  t.strictSame(
    report.mounts.map(({ attachment: { mount, provider }, state }) => [
      mount.mntId,
      provider.kind,
      state,
    ]),
    [[43, 'root', 'attached']],
  )
  t.strictSame(
    report.remaps.map(({ planned }) => planned.remap.remapId),
    [6, 8],
  )
})

test('privileges are dropped after the last mount and before the first look at a container', (t) => {
  const kernel = hostWithLink()
  runOn(t, kernel, {})
  const at = (name: string, from = 0): number =>
    kernel.calls.findIndex((call, index) => index >= from && call.name === name)
  const dropped = at('seccomp')
  t.ok(dropped > kernel.calls.findLastIndex(({ name }) => name === 'move_mount'))
  t.ok(dropped > kernel.calls.findLastIndex(({ name }) => name === 'unshare'))
  const look = kernel.calls.findIndex(({ name, args }) => name === 'openat2' && args[1] === 'var')
  t.ok(look > dropped)
  t.ok(at('unlinkat') > look)
})

test('a host tree needs no namespace, and is looked at under / without privileges', (t) => {
  const kernel = hostWithLink()
  const spec: DumpSpec = { links: [{ id: 6, link: '/rootfs/var/link_remap.6', size: 5 }] }
  t.strictSame(verdicts(runOn(t, kernel, { root: undefined }, spec)), ['removed'])
  t.strictSame(kernel.of('unshare'), [])
  const order = kernel.order('seccomp', 'openat2', 'unlinkat')
  t.equal(order[0], 'seccomp')
})

test('all mounts are constructed where that is asked for, also without remaps', (t) => {
  const report = runOn(t, hostWithLink(), { mounts: 'all' }, { namespaces: LEFT.namespaces! })
  t.strictSame(report.remaps, [])
  t.equal(report.mounts.length, 1)
})

test('progress is told with its end', (t) => {
  const links = Array.from({ length: 300 }, (_, index) => ({
    id: 10 + 2 * index,
    link: `/var/link_remap.${10 + 2 * index}`,
    mntId: 43,
  }))
  const told: string[] = []
  const onProgress = (done: number, total: number): void => {
    told.push(`${done}/${total}`)
  }
  runOn(t, hostWithLink(), { onProgress }, { ...LEFT, links })
  t.strictSame(told, ['256/300'])
})

test('when the dump was is told by the images; each doubt is asked for its consent', (t) => {
  const kernel = hostWithLink()
  const old = { sec: 1_000_000_000, nsec: 1 }
  kernel.directory('/rootfs/var', { ctime: old })
  kernel.file('/rootfs/var/link_remap.6', { nlink: 2, size: 5, ctime: old })
  const report = runOn(t, kernel, {})
  t.match(report.remaps[0]?.outcome, { verdict: 'kept', reason: 'older', accept: 'older' })
  t.strictSame(verdicts(report), ['kept', 'kept'])
  const some = new Set<Doubt>(['newer', 'mismatch', 'elsewhere', 'gone', 'unseen'])
  kernel.newProcess()
  t.strictSame(verdicts(runOn(t, kernel, { accept: some })), ['kept', 'absent'])
  kernel.newProcess()
  t.strictSame(verdicts(runOn(t, kernel, { accept: FORCE })), ['removed', 'absent'])
})

test('what was removed is remembered for the next run, by clean alone', (t) => {
  if (process.getuid?.() !== 0) {
    t.pass('only what is root’s is believed', { skip: 'needs root' })
    return
  }
  const folder = `${t.testdir({})}/acts`
  const images = `${t.testdirName}/images`
  writeImages(images, dumpImages(LEFT))
  const kernel = hostWithLink()
  const again = (command: 'show' | 'clean'): Report => {
    kernel.newProcess()
    const options: RunOptions = { ...OPTIONS, command, root: '/rootfs', imagesDir: images }
    return run(new Sys(kernel), options, folder)
  }
  t.strictSame(verdicts(again('show')), ['would-remove', 'absent'])
  t.equal(fs.existsSync(folder), false)
  t.strictSame(verdicts(again('clean')), ['removed', 'absent'])
  t.strictSame(fs.readdirSync(folder), [inodeName(images)], 'in a file of these images')
  const next = again('show').remaps.map(({ outcome }) => outcome)
  t.strictSame(next[0], { verdict: 'absent' })
  t.match(next[1], { verdict: 'absent', proven: false })
})

/** Of the directory, which a wrong name of a run is replaced by. */
const inodeName = (directory: string): string => {
  const { dev, ino } = fs.statSync(directory)
  return `${dev}-${ino}`
}

test('the file of what is remembered has the name of the run of CRIU, where that is one', (t) => {
  if (process.getuid?.() !== 0) {
    t.pass('only what is root’s is believed', { skip: 'needs root' })
    return
  }
  const images = dumpImages(LEFT)
  const folder = `${t.testdir({})}/acts`
  const imagesDir = `${t.testdirName}/images`
  const uuid = '03509ad0-ed8b-454c-8956-0dad2d29913c'
  const others = ['', '../x', '..', '.', 'a/b', 'a\0b', 'x'.repeat(65), 'é']
  for (const runId of [uuid, ...others]) {
    const entry = Buffer.concat([inventory(), encode({ 13: Buffer.from(runId) })])
    writeImages(imagesDir, new Map([...images, ['inventory.img', image('inventory', [entry])]]))
    run(new Sys(hostWithLink()), { ...OPTIONS, root: '/rootfs', imagesDir }, folder)
  }
  t.strictSame(fs.readdirSync(folder).sort(), [uuid, inodeName(imagesDir)].sort())
  t.strictSame(fs.readdirSync(t.testdirName).sort(), ['acts', 'images'])
})

test('a file system that died was looked for before anything was constructed', (t) => {
  const spec: DumpSpec = {
    links: [{ id: 6, link: '/dev/shm/link_remap.6', mntId: 44 }],
    namespaces: new Map([
      [
        9,
        [
          { mntId: 43, parent: 42, mountpoint: '/', source: '/dev/vda' },
          { mntId: 44, parent: 43, mountpoint: '/dev/shm', source: 'shm', fstype: 5 },
        ],
      ],
    ]),
  }
  const report = runOn(t, hostWithLink(), {}, spec)
  t.strictSame(verdicts(report), ['vanished'])
})

test('a log file is opened when the images are locked, and not before', (t) => {
  const images = dump(t, {})
  const heard: string[] = []
  const addon = new FakeAddon()
  addon.on('flock', () => void heard.push('lock'))
  const locked = runIn(images, { onLocked: () => heard.push('log') }, addon)
  locked.run()
  t.strictSame(heard, ['lock', 'log'])
  const EACCES = -13
  addon.on('flock', () => EACCES)
  refuses(t, locked.run, 'bad-images', /cannot be locked/)
  t.strictSame(heard, ['lock', 'log'])
})
