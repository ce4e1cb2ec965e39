import fs from 'node:fs'
import { parseExternals } from '../../src/plan/external.js'
import { run, type RunOptions } from '../../src/gc.js'
import type { Report } from '../../src/report/model.js'
import { Sys } from '../../src/sys/sys.js'
import { dumpImages, image, writeImages, type DumpSpec } from '../encode/images.js'
import { encode, remap } from '../encode/messages.js'
import { refuses, test, type Test } from './support/check.js'
import { NO_CONSENT } from './support/model.js'
import { FakeAddon } from './sys/fake-addon.js'
import { FakeKernel } from './sys/fake-kernel.js'

const REST = {
  workDir: undefined,
  dumpLog: undefined,
  restoreLog: undefined,
  gone: new Set<never>(),
  accept: NO_CONSENT,
} as const

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
    run: () =>
      run(new Sys(addon), {
        command: 'clean',
        imagesDir,
        root: undefined,
        externals: parseExternals([]),
        mounts: 'remaps',
        ...REST,
        keepLastLink: false,
        onProgress: () => undefined,
        ...rest,
      }),
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

/** A host with a rootfs in which a link is left, and nobody else's processes. */
const hostWithLink = (): FakeKernel => {
  const kernel = new FakeKernel()
  // As new as the images, which this test writes.
  const now = { sec: Math.floor(Date.now() / 1000), nsec: 1 }
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
): Report =>
  run(new Sys(kernel), {
    command: 'clean',
    imagesDir: dump(t, spec),
    root: '/rootfs',
    externals: parseExternals([]),
    mounts: 'remaps',
    ...REST,
    keepLastLink: false,
    onProgress: () => undefined,
    ...rest,
  })

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
