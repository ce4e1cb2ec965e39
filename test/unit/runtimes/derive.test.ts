// With directories of this machine; what is mounted is told.
import fs from 'node:fs'
import path from 'node:path'
import { fromText } from '../../../src/bytes.js'
import type { Checkpoint, ImageTimes, Mount } from '../../../src/checkpoint/model.js'
import type { GcError } from '../../../src/errors.js'
import { hostOf } from '../../../src/host/host.js'
import { TICKS } from '../../../src/host/processes.js'
import { hostView } from '../../../src/host/view.js'
import type { Container, RootPlace } from '../../../src/runtimes/container.js'
import { derive, processOfDump, type Typed } from '../../../src/runtimes/derive.js'
import { directoriesOf } from '../../../src/runtimes/directories.js'
import { lookAt } from '../../../src/runtimes/destination.js'
import { loadAddon } from '../../../src/sys/addon.js'
import { Sys } from '../../../src/sys/sys.js'
import { inRepo } from '../../rig/repo.js'
import { refuses, test, type Test } from '../support/check.js'
import { at, b, checkpoint, imageTimes, mount, namespace, remap } from '../support/model.js'

const sys = new Sys(loadAddon(inRepo('dist')))
const host = hostOf(sys, hostView())

const container = (rest: Partial<Container>): Container => ({
  runtime: 'runc',
  name: undefined,
  id: undefined,
  home: '/bundle',
  roots: [],
  mounts: [],
  process: undefined,
  images: [],
  workDir: undefined,
  ...rest,
})

const TYPED: Typed = { root: undefined, mapped: new Map(), gone: new Set() }

/** A mount of the dump as it would have recorded this directory. */
const recordedAt = (directory: string): Partial<Mount> => {
  const address = lookAt(sys, host, fromText(directory), (here) => here.address)
  const [major = 0, minor = 0] = (address?.device ?? '').split(':').map(Number)
  return { major, minor, root: address?.path }
}

const setUp = (t: Test) => {
  const top = fs.realpathSync(t.testdir({ root: {}, other: {}, data: {} }))
  const place = (name: string) => ({
    ...{ path: path.join(top, name), from: 'config.json', isMountpoint: false },
  })
  const dump = (rest: Partial<Mount>, more: Partial<Checkpoint> = {}): Checkpoint =>
    checkpoint({
      namespaces: [
        namespace(9, [
          mount(10, '/', recordedAt(path.join(top, 'root'))),
          mount(20, '/data', { external: { kind: 'mapped', key: b('/data') }, ...rest }),
        ]),
      ],
      remaps: [remap(5, '/app', { mntId: 10 }), remap(7, '/data', { mntId: 20 })],
      ...more,
    })
  const data = { source: path.join(top, 'data'), destination: '/data', from: 'config.json' }
  return { top, place, dump, data, recorded: recordedAt(path.join(top, 'data')) }
}

test('root and mounts, each with where it came from', (t) => {
  const { top, place, dump, data, recorded } = setUp(t)
  const told = container({ roots: [place('root')], mounts: [data] })
  const found = derive(sys, host, told, dump(recorded), TYPED)
  t.equal(found.root, path.join(top, 'root'))
  t.strictSame([...found.mapped], [['/data', path.join(top, 'data')]])
  t.match(found.derived, [
    { words: ['--root', path.join(top, 'root')], from: 'config.json' },
    { words: ['--external', `mnt[/data]:${path.join(top, 'data')}`], from: /^config.json, by its/ },
  ])
})

test('what is typed wins, and is not compared', (t) => {
  const { place, dump, data, top } = setUp(t)
  const told = container({ roots: [place('other')], mounts: [data] })
  const elsewhere = recordedAt(path.join(top, 'other'))
  const typed = { ...TYPED, root: '/typed', mapped: new Map([[b('/data'), b('/mine')]]) }
  t.match(derive(sys, host, told, dump(elsewhere), typed), {
    root: '/typed',
    mapped: typed.mapped,
    derived: [],
  })
  const gone = { ...TYPED, gone: new Set([b('/'), b('/data')]) }
  t.match(derive(sys, host, told, dump(elsewhere), gone), { root: undefined, derived: [] })
})

test('another root file system is refused, and another mount', (t) => {
  const { place, dump, data, recorded, top } = setUp(t)
  refuses(
    t,
    () => derive(sys, host, container({ roots: [place('other')] }), dump(recorded), TYPED),
    'refused',
    /other is not the root file system .*: it is on device .*other; the images say device .*root$/,
  )
  const elsewhere = recordedAt(path.join(top, 'other'))
  const told = container({ roots: [place('root')], mounts: [data] })
  refuses(
    t,
    () => derive(sys, host, told, dump(elsewhere), TYPED),
    'refused',
    /data is not what was mounted on \/data .*: it is on device .*data; the images say device .*other$/,
  )
})

test('a volume that is not there any more is told, unless the caller has said so', (t) => {
  const { place, dump, data, recorded, top } = setUp(t)
  const source = path.join(top, 'none')
  const told = container({ roots: [place('root')], mounts: [{ ...data, source }] })
  const lost = (typed: Typed): unknown => [...derive(sys, host, told, dump(recorded), typed).lost]
  t.strictSame(lost(TYPED), [['/data', source]])
  t.strictSame(lost({ ...TYPED, gone: new Set([b('/data')]) }), [])
  t.strictSame(lost({ ...TYPED, mapped: new Map([[b('/data'), b('/mine')]]) }), [])
  const there = container({ roots: [place('root')], mounts: [data] })
  t.strictSame([...derive(sys, host, there, dump(recorded), TYPED).lost], [])
})

test('an overlay that is not mounted is passed over', (t) => {
  const { place, dump, recorded, top } = setUp(t)
  const roots = [{ ...place('other'), isMountpoint: true }, place('none'), place('root')]
  const unmounted = container({ roots: [{ ...place('root'), isMountpoint: true }] })
  t.equal(derive(sys, host, unmounted, dump(recorded), TYPED).root, undefined)
  t.equal(
    derive(sys, host, container({ roots }), dump(recorded), TYPED).root,
    path.join(top, 'root'),
  )
})

test('a root that is nowhere is lost, unless it was a mount that may be made again', (t) => {
  const { place, dump, recorded, top } = setUp(t)
  const lostOf = (...roots: readonly RootPlace[]): string | undefined =>
    derive(sys, host, container({ roots }), dump(recorded), TYPED).lostRoot
  const merged = { ...place('merged'), isMountpoint: true }
  t.equal(lostOf(merged, place('none')), path.join(top, 'none'))
  t.equal(lostOf(merged), undefined, 'its runtime removes the directory with the mount')
  t.equal(lostOf({ ...place('root'), isMountpoint: true }, place('none')), undefined)
  t.equal(lostOf(), undefined)
})

test('where only a mount point is known, or nothing, the upper directory tells whether it is lost', (t) => {
  const { place, top } = setUp(t)
  const overlay = { fstype: 'overlay', major: 0, minor: 99, root: b('/') }
  const lostOf = (upper: string, roots: readonly RootPlace[] = []): string | undefined => {
    const rows = [mount(10, '/', { ...overlay, upper: fromText(upper) })]
    const dump = checkpoint({
      ...{ namespaces: [namespace(9, rows)], remaps: [remap(5, '/app', { mntId: 10 })] },
    })
    return derive(sys, host, container({ roots }), dump, TYPED).lostRoot
  }
  const none = path.join(top, 'none')
  t.equal(lostOf(none), none)
  t.equal(lostOf(none, [{ ...place('merged'), isMountpoint: true }]), none)
  t.equal(lostOf(path.join(top, 'root')), undefined, 'it is only not mounted')
  for (const upper of ['', 'none', `${top}/../none`]) t.equal(lostOf(upper), undefined, upper)
})

test('the upper directory of an overlay is its root; another one is not', (t) => {
  const { place, top } = setUp(t)
  const overlay = { fstype: 'overlay', major: 0, minor: 99, root: b('/') }
  const dump = (upper: string): Checkpoint =>
    checkpoint({
      namespaces: [namespace(9, [mount(10, '/', { ...overlay, upper: fromText(upper) })])],
      remaps: [remap(5, '/app', { mntId: 10 })],
    })
  const told = container({ roots: [place('root')] })
  t.equal(derive(sys, host, told, dump(path.join(top, 'root')), TYPED).root, path.join(top, 'root'))
  for (const upper of [
    path.join(top, 'other'),
    '',
    path.relative('.', path.join(top, 'root')),
    '/a/../b',
  ])
    refuses(
      t,
      () => derive(sys, host, told, dump(upper), TYPED),
      'refused',
      /upper directory/,
      upper,
    )
})

test('an overlay that is not mounted, where its mount point is all that is known', (t) => {
  const { place, top } = setUp(t)
  const overlay = { fstype: 'overlay', major: 0, minor: 99, root: b('/') }
  const nextOf = (upper: string): string | undefined => {
    const rows = [mount(10, '/', { ...overlay, upper: fromText(upper) })]
    const dump = checkpoint({
      ...{ namespaces: [namespace(9, rows)], remaps: [remap(5, '/app', { mntId: 10 })] },
    })
    try {
      derive(sys, host, container({ roots: [place('root')] }), dump, TYPED)
      return 'not refused'
    } catch (error) {
      return (error as GcError).next
    }
  }
  t.match(nextOf(path.join(top, 'other')), `add --root '${path.join(top, 'other')}'`)
  t.match(nextOf(path.join(top, 'none')), /; give the directory that it was with --root/)
  t.match(nextOf('/a/../b'), /; give the directory/)
})

test('the directories that a container writes to', (t) => {
  const { place, data, top } = setUp(t)
  fs.writeFileSync(path.join(top, 'file'), '')
  const at = (source: string, destination: string) => ({ ...data, source, destination })
  const told = container({
    roots: [
      { ...place('other'), isMountpoint: true },
      place('none'),
      place('root'),
      place('other'),
    ],
    mounts: [
      data,
      at(path.join(top, 'data'), '/again'),
      at(path.join(top, 'file'), '/file'),
      at(path.join(top, 'lost'), '/lost'),
      at(path.join(top, 'other'), '/proc/x'),
    ],
  })
  t.strictSame(directoriesOf(sys, host, told), [path.join(top, 'root'), path.join(top, 'data')])
})

test('a tree in the host’s own mount namespace has no root', (t) => {
  const { place } = setUp(t)
  const told = container({ roots: [place('root')] })
  t.match(derive(sys, host, told, checkpoint({ tree: 'host' }), TYPED), {
    root: undefined,
    derived: [],
  })
})

test('without images of mounts all that is configured may have links', (t) => {
  const { top, place, data } = setUp(t)
  const hosts = { ...data, destination: '/etc/hosts' }
  const told = container({ roots: [place('root')], mounts: [data, hosts] })
  const found = derive(sys, host, told, checkpoint({ complete: false }), TYPED)
  t.strictSame([...found.mapped], [['/data', path.join(top, 'data')]])
})

const CLOCKS = { realtime: at(2000), boottime: 1000, monotonic: 1000 }

const started = (seconds: number): Container =>
  container({
    process: { pid: 7, start: Math.floor((seconds - 1000) * TICKS), from: 'state.json' },
  })

test('one that was started again at once is told by the kernel’s clock in the images', (t) => {
  const moment = { sec: 500, nsec: 0 }
  const find = (seconds: number, rest: Partial<ImageTimes> = {}) => {
    const clock = { boottime: moment, monotonic: moment }
    const times = imageTimes({ clock, clockWritten: at(1500), ...rest })
    return processOfDump(started(seconds), checkpoint({ times }), at(1500, 30_000_000), CLOCKS)?.pid
  }
  t.equal(find(1499.9), 7)
  t.equal(find(1500.02), undefined, 'before the last image was written')
  t.equal(find(1500.06), undefined)
  t.equal(find(1500.02, { clockWritten: at(1499) }), 7, 'that of a time namespace')
  t.equal(find(1500.02, { clock: undefined }), 7)
})

test('a process is the dump’s where it ran before a whole one had ended', (t) => {
  const clocks = CLOCKS
  const find = (seconds: number, rest: Partial<Checkpoint> = {}) =>
    processOfDump(started(seconds), checkpoint({ times: imageTimes(), ...rest }), at(1500), clocks)
      ?.pid
  t.equal(find(1400), 7)
  t.equal(find(1500), 7)
  t.equal(find(1501), undefined, 'started again')
  t.equal(find(1501, { complete: false }), 7, 'then the images do not tell all')
  t.equal(find(1501, { directory: undefined }), 7)
  t.equal(processOfDump(container({}), checkpoint(), at(1500), clocks), undefined)
})
