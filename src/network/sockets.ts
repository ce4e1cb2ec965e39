// Sockets of other processes, by a descriptor of our own.
import { IPPROTO_TCP, SO_PROTOCOL, SOL_SOCKET, TCP_REPAIR } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { RepairedSocket } from './facts.js'

/** For people. */
export const repairedText = ({ pid, fd }: RepairedSocket): { what: string; where: string } => ({
  what: 'TCP connection in repair mode: nothing is sent or received',
  where: `descriptor ${fd} of process ${pid}`,
})

/** An fd, or -errno. */
export const openSocket = (sys: Sys, pid: number, fd: number): number => {
  const pidfd = sys.tryPidfdOpen(pid)
  if (pidfd < 0) return pidfd
  const socket = sys.tryPidfdGetfd(pidfd, fd)
  sys.close(pidfd)
  return socket
}

/** What takes its place as a descriptor may be no socket any more. */
export const isRepaired = (sys: Sys, socket: number): boolean =>
  sys.tryGetsockopt(socket, SOL_SOCKET, SO_PROTOCOL) === IPPROTO_TCP &&
  sys.tryGetsockopt(socket, IPPROTO_TCP, TCP_REPAIR) === 1
