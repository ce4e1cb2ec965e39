// The sockets of a tree, and the memory that CRIU left in it: seen on the walk that its files take.
import type { UnlinkedRecord } from '../../sys/unlinked.js'
import type { Owner } from './task-files.js'

export interface HeldSocket {
  readonly pid: number
  readonly fd: number
  readonly inode: number
}

export class HeldSockets {
  /** Processes that have the memory of CRIU's parasite. */
  readonly parasites = new Set<number>()
  /** By its inode: each once, whoever has it. */
  private readonly sockets = new Map<number, HeldSocket>()
  /** The same of threads with descriptors of their own, by name. */
  private readonly apart = new Map<number, string>()

  add({ kind, from: fd, inoLow: inode }: UnlinkedRecord, { pid, name, isThread }: Owner): void {
    if (kind === 'parasite') this.parasites.add(pid)
    else if (isThread) this.apart.set(inode, name)
    else if (!this.sockets.has(inode)) this.sockets.set(inode, { pid, fd, inode })
  }

  get found(): readonly HeldSocket[] {
    return [...this.sockets.values()]
  }

  /** Threads that alone have some: nobody can take a copy of those. */
  get threads(): ReadonlySet<string> {
    const alone = [...this.apart].filter(([inode]) => !this.sockets.has(inode))
    return new Set(alone.map(([, name]) => name))
  }
}
