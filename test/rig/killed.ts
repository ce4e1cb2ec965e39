// Dumps that die on the way: what is on disk then, from least to most. Each leaves links.
import type { KillAt } from './criu.js'
import * as h from './holder.js'
import { makeRootfs, makeTree } from './rootfs.js'
import type { Scenario } from './scenario.js'

/** so many files that files.img is longer than CRIU's buffer, and is cut when CRIU is killed */
const crowd = (size: number): Pick<Scenario, 'build'> => ({
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data'])
    const volume = makeTree(`${base}/volume`)
    const inside = [h.many('/app', size, 5), h.hold('/data/old', '/data/kept', 20)]
    return {
      instructions: h.container(root, [h.bind(volume, '/data')], inside),
      // which of them got links depends on when the dump dies: they are counted, not listed
      held: [],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [root, volume],
    }
  },
})

export type Killed = Scenario & { killAt: KillAt }

/** no image lists any of the links */
export const killed: Killed[] = [
  {
    ...crowd(150),
    name: 'killed-at-first-link',
    about: 'no inventory; files.img is empty',
    killAt: { link: 1 },
  },
  {
    ...crowd(150),
    name: 'killed-before-pstree',
    about: 'no inventory, no pstree.img; files.img is cut, remap-fpath.img is empty',
    killAt: { before: 'pstree.img' },
  },
  {
    ...crowd(150),
    name: 'killed-after-inventory',
    about: 'all images are there, but files.img is cut and remap-fpath.img is empty',
    killAt: { after: 'inventory.img' },
  },
  {
    ...crowd(150),
    name: 'killed-after-files',
    about: 'all images are there and only remap-fpath.img is empty',
    killAt: { after: 'files.img' },
  },
]

/** images that list some of the links, or all */
export const killedLater: Killed[] = [
  {
    ...crowd(1000),
    name: 'killed-while-listing',
    about: 'no inventory, no pstree.img; files.img and remap-fpath.img are cut',
    killAt: { before: 'pstree.img' },
  },
  {
    ...crowd(150),
    name: 'killed-at-the-end',
    about: 'all images are whole, and the container lives',
    killAt: { after: 'remap-fpath.img' },
  },
]
