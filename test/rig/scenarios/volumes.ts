// Containers with external volumes.
import * as h from '../holder.js'
import { chownAll, makeRootfs, makeTree } from '../rootfs.js'
import type { Scenario } from '../scenario.js'
import { at, lost } from './held.js'

export const containerWithVolume: Scenario = {
  name: 'container',
  about: 'the usual container: root file system, an external volume and a tmpfs',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data', 'tmp'])
    const volume = makeTree(`${base}/volume`, ['sub'])
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data'), h.tmpfs('/tmp')],
        [
          h.hold('/app/old', '/app/kept', 10),
          h.hold('/data/old', '/data/kept', 20, 0o600),
          h.hold('/data/sub/old', '/data/sub/kept', 30),
          h.hold('/tmp/old', '/tmp/kept', 40),
        ],
      ),
      held: [
        at('/app', `${root}/app`, 'kept', 0o644, 10),
        at('/data', volume, 'kept', 0o600, 20),
        at('/data/sub', `${volume}/sub`, 'kept', 0o644, 30),
        lost('/tmp', 0o644, 40),
      ],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [root, volume],
    }
  },
}

export const externalVolume: Scenario = {
  name: 'external-volume',
  about: 'all links in an external volume, whose key is not a path; --root holds none',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['srv/data'])
    const volume = makeTree(`${base}/volume`, ['sub'])
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/srv/data')],
        [
          h.hold('/srv/data/old', '/srv/data/kept', 20, 0o600),
          h.hold('/srv/data/sub/old', '/srv/data/sub/kept', 30),
        ],
      ),
      held: [
        at('/srv/data', volume, 'kept', 0o600, 20),
        at('/srv/data/sub', `${volume}/sub`, 'kept', 0o644, 30),
      ],
      dumpExternal: ['mnt[/srv/data]:my volume'],
      root,
      external: [`mnt[my volume]:${volume}`],
      trees: [root, volume],
    }
  },
}

export const bindOfExternal: Scenario = {
  name: 'bind-of-external',
  about: 'a folder of the external volume bound elsewhere: that mount has no key of its own',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data', 'elsewhere'])
    const volume = makeTree(`${base}/volume`, ['sub/deep'])
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data'), h.bind(`${volume}/sub`, '/elsewhere')],
        [
          h.hold('/elsewhere/old', '/elsewhere/kept', 20),
          h.hold('/elsewhere/deep/old', '/elsewhere/deep/kept', 30),
        ],
      ),
      held: [
        at('/elsewhere', `${volume}/sub`, 'kept', 0o644, 20),
        at('/elsewhere/deep', `${volume}/sub/deep`, 'kept', 0o644, 30),
      ],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [root, volume],
    }
  },
}

export const userns: Scenario = {
  name: 'userns',
  about: 'a user namespace: root inside is an ordinary user outside',
  build(base) {
    const id = 100000
    const root = makeRootfs(`${base}/rootfs`, ['data', 'tmp'])
    const volume = makeTree(`${base}/volume`)
    for (const tree of [root, volume]) chownAll(tree, id)
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data'), h.tmpfs('/tmp')],
        [
          h.hold('/app/old', '/app/kept', 10),
          h.hold('/data/old', '/data/kept', 20, 0o600),
          h.hold('/tmp/old', '/tmp/kept', 30),
        ],
        id,
      ),
      held: [
        at('/app', `${root}/app`, 'kept', 0o644, 10),
        at('/data', volume, 'kept', 0o600, 20),
        lost('/tmp', 0o644, 30),
      ],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [root, volume],
    }
  },
}
