// The shapes of dumps over which the batteries go: each attaches something that the others do not.
import { ROOT_MOUNT } from '../rig/hand-made.js'
import { mount } from '../rig/namespace.js'
import { DEVICE, Scene } from './scene.js'

const NESTED_NS = 10
const NESTED_ROOT = 60
const TMPFS = 5

export interface Named {
  readonly name: string
  readonly make: () => Scene
}

const scene = (name: string, fill: (scene: Scene) => void): Named => ({
  name,
  make: () => {
    const made = new Scene()
    fill(made)
    return made.dump()
  },
})

/** paths of the machine: there is nothing to construct, and giving up privileges is what comes first */
const hostLinks = (s: Scene, dir: string, ...ids: number[]): void => {
  s.mark = 'chdir'
  for (const id of ids) s.linkAt(dir, s.dir(dir), id)
  s.decoys(dir)
}

const rootLinks = (s: Scene, dir: string, ...ids: number[]): void => {
  for (const id of ids) s.link(dir, id)
  s.decoys(`rootfs/${dir}`)
}

/** an external mount on /`at` with links in it; `at` is made in the rootfs */
const volume = (s: Scene, at: string, mntId: number, device: object, ...ids: number[]): void => {
  s.dir('rootfs', at)
  const key = `key of ${at}`
  s.external(key, `volume/${at}`)
  s.rows.push({
    mntId,
    parent: ROOT_MOUNT,
    mountpoint: `/${at}`,
    root: '/volume',
    extKey: key,
    ...device,
  })
  for (const id of ids) s.linkAt(`volume/${at}`, `/${at}`, id, mntId)
  s.decoys(`volume/${at}`)
}

const readOnly = (s: Scene, dir: string): void => {
  const path = s.dir(dir)
  s.mount('--bind', path, path)
  mount('-o', 'remount,bind,ro', path)
}

export const tenOnThreeMounts = scene('10 remaps on 3 mounts', (s) => {
  s.withRoot()
  rootLinks(s, 'app', 4, 6)
  rootLinks(s, 'lib', 8, 10)
  volume(s, 'data', 51, DEVICE.first, 12, 14, 16)
  volume(s, 'logs', 52, DEVICE.second, 18, 20, 22)
})

/** No descriptor has a number of two digits in the shell that holds them. */
export const heldByATree = scene('held by a living tree, without images', (s) => {
  const dirs = ['app', 'var/deep']
  // Of no file that is held: which of two names is the dump's cannot be told.
  for (const dir of dirs) s.decoys(dir)
  for (const id of [4, 6, 8, 10, 12, 14])
    s.file(s.dir(dirs[id % 4 === 0 ? 0 : 1] ?? ''), `link_remap.${id}`)
  s.holdAll()
})

/** Names that no release gives would be reported as well, and kept. */
export const belowDirectories = scene('found below directories', (s) => {
  const [first, second] = [s.dir('app'), s.dir('var/deep')]
  for (const id of [4, 6, 8]) s.linkAt('app', first, id)
  for (const id of [10, 12, 14]) s.linkAt('var/deep', second, id)
  s.scanBelow(first, s.dir('var'))
})

export const SCENES: readonly Named[] = [
  heldByATree,
  scene('host tree, 1 link', (s) => hostLinks(s, 'app', 4)),
  scene('host tree, 10 links in 3 directories', (s) => {
    hostLinks(s, 'app', 4, 6, 8, 10)
    hostLinks(s, 'app/deeper', 12, 14, 16)
    hostLinks(s, 'var', 18, 20, 22)
  }),
  scene('one namespace', (s) => {
    s.withRoot()
    rootLinks(s, 'app', 4, 6)
  }),
  scene('nested namespaces', (s) => {
    s.withRoot()
    rootLinks(s, 'app', 4)
    s.withRoot(NESTED_NS, NESTED_ROOT)
    s.linkAt('rootfs/inner', '/inner', 6, NESTED_ROOT)
  }),
  scene('an external volume', (s) => {
    s.withRoot()
    volume(s, 'data', 51, DEVICE.first, 4, 6)
  }),
  scene('a bind of an external', (s) => {
    s.withRoot()
    volume(s, 'data', 51, DEVICE.first, 4)
    s.dir('rootfs/bind')
    const bind = { mntId: 52, parent: ROOT_MOUNT, mountpoint: '/bind', root: '/volume/inner' }
    s.rows.push({ ...bind, ...DEVICE.first })
    s.linkAt('volume/data/inner', '/bind', 6, 52)
  }),
  scene('a bind of the root in another namespace', (s) => {
    s.withRoot()
    rootLinks(s, 'app', 4)
    s.dir('rootfs/sub/mnt')
    const root = { mntId: NESTED_ROOT, parent: 1, mountpoint: '/', root: '/c/sub' }
    const bind = { mntId: 61, parent: NESTED_ROOT, mountpoint: '/mnt', root: '/c/app/deep' }
    s.namespaces.set(NESTED_NS, [
      { ...root, ...DEVICE.root },
      { ...bind, ...DEVICE.root },
    ])
    s.linkAt('rootfs/app/deep', '/mnt', 6, 61)
  }),
  scene('an external below a tmpfs that died', (s) => {
    s.withRoot()
    s.dir('rootfs/run')
    s.external('vol', 'volume')
    const tmpfs = { mntId: 51, parent: ROOT_MOUNT, mountpoint: '/run', fstype: TMPFS, minor: 40 }
    const vol = { mntId: 52, parent: 51, mountpoint: '/run/a/vol', root: '/v', extKey: 'vol' }
    s.rows.push({ ...tmpfs, major: 0 }, { ...vol, ...DEVICE.first })
    s.linkAt('volume', '/run/a/vol', 4, 52)
    s.decoys('volume')
  }),
  scene('two externals', (s) => {
    s.withRoot()
    volume(s, 'data', 51, DEVICE.first, 4)
    volume(s, 'logs', 52, DEVICE.second, 6)
  }),
  tenOnThreeMounts,
  scene('--mounts all, 20 mounts', (s) => {
    s.withRoot()
    s.options.push('--mounts', 'all')
    rootLinks(s, 'app', 4)
    for (let id = 100; id < 119; id++) {
      s.dir(`rootfs/m/${id}`)
      s.external(`m${id}`, `volumes/${id}`)
      const place = { mntId: id, parent: ROOT_MOUNT, mountpoint: `/m/${id}`, root: `/${id}` }
      s.rows.push({ ...place, extKey: `m${id}`, ...DEVICE.first })
      if (id % 6 === 0) s.linkAt(`volumes/${id}`, `/m/${id}`, id * 10, id)
    }
  }),
  scene('everything is gone already', (s) => {
    // by whom is not known, and neither is that it was there
    s.code = 4
    s.withRoot()
    rootLinks(s, 'app')
    for (const id of [4, 6, 8]) s.remap(id, `/app/link_remap.${id}`)
  }),
  scene('a volume that may not be written to', (s) => {
    s.code = 3
    s.withRoot()
    rootLinks(s, 'app', 4)
    volume(s, 'data', 51, DEVICE.first)
    s.stuck.add(s.linkAt('volume/data', '/data', 6, 51))
    readOnly(s, 'volume/data')
  }),
  scene('two links of one file', (s) => {
    s.withRoot()
    rootLinks(s, 'app', 4)
    s.alias('app', 6, 4)
    s.ambiguous = true
  }),
]
