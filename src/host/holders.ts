// Who keeps which mount namespace, as far as /proc shows it: processes, threads that have left the
// namespace of theirs, open descriptors. Descriptors on their way through a socket are not seen, nor
// those of a thread that has a table of its own.
//
// Only links of /proc are read, which the kernel answers by itself. Nothing is looked up through the root
// or the working directory of a process: those may lie on a file system that never answers.
import fs from 'node:fs'
import { concat, fromBuffer, type Bytes } from '../bytes.js'
import { AT_FDCWD, EACCES, EPERM } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import { escape } from '../escape.js'
import { ifSeen, isCleanUp, LINKS_OF_ONE_THREAD, processIds, seen } from './processes.js'
import { isBind } from './table.js'
import { hostView } from './view.js'

export interface Holder {
  readonly pid: number
  /** For people. */
  readonly name: string
  /** A link to the namespace. */
  readonly path: Bytes
  /** The table of mounts as this one sees it; undefined for a descriptor. */
  readonly table: Bytes | undefined
}

/** Of the namespace that `fd` holds, as links to it are called: "mnt:[4026531841]", with the inode number. */
export const nameOf = (sys: Sys, fd: number): Bytes => concat(`mnt:[${sys.fstatCached(fd).inoLow}]`)

/** By what a person finds a namespace. */
export interface Holding {
  /** "the mount namespace of process 12" */
  readonly text: string
  /** A process that keeps it. */
  readonly pid: number | undefined
  /** That process, or a thread of it, is in it. */
  readonly isInside?: true
}

/** By name of the namespace. */
type Found = ReadonlyMap<Bytes, readonly Holder[]>

export class Holders {
  private readonly sys: Sys
  readonly own: Bytes
  private readonly buffer = Buffer.allocUnsafe(64)
  private inside: Found | undefined
  private outside: Found | undefined
  private denied: string | undefined

  /** `own` holds our namespace, which is none of these. */
  constructor(sys: Sys, own: number) {
    this.sys = sys
    this.own = nameOf(sys, own)
  }

  /** Why some may be missing; complete after both lists were asked for. */
  get unseen(): string | undefined {
    return this.denied
  }

  /** Processes and threads that are in one. @throws SyscallError or Error for a reason of ours. */
  get tasks(): Found {
    return (this.inside ??= this.gather((pid, add) => this.addTasks(pid, add)))
  }

  /** Descriptors of others that hold one. @throws SyscallError or Error for a reason of ours. */
  get descriptors(): Found {
    return (this.outside ??= this.gather((pid, add) => {
      if (pid !== process.pid) this.addDescriptors(pid, add)
    }))
  }

  /**
   * Whether only other clean-ups are in it. What they make are copies of their own namespace, which was
   * looked at itself: they keep what was unmounted there since, but no longer than they run.
   */
  isOfCleanUps(name: Bytes): boolean {
    const inside = this.tasks.get(name) ?? []
    if (inside.length === 0 || !inside.every(({ pid }) => isCleanUp(pid))) return false
    return (this.descriptors.get(name) ?? []).every(({ pid }) => isCleanUp(pid))
  }

  holding(name: Bytes): Holding {
    const [task] = this.tasks.get(name) ?? []
    if (task !== undefined)
      return { text: `the mount namespace of ${task.name}`, pid: task.pid, isInside: true }
    const [fd] = this.descriptors.get(name) ?? []
    if (fd !== undefined) return { text: `the mount namespace that ${fd.name} keeps`, pid: fd.pid }
    const bind = hostView().mounts.find((row) => isBind(row) && row.root === name)
    const what = bind === undefined ? 'no process shows' : `is kept on ${escape(bind.mountpoint)}`
    return { text: `a mount namespace that ${what}`, pid: undefined }
  }

  private gather(
    look: (pid: number, add: (name: Bytes | undefined, holder: Holder) => void) => void,
  ): Found {
    const found = new Map<Bytes, Holder[]>()
    const add = (name: Bytes | undefined, holder: Holder): void => {
      if (name === undefined || name === this.own) return
      const known = found.get(name)
      if (known === undefined) found.set(name, [holder])
      else known.push(holder)
    }
    for (const pid of processIds()) look(pid, add)
    return found
  }

  private addTasks(pid: number, add: (name: Bytes | undefined, holder: Holder) => void): void {
    const first = this.nameAt(pid, concat(`/proc/${pid}/ns/mnt`))
    add(first, holderOf(pid, `process ${pid}`, `/proc/${pid}`))
    const threads = this.sys.tryStatCached(AT_FDCWD, concat(`/proc/${pid}/task`))?.nlink ?? 0
    if (threads <= LINKS_OF_ONE_THREAD) return
    for (const tid of ifSeen(() => fs.readdirSync(`/proc/${pid}/task`)) ?? []) {
      const place = `/proc/${pid}/task/${tid}`
      const name = this.nameAt(pid, concat(place, '/ns/mnt'))
      // Also of a process whose first thread has ended.
      if (name !== first) add(name, holderOf(pid, `thread ${tid} of process ${pid}`, place))
    }
  }

  private addDescriptors(pid: number, add: (name: Bytes, holder: Holder) => void): void {
    const place = `/proc/${pid}/fd`
    for (const fd of this.list(pid, place)) {
      const path = concat(place, '/', fd)
      const name = this.nameAt(pid, path)
      if (name?.startsWith('mnt:[') === true)
        add(name, { pid, name: `descriptor ${fd} of process ${pid}`, path, table: undefined })
    }
  }

  private list(pid: number, path: string): string[] {
    let denied = 0
    const names = ifSeen(() => {
      try {
        return fs.readdirSync(path)
      } catch (error) {
        denied = (error as NodeJS.ErrnoException).errno ?? 0
        throw error
      }
    })
    this.note(pid, denied)
    return names ?? []
  }

  private nameAt(pid: number, path: Bytes): Bytes | undefined {
    const result = this.sys.tryReadlinkat(AT_FDCWD, path, this.buffer)
    this.note(pid, result)
    const length = seen('readlinkat', result, path)
    return length === undefined ? undefined : fromBuffer(this.buffer, 0, length)
  }

  private note(pid: number, result: number): void {
    // Init is in no container, and may be better protected than we are privileged.
    if ((result === EACCES || result === EPERM) && pid !== 1)
      this.denied ??= `process ${pid} may not be looked at`
  }
}

const holderOf = (pid: number, name: string, place: string): Holder => ({
  pid,
  name,
  path: concat(place, '/ns/mnt'),
  table: concat(place, '/mountinfo'),
})
