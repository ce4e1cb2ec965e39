import { isProvenMount, mountpointTest } from '../../../src/host/evidence.js'
import type { HostMount } from '../../../src/host/mountinfo.js'
import type { ConstructedMount } from '../../../src/namespaces/construct.js'
import type { Mount } from '../../../src/checkpoint/model.js'
import type { Provider } from '../../../src/plan/model.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import { b, hostMount, mount, stat } from '../support/model.js'
import { FakeAddon } from '../sys/fake-addon.js'

const NAME = b('link_remap.6')
const at =
  (device: string, path = '/var') =>
  () => ({ device, path: b(path) })
const DISK = at('254:0')

/** A mount on a link in a directory of the disk 254:0. */
const on = (name: string, device: Partial<HostMount> = {}) => ({
  mounts: [
    hostMount('/', { mntId: 1, parentId: 0, ...device }),
    hostMount(`/var/${name}`, { mntId: 2, parentId: 1, major: 0, minor: 99 }),
  ],
})

test('nothing is mounted on a link', (t) => {
  const is = mountpointTest([{ mounts: [hostMount('/'), hostMount('/var')] }])
  t.equal(is(NAME, DISK), false)
})

test('something is, here or in another namespace', (t) => {
  for (const tables of [[on('link_remap.6')], [{ mounts: [hostMount('/')] }, on('link_remap.6')]])
    t.equal(mountpointTest(tables)(NAME, DISK), true)
})

test('another name, or the same on another device', (t) => {
  t.equal(mountpointTest([on('link_remap.7')])(NAME, DISK), false)
  t.equal(mountpointTest([on('link_remap.66')])(NAME, DISK), false)
  t.equal(mountpointTest([on('link_remap.6', { minor: 1 })])(NAME, DISK), false)
  t.equal(mountpointTest([on('link_remap.6', { major: 8 })])(NAME, DISK), false)
  t.equal(
    mountpointTest([on('link_remap.6', { minor: 1 }), on('link_remap.6')])(NAME, DISK),
    true,
    'one of several is enough',
  )
})

test('a place is one of a file system, wherever that is mounted', (t) => {
  const bind = (root: string) => ({
    mounts: [
      hostMount('/', { mntId: 1, parentId: 0 }),
      hostMount('/srv', { mntId: 2, parentId: 1, root: b(root) }),
      hostMount('/srv/link_remap.6', { mntId: 3, parentId: 2, major: 0, minor: 99 }),
    ],
  })
  t.equal(mountpointTest([bind('/var')])(NAME, DISK), true)
  t.equal(mountpointTest([bind('/other')])(NAME, DISK), false)
  t.equal(mountpointTest([on('link_remap.6')])(NAME, at('254:0', '/')), false)
})

test('a directory whose address is not known: by its name', (t) => {
  t.equal(
    mountpointTest([on('link_remap.6')])(NAME, () => undefined),
    true,
  )
})

test('a mount whose parent cannot be seen: by its name', (t) => {
  const orphan = { mounts: [hostMount('/link_remap.6', { mntId: 2, parentId: 77 })] }
  t.equal(mountpointTest([orphan])(NAME, at('1:1')), true)
})

interface Setting {
  readonly provider?: Provider
  readonly mount?: Partial<Mount>
  readonly rows?: readonly HostMount[]
  /** What the kernel calls the provider's directory. */
  readonly path?: string
}

const proven = (setting: Setting): boolean => {
  const addon = new FakeAddon()
  addon.link = Buffer.from(setting.path ?? '/srv/vol')
  const provider = setting.provider ?? {
    kind: 'external',
    key: b('k'),
    path: b('/srv/vol'),
    sub: b('/'),
  }
  const constructed: ConstructedMount = {
    attachment: {
      mount: mount(14, '/data', { root: b('/vol'), ...setting.mount }),
      parentId: 10,
      provider,
    },
    nsId: 9,
    fd: 5,
    aside: 5,
    asideId: 1,
    stat: stat(),
    remote: false,
    contents: 'provider',
    state: 'attached',
    problem: undefined,
    next: undefined,
    loss: undefined,
  }
  const mounts = setting.rows ?? [hostMount('/', { minor: 9 }), hostMount('/srv')]
  const result = isProvenMount(new Sys(addon), constructed, mounts)
  if (addon.open.size !== 0) throw new Error('a descriptor is left open')
  return result
}

test('the same disk and the same place in it', (t) => {
  t.equal(proven({}), true)
  t.equal(proven({ mount: { root: b('/other') } }), false)
  t.equal(proven({ mount: { minor: 1 } }), false)
  t.equal(proven({ mount: { major: 8 } }), false)
})

test('a file system without a device, or an unknown place, proves nothing', (t) => {
  const rows = [hostMount('/', { major: 0 })]
  t.equal(proven({ mount: { major: 0, root: b('/srv/vol') }, rows }), false)
  t.equal(proven({ mount: { root: undefined } }), false)
  t.equal(proven({ provider: { kind: 'stand-in' } }), false)
})

test('the root of the row and the part below count', (t) => {
  const rows = [hostMount('/'), hostMount('/srv', { root: b('/exports') })]
  t.equal(proven({ rows, mount: { root: b('/exports/vol') } }), true)
  t.equal(proven({ rows, mount: { root: b('/vol') } }), false)
  const below: Provider = { kind: 'root', path: b('/srv'), sub: b('/vol') }
  t.equal(proven({ provider: below, path: '/srv' }), true)
})

test('the row is that of the path itself: the deepest, and of those the uppermost', (t) => {
  const other = { minor: 9 }
  const path = [hostMount('/', other), hostMount('/srv'), hostMount('/srv/vol', other)]
  t.equal(proven({ rows: path }), false, 'a mount on the very directory')
  t.equal(proven({ rows: [hostMount('/srv'), hostMount('/srv', other)] }), false, 'stacked over it')
  t.equal(proven({ rows: [hostMount('/srv', other), hostMount('/srv')] }), true)
  t.equal(proven({ rows: [hostMount('/', other), hostMount('/sr')] }), false, 'a longer name')
})

test('a directory that cannot be opened or named proves nothing', (t) => {
  const run = (script: (addon: FakeAddon) => void): boolean => {
    const addon = new FakeAddon()
    addon.link = Buffer.from('/srv/vol')
    script(addon)
    const constructed = {
      attachment: {
        mount: mount(14, '/data', { root: b('/srv/vol') }),
        parentId: 10,
        provider: { kind: 'root', path: b('/srv/vol'), sub: b('/') },
      },
    } as unknown as ConstructedMount
    return isProvenMount(new Sys(addon), constructed, [hostMount('/')])
  }
  t.equal(
    run(() => undefined),
    true,
  )
  t.equal(
    run((addon) => addon.on('openat', () => -2)),
    false,
  )
  t.equal(
    run((addon) => addon.on('readlinkat', () => -13)),
    false,
  )
})
