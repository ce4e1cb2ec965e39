// Containers in which one directory is mounted more than once, or that CRIU finds to be on one of the
// machine's own mounts.
import { mkdirSync } from 'node:fs'
import * as h from '../holder.js'
import { mount, unmount } from '../namespace.js'
import { makeRootfs, makeTree } from '../rootfs.js'
import type { Scenario } from '../scenario.js'
import { at } from './held.js'

/** a folder of a volume that is a mount of the machine: on a disk of its own, as it were, or in a tree */
const autodetected = (name: string, about: string, ...mountVolume: string[]): Scenario => ({
  name,
  about,
  mounts: true,
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data'])
    const volume = makeTree(`${base}/volume`)
    mount(...mountVolume.map((word) => (word === 'VOLUME' ? volume : word)), volume)
    mkdirSync(`${volume}/sub`)
    return {
      instructions: h.container(
        root,
        [h.bind(`${volume}/sub`, '/data')],
        [h.hold('/data/old', '/data/kept', 10)],
      ),
      held: [at('/data', `${volume}/sub`, 'kept', 0o644, 10)],
      dumpExternal: ['mnt[]'],
      root,
      external: ['mnt[]'],
      trees: [root, volume],
      cleanup: () => unmount(volume),
    }
  },
})

export const found = [
  autodetected('found-on-tmpfs', 'a tmpfs', '-t', 'tmpfs', '-o', 'size=1m', 'volume'),
  autodetected('found-on-bind', 'a bind of a folder', '--bind', 'VOLUME'),
]

export const mountedTwice: Scenario = {
  name: 'mounted-twice',
  about: 'a volume on two places, and a folder of the rootfs in two namespaces',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data', 'data2'])
    const volume = makeTree(`${base}/volume`)
    const places = ['/data', '/data2']
    return {
      instructions: h.container(
        root,
        places.map((place) => h.bind(volume, place)),
        [
          ...places.map((place, i) => h.hold(`${place}/old-${i}`, `${place}/kept-${i}`, 10)),
          h.hold('/app/old', '/app/kept', 10),
          h.nested([], [h.hold('/app/inner-old', '/app/inner-kept', 10)]),
        ],
      ),
      held: [
        ...places.map((place, i) => at(place, volume, `kept-${i}`, 0o644, 10)),
        at('/app', `${root}/app`, 'kept', 0o644, 10),
        at('/app', `${root}/app`, 'inner-kept', 0o644, 10),
      ],
      dumpExternal: places.map((place) => `mnt[${place}]:${place}`),
      root,
      external: places.map((place) => `mnt[${place}]:${volume}`),
      trees: [root, volume],
    }
  },
}
