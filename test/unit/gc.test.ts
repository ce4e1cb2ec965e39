import fs from 'node:fs'
import { run, type RunOptions } from '../../src/gc.js'
import type { Report } from '../../src/report/model.js'
import { Sys } from '../../src/sys/sys.js'
import { dumpImages, image, writeImages, type DumpSpec } from '../encode/images.js'
import { encode, remap } from '../encode/messages.js'
import { refuses, test, type Test } from './support/check.js'
import { FakeAddon } from './sys/fake-addon.js'

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
        externals: [],
        mounts: 'remaps',
        force: false,
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
