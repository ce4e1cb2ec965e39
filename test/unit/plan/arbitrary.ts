// Random dumps of random mount trees, as rows of their images in any order.
import fc from 'fast-check'
import type { MountNamespace } from '../../../src/checkpoint/model.js'
import { readMountNamespace } from '../../../src/checkpoint/mounts.js'
import type { ImageSource } from '../../../src/images/source.js'
import { walkEntries, type OnEntry } from '../../../src/images/framing.js'
import { image } from '../../encode/images.js'
import { mount as encodeMount, type MountRow } from '../../encode/messages.js'
import { remap } from '../support/model.js'
import type { LinkRemap } from '../../../src/checkpoint/model.js'

/** Where the contents of a mount are: the caller's, nobody's any more, or not given. */
export type Contents = 'bind' | 'external' | 'died' | 'missing'

export interface RandomMount {
  readonly id: number
  readonly parent: number
  readonly mountpoint: string
  readonly contents: Contents
}

export interface RandomDump {
  readonly namespaces: readonly (readonly RandomMount[])[]
  readonly remaps: readonly LinkRemap[]
  readonly scope: 'remaps' | 'all'
  /** As read from their images. */
  readonly read: readonly MountNamespace[]
}

interface MountSeed {
  readonly parent: number
  readonly below: readonly string[]
  readonly contents: Contents
}

// Few names and short paths: mounts then often meet on one place, or cover each other.
const name = fc.constantFrom('a', 'b')
const below = fc.array(name, { maxLength: 2 })
const contents = fc.constantFrom<Contents>('bind', 'bind', 'external', 'died', 'missing')
const mountSeed: fc.Arbitrary<MountSeed> = fc.record({ parent: fc.nat(), below, contents })
const namespaceSeed = fc.array(mountSeed, { maxLength: 10 })
const remapSeed = fc.record({ mount: fc.nat(), below })

const at = (mountpoint: string, more: readonly string[]): string =>
  `${mountpoint === '/' ? '' : mountpoint}/${more.join('/')}`.replace(/(.)\/$/, '$1')

/** `firstId`: mount ids are unique over all namespaces. */
const grow = (seeds: readonly MountSeed[], firstId: number): RandomMount[] => {
  const mounts: RandomMount[] = [{ id: firstId, parent: 1, mountpoint: '/', contents: 'bind' }]
  seeds.forEach((seed, index) => {
    let parent = mounts[seed.parent % mounts.length]!
    // Over the root of a namespace itself nothing is mounted here: a test of layout.ts has that.
    const more = parent.mountpoint === '/' && seed.below.length === 0 ? ['a'] : seed.below
    const mountpoint = at(parent.mountpoint, more)
    // A place on a mount is taken once; what comes later is stacked on what is there.
    for (let taken; (taken = find(mounts, parent.id, mountpoint)) !== undefined;) parent = taken
    mounts.push({ id: firstId + index + 1, parent: parent.id, mountpoint, contents: seed.contents })
  })
  return mounts
}

const find = (
  mounts: readonly RandomMount[],
  parent: number,
  mountpoint: string,
): RandomMount | undefined =>
  mounts.find((one) => one.parent === parent && one.mountpoint === mountpoint)

const row = ({ id, parent, mountpoint, contents: from }: RandomMount): MountRow => ({
  mntId: id,
  parent,
  mountpoint,
  source: 'none',
  ...(from === 'external' ? { extKey: `key ${id}`, minor: id } : {}),
  ...(from === 'missing' ? { extKey: 'not given', minor: id } : {}),
  ...(from === 'died' ? { fstype: 5, major: 0, minor: id } : {}),
})

/** The reader of the program on rows in memory. */
const readRows = (id: number, rows: readonly MountRow[]): MountNamespace => {
  const data = image('mountpoints', rows.map(encodeMount))
  const directory = {
    path: '/images',
    read: (imageName: string, kind: 'mountpoints', onEntry: (data: Buffer) => OnEntry) => ({
      name: imageName,
      bytes: data.length,
      ...walkEntries(data, kind, onEntry(data)),
    }),
  }
  return readMountNamespace(directory as unknown as ImageSource, id, id === 9)
}

const seeds = fc.record({
  namespaces: fc.array(namespaceSeed, { minLength: 1, maxLength: 2 }),
  remaps: fc.array(remapSeed, { minLength: 1, maxLength: 6 }),
  scope: fc.constantFrom<'remaps' | 'all'>('remaps', 'all'),
})

export const randomDump: fc.Arbitrary<RandomDump> = seeds.chain((seed) => {
  const namespaces = seed.namespaces.map((mounts, index) => grow(mounts, 100 * (index + 1)))
  const all = namespaces.flat()
  const remaps = seed.remaps.map((one, index) => {
    const on = all[one.mount % all.length]!
    return remap(2 * index + 6, at(on.mountpoint, one.below), { mntId: on.id })
  })
  const orders = namespaces.map((mounts) =>
    fc.shuffledSubarray(mounts, { minLength: mounts.length }),
  )
  return fc.tuple(...orders).map((ordered) => ({
    namespaces,
    remaps,
    scope: seed.scope,
    read: ordered.map((mounts, index) => readRows(9 + index, mounts.map(row))),
  }))
})
