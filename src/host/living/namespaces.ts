// The mount namespaces of a living tree: each by an fd of its root, and with all that is mounted in it. A task's own
// root may be a part of it (chroot), so that we step into each for a moment.
import fs from 'node:fs'
import { concat, fromBuffer, type Bytes } from '../../bytes.js'
import { AT_FDCWD, O_RDONLY } from '../../sys/constants.js'
import { errnoName } from '../../sys/errno.js'
import type { Sys } from '../../sys/sys.js'
import type { Host } from '../host.js'
import { parseMountinfo, type HostMount } from '../mountinfo.js'
import { OWN_NAMESPACE } from '../nsfs.js'
import { ifSeen } from '../processes.js'
import { isRemoteAt } from '../remote.js'
import { isAskedAtRoot } from '../table.js'
import { withVisitor, type Visitor } from '../visitor.js'
import { othersOf, type Task } from './tasks.js'

export interface LivingNamespace {
  /** From 1, that of the first process first. */
  readonly id: number
  /** "mnt:[4026531841]" */
  readonly name: Bytes
  /** A task in it. */
  readonly pid: number
  /** The one that we are in: its paths are those of this host. */
  readonly isOurs: boolean
  /** On its root. */
  readonly root: number
  readonly mounts: readonly HostMount[]
}

/** Whether somebody else answers look-ups on the way to a path in it. */
export const isRemoteIn = ({ mounts }: LivingNamespace, path: Bytes): boolean =>
  isRemoteAt(mounts, path)

export class LivingNamespaces {
  readonly found: LivingNamespace[] = []
  readonly unread: string[] = []
  private readonly names = new Set<Bytes>()
  private readonly sys: Sys
  private readonly host: Host
  private readonly own: Bytes | undefined

  constructor(sys: Sys, host: Host) {
    this.sys = sys
    this.host = host
    this.own = sys.readlinkat(AT_FDCWD, OWN_NAMESPACE)
  }

  /** Of each thread of these, too. */
  add(tasks: readonly Task[]): void {
    const ways = tasks.flatMap((task) => this.waysTo(task))
    if (ways.length > 0)
      withVisitor(this.sys, (visitor) => {
        for (const way of ways) this.enter(visitor, way)
      })
  }

  private waysTo(task: Task): Way[] {
    const { pid } = task
    return [pid, ...othersOf(task)].flatMap((tid) => {
      const path = concat(`/proc/${pid}/task/${tid}/ns/mnt`)
      const name = this.sys.readlinkat(AT_FDCWD, path)
      if (name === undefined || this.names.has(name)) return []
      this.names.add(name)
      return { pid, path, name }
    })
  }

  private enter(visitor: Visitor, { pid, path, name }: Way): void {
    const { sys, host } = this
    const id = this.found.length + 1
    if (name === this.own) {
      this.found.push({ id, name, pid, isOurs: true, root: host.root(), mounts: host.mounts })
      return
    }
    if (isSlow(pid)) {
      this.unread.push(`mount namespace of process ${pid} (its root is on a network file system)`)
      return
    }
    const namespace = sys.tryOpenat(AT_FDCWD, path, O_RDONLY)
    if (namespace < 0) {
      this.names.delete(name)
      this.note(pid, namespace)
      return
    }
    // Never closed: without it the kernel takes the mounts apart when the last task leaves.
    const mounts = visitor.mounts(namespace)
    if (typeof mounts === 'number') {
      this.note(pid, mounts)
      return
    }
    const root = visitor.openRoot(namespace)
    if (root < 0) this.note(pid, root)
    else this.found.push({ id, name, pid, isOurs: false, root, mounts })
  }

  private note(pid: number, result: number): void {
    this.unread.push(`mount namespace of process ${pid} (${errnoName(-result)})`)
  }
}

/** Whoever gets to such a root asks a server, who may never answer. */
const isSlow = (pid: number): boolean =>
  parseMountinfo(
    fromBuffer(ifSeen(() => fs.readFileSync(`/proc/${pid}/mountinfo`)) ?? Buffer.alloc(0)),
  ).some(isAskedAtRoot)

interface Way {
  readonly pid: number
  readonly path: Bytes
  readonly name: Bytes
}
