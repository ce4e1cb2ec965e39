// What a tree has open and mapped that is of a dump: TCP sockets in repair mode, and the memory of CRIU's parasite.
import fs from 'node:fs'
import { concat } from '../bytes.js'
import { threadsOf } from '../host/living/tasks.js'
import { AT_FDCWD, IPPROTO_TCP, SO_PROTOCOL, SOL_SOCKET, TCP_REPAIR } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { RepairedSocket } from './facts.js'
import type { Unread } from './unread.js'

const PARASITE = '/memfd:CRIUMFD (deleted)'
const PARASITE_MAPPING = ` ${PARASITE}\n`

export class Descriptors {
  readonly repaired: RepairedSocket[] = []
  readonly parasites: number[] = []
  private readonly sys: Sys
  private readonly unread: Unread
  /** Each socket once, whoever has it. */
  private readonly sockets = new Set<string>()
  private readonly buffer = Buffer.allocUnsafe(64)

  constructor(sys: Sys, unread: Unread) {
    this.sys = sys
    this.unread = unread
  }

  look(pids: readonly number[]): void {
    for (const pid of pids) {
      const { hasParasite, sockets } = this.lookAt(pid)
      if (hasParasite || this.mapsParasite(pid)) this.parasites.push(pid)
      if (sockets.length > 0) this.lookAtSockets(pid, sockets)
    }
  }

  private lookAt(pid: number): { hasParasite: boolean; sockets: number[] } {
    const { sys, unread } = this
    const what = `descriptors of process ${pid}`
    const names = unread.try(what, () => fs.readdirSync(`/proc/${pid}/fd`)) ?? []
    const sockets: number[] = []
    let hasParasite = false
    for (const name of names) {
      const link = sys.readlinkat(AT_FDCWD, concat(`/proc/${pid}/fd/${name}`), this.buffer)
      if (link === undefined) continue
      if (link === PARASITE) hasParasite = true
      if (!link.startsWith('socket:') || this.sockets.has(link)) continue
      this.sockets.add(link)
      sockets.push(Number(name))
    }
    for (const tid of threadsOf(pid))
      if (tid !== pid && sys.tryKcmpFiles(pid, tid) > 0)
        unread.add(`sockets of thread ${tid} of process ${pid}`, 'it has descriptors of its own')
    return { hasParasite, sockets }
  }

  private mapsParasite(pid: number): boolean {
    const what = `memory of process ${pid}`
    const maps = this.unread.try(what, () => fs.readFileSync(`/proc/${pid}/maps`))
    return maps?.includes(PARASITE_MAPPING) ?? false
  }

  private lookAtSockets(pid: number, fds: readonly number[]): void {
    const { sys, unread } = this
    const what = `sockets of process ${pid}`
    const pidfd = unread.number(what, sys.tryPidfdOpen(pid))
    if (pidfd === undefined) return
    try {
      for (const fd of fds) {
        const socket = sys.tryPidfdGetfd(pidfd, fd)
        // Closed meanwhile.
        if (socket === EBADF) continue
        if (unread.number(what, socket) === undefined) return
        if (this.isRepaired(socket)) this.repaired.push({ pid, fd })
        sys.close(socket)
      }
    } finally {
      sys.close(pidfd)
    }
  }

  /** What takes its place as a descriptor may be no socket any more. */
  private isRepaired(socket: number): boolean {
    const { sys } = this
    return (
      sys.tryGetsockopt(socket, SOL_SOCKET, SO_PROTOCOL) === IPPROTO_TCP &&
      sys.tryGetsockopt(socket, IPPROTO_TCP, TCP_REPAIR) === 1
    )
  }
}

const EBADF = -9
