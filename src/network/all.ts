// All network namespaces of this machine that something keeps, as far as /proc shows it: a process that is in it, a mount
// as ip-netns(8) makes them, an open descriptor.
import fs from 'node:fs'
import { concat, fromBuffer, type Bytes } from '../bytes.js'
import { escape } from '../escape.js'
import type { HostMount } from '../host/mountinfo.js'
import { ifSeen, processIds, processText } from '../host/processes.js'
import type { NetworkNamespaces } from './netns.js'

/** A way into one, and what to call it. */
interface Keeper {
  readonly path: Bytes
  readonly text: string
}

/**
 * Whoever keeps one, by its name: "net:[4026531840]". A process that is in it comes first. Descriptors are very many, and
 * hardly any keeps a namespace that nothing else does.
 */
export const keepersOf = (
  mounts: readonly HostMount[],
  withDescriptors = true,
): ReadonlyMap<Bytes, readonly Keeper[]> => {
  const found = new Map<Bytes, Keeper[]>()
  const add = (id: Bytes, keeper: Keeper): void => {
    const known = found.get(id)
    if (known === undefined) found.set(id, [keeper])
    else known.push(keeper)
  }
  const pids = processIds()
  for (const pid of pids) {
    const path = concat(`/proc/${pid}/ns/net`)
    const id = linkAt(path)
    // Its name costs a look that only the first of many needs.
    if (id !== undefined)
      add(id, { path, text: found.has(id) ? `process ${pid}` : processText(pid) })
  }
  for (const { fstype, root, mountpoint } of mounts)
    if (fstype === 'nsfs' && isNet(root)) add(root, { path: mountpoint, text: escape(mountpoint) })
  for (const pid of withDescriptors ? pids : [])
    for (const fd of ifSeen(() => fs.readdirSync(`/proc/${pid}/fd`)) ?? []) {
      const path = concat(`/proc/${pid}/fd/${fd}`)
      const id = linkAt(path)
      if (id !== undefined && isNet(id) && pid !== process.pid)
        add(id, { path, text: `descriptor ${fd} of ${processText(pid)}` })
    }
  return found
}

const isNet = (text: Bytes): boolean => text.startsWith('net:[')

const linkAt = (path: Bytes): Bytes | undefined =>
  ifSeen(() => fromBuffer(fs.readlinkSync(path, 'buffer')))

const FEW = 3

/** Opens each of them, with its keepers as its name; our own as well. */
export const openAll = (
  namespaces: NetworkNamespaces,
  mounts: readonly HostMount[],
  withDescriptors = true,
): void => {
  namespaces.own()
  for (const keepers of keepersOf(mounts, withDescriptors).values()) {
    const [first] = keepers
    const names = keepers.slice(0, FEW).map(({ text }) => text)
    const rest = keepers.length > FEW ? ` and ${keepers.length - FEW} more` : ''
    if (first !== undefined)
      namespaces.at(first.path, `network namespace of ${names.join(', ')}${rest}`)
  }
}
