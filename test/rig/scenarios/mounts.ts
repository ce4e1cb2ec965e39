// Containers whose mounts need more thought: overlay, nested namespace, tmpfs, the machine's own.
import { rmSync } from 'node:fs'
import { basename } from 'node:path'
import * as h from '../holder.js'
import { mount, unmount } from '../namespace.js'
import { makeRootfs, makeTree } from '../rootfs.js'
import type { Scenario } from '../scenario.js'
import { at, lost } from './held.js'

export const overlay: Scenario = {
  name: 'overlay',
  about: 'the root is an overlay, still mounted: the link is in its upper layer',
  mounts: true,
  build(base) {
    const lower = makeRootfs(`${base}/lower`, ['app/deep'])
    for (const dir of ['upper', 'work', 'merged']) makeTree(`${base}/${dir}`)
    const merged = `${base}/merged`
    const layers = `lowerdir=${lower},upperdir=${base}/upper,workdir=${base}/work`
    mount('-t', 'overlay', '-o', layers, 'overlay', merged)
    return {
      instructions: h.container(
        merged,
        [],
        [h.hold('/app/old', '/app/kept', 10), h.hold('/app/deep/old', '/app/deep/kept', 20, 0o600)],
      ),
      held: [
        at('/app', `${merged}/app`, 'kept', 0o644, 10),
        at('/app/deep', `${merged}/app/deep`, 'kept', 0o600, 20),
      ],
      root: merged,
      trees: [lower, `${base}/upper`, merged],
      twins: (link) => [link.replace(merged, `${base}/upper`)],
      cleanup: () => unmount(merged),
    }
  },
}

export const nested: Scenario = {
  name: 'nested',
  about: 'a child in a mount namespace of its own, with a bind and a tmpfs that only it sees',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data', 'inner/bind', 'inner/tmp', 'app/source'])
    const volume = makeTree(`${base}/volume`, ['sub'])
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data')],
        [
          h.hold('/app/old', '/app/kept', 10),
          h.nested(
            [h.bind('/app/source', '/inner/bind'), h.tmpfs('/inner/tmp')],
            [
              h.hold('/inner/bind/old', '/inner/bind/kept', 20),
              h.hold('/inner/tmp/old', '/inner/tmp/kept', 30),
              h.hold('/data/sub/old', '/data/sub/kept', 40, 0o600),
            ],
          ),
        ],
      ),
      held: [
        at('/app', `${root}/app`, 'kept', 0o644, 10),
        at('/inner/bind', `${root}/app/source`, 'kept', 0o644, 20),
        lost('/inner/tmp', 0o644, 30),
        at('/data/sub', `${volume}/sub`, 'kept', 0o600, 40),
      ],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [root, volume],
    }
  },
}

export const innerTmpfs: Scenario = {
  name: 'tmpfs',
  about: 'links only on tmpfs mounts of the container: all gone with it',
  freeNames: 'the links died with the file systems that they were on',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['tmp', 'run'])
    return {
      instructions: h.container(
        root,
        [h.tmpfs('/tmp'), h.tmpfs('/run')],
        [
          h.hold('/tmp/old', '/tmp/kept', 10),
          h.mkdir('/run/deep'),
          h.hold('/run/deep/old', '/run/deep/kept', 20),
        ],
      ),
      held: [lost('/tmp', 0o644, 10), lost('/run/deep', 0o644, 20)],
      root,
      trees: [root],
    }
  },
}

export const inheritedShm: Scenario = {
  name: 'inherited-shm',
  about: "a tree under unshare -m that shares the machine's root and /dev/shm; --root /",
  mounts: true,
  build(base) {
    const mine = `/dev/shm/${basename(base)}`
    const tree = makeTree(`${base}/tree`)
    makeTree(mine)
    return {
      instructions: [
        ['mntns', 'exec', `${base}/holder`, 'stdio'],
        h.hold(`${mine}/old`, `${mine}/kept`, 10),
        h.hold(`${tree}/old`, `${tree}/kept`, 20),
      ],
      held: [at(mine, mine, 'kept', 0o644, 10), at(tree, tree, 'kept', 0o644, 20)],
      root: '/',
      trees: [mine, tree],
      cleanup: () => rmSync(mine, { recursive: true, force: true }),
    }
  },
}
