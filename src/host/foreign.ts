// The mount tables of other namespaces, and whether there may be one that nobody shows us.
import fs from 'node:fs'
import { concat, fromBuffer, type Bytes } from '../bytes.js'
import { ROOT } from '../paths.js'
import { escape } from '../escape.js'
import { AT_FDCWD, EACCES, EPERM } from '../sys/constants.js'
import { isSameInode } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { parseMountinfo, type HostMount } from './mountinfo.js'
import { ifSeen, processIds, seen } from './processes.js'

export interface ForeignNamespace {
  /** A process that is in it. */
  readonly pid: number
  readonly mounts: readonly HostMount[]
}

export interface ForeignNamespaces {
  readonly tables: readonly ForeignNamespace[]
  /** Why there may be mounts that none of them shows; undefined where there are none for all we see. */
  readonly whyUnseen: () => string | undefined
}

/**
 * The mount namespaces of all processes but those that share ours. `host` is the table of ours.
 * @throws SyscallError or Error where the look at a process fails for a reason of ours.
 */
export const foreignNamespaces = (sys: Sys, host: readonly HostMount[]): ForeignNamespaces => {
  const buffer = Buffer.allocUnsafe(64)
  let unseen: string | undefined
  const namespaceOf = (task: number | string): Bytes | undefined => {
    const path = concat(`/proc/${task}/ns/mnt`)
    const result = sys.tryReadlinkat(AT_FDCWD, path, buffer)
    // Init is in no container, and may be better protected than we are privileged.
    if ((result === EACCES || result === EPERM) && task !== 1)
      unseen ??= `process ${task} may not be looked at`
    const length = seen('readlinkat', result, path)
    return length === undefined ? undefined : fromBuffer(buffer, 0, length)
  }
  const known = new Set([namespaceOf('thread-self')])
  const tables: ForeignNamespace[] = []
  /** Of processes that see a part of theirs, as after a chroot(2). */
  const parts = new Map<Bytes, ForeignNamespace>()
  for (const pid of processIds()) {
    // A process whose first thread has ended lives on in the others.
    const first = namespaceOf(pid)
    const [task, namespace] =
      first === undefined && pid !== 1 ? firstSeen(threadsOf(pid), namespaceOf) : [pid, first]
    if (namespace === undefined || known.has(namespace)) continue
    const text = ifSeen(() => fs.readFileSync(`/proc/${task}/mountinfo`))
    if (text === undefined) continue
    const mounts = parseMountinfo(fromBuffer(text))
    if (mounts.some(({ mountpoint }) => mountpoint === ROOT) && !isChrooted(sys, task)) {
      known.add(namespace)
      parts.delete(namespace)
      tables.push({ pid, mounts })
    } else if (!parts.has(namespace)) parts.set(namespace, { pid, mounts })
  }
  return {
    tables: [...tables, ...parts.values()],
    whyUnseen: () => {
      const [part] = parts.values()
      if (part !== undefined) return `process ${part.pid} sees a part of its mount namespace only`
      const isUnknown = (name: Bytes): boolean => name.startsWith('mnt:[') && !known.has(name)
      for (const { mounts } of [{ mounts: host }, ...tables])
        for (const { fstype, root, mountpoint } of mounts)
          if (fstype === 'nsfs' && isUnknown(root))
            return `a mount namespace without a process is kept on ${escape(mountpoint)}`
      const holder = processIds().find(
        (pid) => namesOfFds(sys, pid, buffer).some(isUnknown) && !isCleanUp(pid),
      )
      return holder === undefined
        ? unseen
        : `process ${holder} holds a mount namespace in which no process is`
    },
  }
}

/** Above the root of a mount namespace is itself; above that of a chroot(2), also of one into a mount, is more. */
const isChrooted = (sys: Sys, task: number | string | undefined): boolean => {
  const [root, above] = ['root', 'root/..'].map((name) =>
    sys.tryStatCached(AT_FDCWD, concat(`/proc/${task}/${name}`)),
  )
  return (
    root !== undefined &&
    above !== undefined &&
    !(isSameInode(root, above) && root.mntId === above.mntId)
  )
}

/** The first of the tasks of which it can be seen, with its namespace. */
const firstSeen = (
  tasks: readonly (number | string)[],
  namespaceOf: (task: number | string) => Bytes | undefined,
): [task: number | string | undefined, namespace: Bytes | undefined] => {
  for (const task of tasks) {
    const namespace = namespaceOf(task)
    if (namespace !== undefined) return [task, namespace]
  }
  return [undefined, undefined]
}

const threadsOf = (pid: number): string[] =>
  (ifSeen(() => fs.readdirSync(`/proc/${pid}/task`)) ?? []).map((tid) => `${pid}/task/${tid}`)

/** Another clean-up holds those that it has constructed. */
const isCleanUp = (pid: number): boolean =>
  (ifSeen(() => fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1')) ?? '')
    .split('\0')
    .some((arg) => /(^|\/)criu-gc(\.cjs)?$/.test(arg))

/** What the descriptors of a process are called by the kernel, which asks no file system for that. */
const namesOfFds = (sys: Sys, pid: number, buffer: Buffer<ArrayBuffer>): Bytes[] =>
  (ifSeen(() => fs.readdirSync(`/proc/${pid}/fd`)) ?? [])
    .map((fd) => sys.readlinkat(AT_FDCWD, concat(`/proc/${pid}/fd/${fd}`), buffer))
    .filter((name) => name !== undefined)
