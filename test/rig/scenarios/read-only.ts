// Volumes that are read-only by the time of the clean-up.
import * as h from '../holder.js'
import { mount, unmount } from '../namespace.js'
import { makeRootfs, makeTree } from '../rootfs.js'
import type { Scenario } from '../scenario.js'
import { at } from './held.js'

/** the volume is on a file system of its own, so that its superblock can be made read-only as well */
function readOnlyVolume(name: string, about: string, remount: string): Scenario {
  return {
    name,
    about,
    mounts: true,
    verdict: 'failed',
    errno: 'EROFS',
    build(base) {
      const root = makeRootfs(`${base}/rootfs`, ['data'])
      const volume = makeTree(`${base}/volume`)
      mount('-t', 'tmpfs', '-o', 'size=1m', 'volume', volume)
      return {
        instructions: h.container(
          root,
          [h.bind(volume, '/data')],
          [h.hold('/data/old', '/data/kept', 20)],
        ),
        held: [at('/data', volume, 'kept', 0o644, 20)],
        dumpExternal: ['mnt[/data]:/data'],
        root,
        external: [`mnt[/data]:${volume}`],
        trees: [root, volume],
        afterDump: () => mount('-o', `${remount},ro`, volume),
        repair: () => mount('-o', `${remount},rw`, volume),
        cleanup: () => unmount(volume),
      }
    },
  }
}

export const readOnlyMount = readOnlyVolume(
  'read-only-mount',
  'the volume is mounted read-only by now, its file system is not',
  'remount,bind',
)

export const readOnlyFileSystem = readOnlyVolume(
  'read-only-file-system',
  'the file system of the volume is read-only by now',
  'remount',
)
