// Cgroups that are frozen, and with them the tasks of a tree: those of its tasks and all above, in both versions.
import fs from 'node:fs'
import { concat, fromBuffer, slice, toBuffer, unescapeOctal, type Bytes } from '../bytes.js'
import { escape } from '../escape.js'
import { kernelBytes } from '../host/kernel-text.js'
import { join, ROOT } from '../paths.js'
import type { FrozenCgroup } from './facts.js'
import type { Unread } from '../network/unread.js'

/** A hierarchy that can freeze, where it is mounted: all of it, or what is below `root`. */
export interface Hierarchy {
  readonly version: 1 | 2
  readonly root: Bytes
  readonly mountpoint: Bytes
}

/** `text` as proc_pid_mountinfo(5) has it. */
export const hierarchiesIn = (text: Bytes): Hierarchy[] =>
  text.split('\n').flatMap((line) => {
    const [front = '', back = ''] = line.split(' - ')
    const [, , , root = '', mountpoint = ''] = front.split(' ')
    const [fstype, , options = ''] = back.split(' ')
    const isFreezer = fstype === 'cgroup' && options.split(',').includes('freezer')
    if (!isFreezer && fstype !== 'cgroup2') return []
    const version = isFreezer ? 1 : 2
    return { version, root: unescapeOctal(root), mountpoint: unescapeOctal(mountpoint) }
  })

export interface Membership {
  readonly version: 1 | 2
  readonly path: Bytes
}

/** `text` as /proc/PID/cgroup has it (cgroups(7)). */
export const membershipsIn = (text: Bytes): Membership[] =>
  text.split('\n').flatMap((line) => {
    const [, number, controllers = '', path = ''] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? []
    const isFreezer = controllers.split(',').includes('freezer')
    if (!isFreezer && number !== '0') return []
    return { version: isFreezer ? 1 : 2, path: path as Bytes }
  })

/** Its folder and those above, the nearest first; undefined where no mount shows it. */
export const foldersOf = (
  { version, path }: Membership,
  hierarchies: readonly Hierarchy[],
): Bytes[] | undefined => {
  // The root of all cannot be frozen.
  if (path === ROOT) return []
  // Out of our own cgroup namespace.
  if (path.startsWith('/..')) return undefined
  for (const hierarchy of hierarchies) {
    if (hierarchy.version !== version) continue
    const root = hierarchy.root === ROOT ? '' : hierarchy.root
    if (path !== hierarchy.root && !path.startsWith(`${root}/`)) continue
    const folders: Bytes[] = []
    for (let below = slice(path, root.length); below !== '' && below !== ROOT;) {
      folders.push(join(hierarchy.mountpoint, below))
      below = slice(below, 0, below.lastIndexOf('/'))
    }
    if (root !== '') folders.push(hierarchy.mountpoint)
    return folders
  }
  return undefined
}

/** The same, each by all of its names: a hierarchy may be mounted more than once. */
export const namesOf = (
  membership: Membership,
  hierarchies: readonly Hierarchy[],
): Bytes[][] | undefined => {
  const lists = hierarchies.flatMap((one) => {
    const folders = foldersOf(membership, [one])
    return folders === undefined ? [] : [folders]
  })
  if (lists.length === 0) return foldersOf(membership, hierarchies) && []
  const deepest = Math.max(...lists.map(({ length }) => length))
  return Array.from({ length: deepest }, (_, above) =>
    lists.flatMap((folders) => folders[above] ?? []),
  )
}

/** The file in a folder that says whether it was frozen itself, and the one by which that is changed. */
const SAYS = { 1: '/freezer.self_freezing', 2: '/cgroup.freeze' } as const
const CHANGES = { 1: '/freezer.state', 2: '/cgroup.freeze' } as const
export const THAWED = { 1: 'THAWED', 2: '0' } as const

export const changesFile = ({ version, folder }: FrozenCgroup): Bytes =>
  concat(folder, CHANGES[version])

export const isFrozen = ({ version, folder }: FrozenCgroup, unread: Unread): boolean => {
  const file = concat(folder, SAYS[version])
  const text = unread.try(escape(file), () => fs.readFileSync(toBuffer(file), 'latin1'))
  return text?.trim() === '1'
}

export const findFrozen = (pids: readonly number[], unread: Unread): FrozenCgroup[] => {
  const found: FrozenCgroup[] = []
  const table = unread.try('our own mounts', () => fs.readFileSync('/proc/thread-self/mountinfo'))
  const hierarchies = hierarchiesIn(fromBuffer(table ?? Buffer.alloc(0)))
  const seen = new Set<string>()
  const lookAt = (version: 1 | 2, [folder, ...also]: readonly Bytes[]): void => {
    if (folder === undefined || seen.has(folder)) return
    seen.add(folder)
    const cgroup = { version, folder, also }
    if (isFrozen(cgroup, unread)) found.push(cgroup)
  }
  const texts = new Map<Bytes, number>()
  for (const pid of pids) {
    const text = unread.try(`cgroups of process ${pid}`, () => kernelBytes(`/proc/${pid}/cgroup`))
    // Those of a container are mostly in one.
    if (text !== undefined && !texts.has(text)) texts.set(text, pid)
  }
  for (const [text, pid] of texts)
    for (const membership of membershipsIn(text)) {
      const key = `${membership.version} ${membership.path}`
      if (seen.has(key)) continue
      seen.add(key)
      const cgroups = namesOf(membership, hierarchies)
      if (cgroups === undefined)
        unread.add(`cgroup ${escape(membership.path)} of process ${pid}`, 'it is not mounted here')
      for (const names of cgroups ?? []) lookAt(membership.version, names)
    }
  return found
}
