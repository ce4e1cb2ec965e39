// What a tree has open and mapped that is of a dump: TCP sockets in repair mode, and the memory of CRIU's parasite.
import { concat, type Bytes } from '../bytes.js'
import { threadsOf } from '../host/living/tasks.js'
import { AT_FDCWD, EOVERFLOW, O_PATH } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { RepairedSocket } from './facts.js'
import { isRepaired } from './sockets.js'
import type { Unread } from './unread.js'

const PARASITE = '/memfd:CRIUMFD (deleted)' as Bytes
/** Words of each: a descriptor, and the inode of the socket. */
const ROW = 2

interface Socket {
  readonly fd: number
  readonly inode: number
}

export class Descriptors {
  readonly repaired: RepairedSocket[] = []
  readonly parasites: number[] = []
  private readonly sys: Sys
  private readonly unread: Unread
  /** Inodes: each socket once, whoever has it. */
  readonly sockets = new Set<number>()
  private rows = new Int32Array(1024)

  constructor(sys: Sys, unread: Unread) {
    this.sys = sys
    this.unread = unread
  }

  look(pids: readonly number[]): void {
    for (const pid of pids) {
      const sockets = this.lookAt(pid)
      if (sockets.length > 0) this.lookAtSockets(pid, sockets)
    }
  }

  /** Its sockets that were not seen yet. */
  private lookAt(pid: number): Socket[] {
    const { sys, unread } = this
    const what = `descriptors and memory of process ${pid}`
    const task = unread.number(what, sys.tryOpenat(AT_FDCWD, concat(`/proc/${pid}`), O_PATH))
    if (task === undefined) return []
    const length = unread.number(what, this.read(task))
    sys.close(task)
    const rows = this.rows.subarray(0, (length ?? 0) / Int32Array.BYTES_PER_ELEMENT)
    const sockets: Socket[] = []
    for (let at = 0; at < rows.length; at += ROW) {
      const [fd = 0, inode = 0] = rows.subarray(at, at + ROW)
      if (fd < 0) this.parasites.push(pid)
      else if (!this.sockets.has(inode)) {
        this.sockets.add(inode)
        sockets.push({ fd, inode })
      }
    }
    for (const tid of threadsOf(pid))
      if (tid !== pid && sys.tryKcmpFiles(pid, tid) > 0)
        unread.add(`sockets of thread ${tid} of process ${pid}`, 'it has descriptors of its own')
    return sockets
  }

  private read(task: number): number {
    for (;;) {
      const length = this.sys.trySocketsAnd(task, PARASITE, new Uint8Array(this.rows.buffer))
      if (length !== EOVERFLOW) return length
      this.rows = new Int32Array(this.rows.length * 4)
    }
  }

  private lookAtSockets(pid: number, all: readonly Socket[]): void {
    const { sys, unread } = this
    const what = `sockets of process ${pid}`
    const pidfd = unread.number(what, sys.tryPidfdOpen(pid))
    if (pidfd === undefined) return
    try {
      for (const { fd, inode } of all) {
        const socket = sys.tryPidfdGetfd(pidfd, fd)
        // Closed meanwhile.
        if (socket === EBADF) continue
        if (unread.number(what, socket) === undefined) return
        if (isRepaired(sys, socket)) this.repaired.push({ pid, fd, inode })
        sys.close(socket)
      }
    } finally {
      sys.close(pidfd)
    }
  }
}

const EBADF = -9
