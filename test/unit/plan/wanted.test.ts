import { Wanted } from '../../../src/plan/wanted.js'
import { test } from '../support/check.js'
import {
  at,
  b,
  BOOTED,
  checkpoint,
  hostMount,
  imageTimes,
  mount,
  namespace,
  remap,
  WRITTEN,
} from '../support/model.js'

const STARTED = at(BOOTED.sec + 1000)
const wanted = (): Wanted => new Wanted([hostMount('/')], { booted: BOOTED, started: STARTED })

const VOLUME = checkpoint({
  namespaces: [namespace(9, [mount(10, '/'), mount(14, '/data', { root: b('/vol') })])],
  remaps: [remap(6, '/data/sub', { mntId: 14 })],
})

test('by the place in its file system, wherever it is mounted', (t) => {
  const kept = wanted()
  kept.add('/k', VOLUME)
  const row = hostMount('/mnt', { root: b('/vol') })
  t.equal(kept.listing(row, b('/mnt/sub/link_remap.6')), '/k')
  t.equal(kept.listing(row, b('/mnt/sub/link_remap.8')), undefined, 'another name')
  t.equal(kept.listing(row, b('/mnt/link_remap.6')), undefined, 'another directory')
  const other = hostMount('/mnt', { root: b('/vol'), minor: 9 })
  t.equal(kept.listing(other, b('/mnt/sub/link_remap.6')), undefined, 'another disk')
})

test('numbers of devices from before this boot mean nothing: the name alone decides', (t) => {
  const kept = wanted()
  kept.add('/k', { ...VOLUME, times: imageTimes({ written: at(BOOTED.sec - 1) }) })
  t.equal(kept.listing(hostMount('/x', { minor: 9 }), b('/x/link_remap.6')), '/k')
})

test('without a disk they mean something while the container lives', (t) => {
  const overlay = checkpoint({
    namespaces: [namespace(9, [mount(10, '/', { major: 0, minor: 50, fstype: 'overlay' })])],
    remaps: [remap(6, '/', { mntId: 10 })],
  })
  const row = hostMount('/', { major: 0, minor: 61, fstype: 'overlay' })
  const since = wanted()
  since.add('/k', { ...overlay, times: imageTimes({ written: WRITTEN }) })
  t.equal(since.listing(row, b('/link_remap.6')), undefined, "another container's")
  t.equal(since.listing({ ...row, minor: 50 }, b('/link_remap.6')), '/k')
  const before = wanted()
  before.add('/k', { ...overlay, times: imageTimes({ written: at(STARTED.sec - 1) }) })
  t.equal(before.listing(row, b('/link_remap.6')), '/k', 'mounted again since, it may be')
})

test('of a host tree', (t) => {
  const kept = wanted()
  kept.add('/k', checkpoint({ tree: 'host', remaps: [remap(6, '/var')] }))
  t.equal(kept.listing(hostMount('/'), b('/var/link_remap.6')), '/k')
  t.equal(kept.listing(hostMount('/'), b('/srv/link_remap.6')), undefined)
})

test('a mount that is not recorded', (t) => {
  const kept = wanted()
  kept.add('/k', checkpoint({ remaps: [remap(6, '/var', { mntId: 10 })] }))
  t.equal(kept.listing(hostMount('/x'), b('/x/link_remap.6')), '/k')
})
