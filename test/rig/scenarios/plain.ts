// Host trees and containers with little besides a root file system.
import * as h from '../holder.js'
import { makeRootfs, makeTree } from '../rootfs.js'
import type { Scenario } from '../scenario.js'
import { at } from './held.js'

export const hostTree: Scenario = {
  name: 'host-tree',
  about: "a process in the machine's own mount namespace: paths relative to /, no --root",
  build(base) {
    const tree = makeTree(`${base}/tree`, ['a', 'b/c'])
    return {
      instructions: [
        ['stdio'],
        h.hold(`${tree}/a/old`, `${tree}/a/kept`, 10),
        h.hold(`${tree}/b/c/old`, `${tree}/b/c/kept`, 5000, 0o600),
      ],
      held: [
        at(`${tree}/a`, `${tree}/a`, 'kept', 0o644, 10),
        at(`${tree}/b/c`, `${tree}/b/c`, 'kept', 0o600, 5000),
      ],
      trees: [tree],
    }
  },
}

export const mntns: Scenario = {
  name: 'mntns',
  about: 'a mount namespace of its own with nothing but a root file system',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['app/deep/er'])
    return {
      instructions: h.container(
        root,
        [],
        [
          h.hold('/app/old', '/app/kept', 10),
          h.hold('/app/deep/er/old', '/app/deep/er/kept', 70, 0o640),
          // a held file need not be a regular one
          h.fifo('/app/old-fifo', '/app/fifo', 0o600),
        ],
      ),
      held: [
        at('/app', `${root}/app`, 'kept', 0o644, 10),
        at('/app/deep/er', `${root}/app/deep/er`, 'kept', 0o640, 70),
        at('/app', `${root}/app`, 'fifo', 0o600),
      ],
      root,
      trees: [root],
    }
  },
}

export const mapped: Scenario = {
  name: 'mapped',
  about: 'a file that is only mapped into memory, its descriptor long closed',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`)
    return {
      instructions: h.container(root, [], [h.map('/app/old', '/app/kept', 8192, 0o600)]),
      held: [at('/app', `${root}/app`, 'kept', 0o600, 8192)],
      root,
      trees: [root],
    }
  },
}

export const parentGone: Scenario = {
  name: 'parent-gone',
  about: 'the folders of the held file were removed: the link is in the nearest one that is left',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['app/safe'])
    return {
      instructions: h.container(
        root,
        [],
        [
          ...[h.mkdir('/app/one'), h.mkdir('/app/one/two')],
          h.hold('/app/one/two/old', '/app/safe/kept', 10),
          ...[h.rmdir('/app/one/two'), h.rmdir('/app/one')],
        ],
      ),
      held: [{ ...at('/app', `${root}/app`, '', 0o644, 10), survivor: `${root}/app/safe/kept` }],
      root,
      trees: [root],
    }
  },
}

export const oddNames: Scenario = {
  name: 'odd-names',
  about: 'folders whose names break lines, colour terminals and end paths, for who is not careful',
  build(base) {
    const odd = [
      'a b',
      'line\nbreak',
      '\u001b[31mred',
      'ü\u202e',
      '"\\"',
      ' (deleted)',
      'link_remap.4',
    ]
    const root = makeRootfs(
      `${base}/rootfs`,
      odd.map((name) => `app/${name}`),
    )
    return {
      instructions: h.container(
        root,
        [],
        odd.map((name) => h.hold(`/app/${name}/old`, `/app/${name}/kept`, 10)),
      ),
      held: odd.map((name) => at(`/app/${name}`, `${root}/app/${name}`, 'kept', 0o644, 10)),
      root,
      trees: [root],
    }
  },
}

export const thousand: Scenario = {
  name: 'thousand',
  about: 'a thousand links in one folder',
  build(base) {
    const root = makeRootfs(`${base}/rootfs`)
    return {
      instructions: h.container(root, [], [h.many('/app', 1000, 1)]),
      held: Array.from({ length: 1000 }, (_, i) => at('/app', `${root}/app`, `new-${i}`, 0o644, 1)),
      root,
      trees: [root],
    }
  },
}
