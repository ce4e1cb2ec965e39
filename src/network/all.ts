// All network namespaces of this machine that something keeps, as far as /proc shows it: a process or a thread that is in
// it, a mount as ip-netns(8) makes them, an open descriptor.
import fs from 'node:fs'
import { concat, fromBuffer, type Bytes } from '../bytes.js'
import { escape } from '../escape.js'
import { threadsOf } from '../host/living/tasks.js'
import type { HostMount } from '../host/mountinfo.js'
import { ifSeen, processIds, processText } from '../host/processes.js'
import type { Sys } from '../sys/sys.js'
import { isNetBind, openBinds } from './binds.js'
import type { NetworkNamespaces } from './netns.js'
import type { Unread } from './unread.js'

/** A way into one, and what to call it. */
interface Keeper {
  readonly path: Bytes
  readonly text: string
}

/** By its name: "net:[4026531840]". A process that is in it comes first. */
class Keepers {
  readonly found = new Map<Bytes, Keeper[]>()

  /** Its name costs a look that only the first of many needs. */
  add(path: Bytes, text: (isFirst: boolean) => string): void {
    const id = ifSeen(() => fromBuffer(fs.readlinkSync(path, 'buffer')))
    if (id?.startsWith('net:[') === true) this.put(id, path, text)
  }

  put(id: Bytes, path: Bytes, text: (isFirst: boolean) => string): void {
    const known = this.found.get(id)
    const keeper = { path, text: text(known === undefined) }
    if (known === undefined) this.found.set(id, [keeper])
    else known.push(keeper)
  }
}

const addDescriptors = (keepers: Keepers, folder: string, who: string, unread: Unread): void => {
  const fds = unread.try(`descriptors of ${who}`, () => fs.readdirSync(folder)) ?? []
  for (const fd of fds)
    keepers.add(concat(`${folder}/${fd}`), (isFirst) =>
      isFirst ? `descriptor ${fd} of ${who}` : `descriptor ${fd}`,
    )
}

/** Descriptors are very many, and hardly any keeps a namespace that nothing else does. */
const keepersOf = (
  sys: Sys,
  mounts: readonly HostMount[],
  unread: Unread,
  everywhere: boolean,
): Keepers => {
  const keepers = new Keepers()
  const pids = processIds()
  const threads = new Map<number, readonly number[]>()
  for (const pid of pids) {
    keepers.add(concat(`/proc/${pid}/ns/net`), (isFirst) =>
      isFirst ? processText(pid) : `process ${pid}`,
    )
    if (!everywhere) continue
    const others = threadsOf(pid).filter((tid) => tid !== pid)
    if (others.length > 0) threads.set(pid, others)
  }
  for (const [pid, others] of threads)
    for (const tid of others)
      keepers.add(
        concat(`/proc/${pid}/task/${tid}/ns/net`),
        () => `thread ${tid} of process ${pid}`,
      )
  for (const mount of mounts)
    if (isNetBind(mount)) keepers.put(mount.root, mount.mountpoint, () => escape(mount.mountpoint))
  for (const pid of everywhere ? pids : []) {
    if (pid === process.pid) continue
    addDescriptors(keepers, `/proc/${pid}/fd`, `process ${pid}`, unread)
    for (const tid of threads.get(pid) ?? [])
      if (sys.tryKcmpFiles(pid, tid) > 0)
        addDescriptors(
          keepers,
          `/proc/${pid}/task/${tid}/fd`,
          `thread ${tid} of process ${pid}`,
          unread,
        )
  }
  return keepers
}

const FEW = 3

/**
 * Opens each of them once, with its keepers as its name; our own as well. `everywhere`: also those that nothing keeps but a
 * thread, a descriptor, or a mount in another mount namespace.
 */
export const openAll = (
  sys: Sys,
  namespaces: NetworkNamespaces,
  mounts: readonly HostMount[],
  unread: Unread,
  everywhere: boolean,
): void => {
  namespaces.own()
  for (const keepers of keepersOf(sys, mounts, unread, everywhere).found.values()) {
    const [first] = keepers
    const names = [...new Set(keepers.slice(0, FEW).map(({ text }) => text))]
    const rest = keepers.length > FEW ? ` and ${keepers.length - FEW} more` : ''
    if (first !== undefined)
      namespaces.at(first.path, `network namespace of ${names.join(', ')}${rest}`)
  }
  if (everywhere) openBinds(sys, namespaces, unread)
}
