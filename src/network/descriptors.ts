// The sockets of a living tree: which of them a dump left in repair mode.
import { groupBy } from '../group.js'
import type { SocketsOf } from '../host/living/living.js'
import type { Sys } from '../sys/sys.js'
import type { RepairedSocket } from './facts.js'
import { isRepaired } from './sockets.js'
import type { Unread } from './unread.js'

export interface Descriptors {
  /** Inodes. */
  readonly sockets: ReadonlySet<number>
  readonly repaired: readonly RepairedSocket[]
  /** Processes that have memory of CRIU's. */
  readonly parasites: readonly number[]
}

export const lookAtSockets = (
  sys: Sys,
  { found, threads, parasites, unread: unseen }: SocketsOf,
  unread: Unread,
): Descriptors => {
  unread.found.push(...unseen)
  for (const name of threads) unread.add(`sockets of ${name}`, 'it has descriptors of its own')
  const repaired = [...groupBy(found, ({ pid }) => pid)].flatMap(([pid, sockets]) =>
    repairedOf(sys, pid, sockets, unread),
  )
  const inodes = new Set(found.map(({ inode }) => inode))
  return { sockets: inodes, repaired, parasites: [...parasites] }
}

const repairedOf = (
  sys: Sys,
  pid: number,
  sockets: readonly RepairedSocket[],
  unread: Unread,
): RepairedSocket[] => {
  const what = `sockets of process ${pid}`
  const pidfd = unread.number(what, sys.tryPidfdOpen(pid))
  if (pidfd === undefined) return []
  const found: RepairedSocket[] = []
  try {
    for (const held of sockets) {
      const socket = sys.tryPidfdGetfd(pidfd, held.fd)
      // Closed meanwhile.
      if (socket === EBADF) continue
      if (unread.number(what, socket) === undefined) break
      if (isRepaired(sys, socket)) found.push(held)
      sys.close(socket)
    }
  } finally {
    sys.close(pidfd)
  }
  return found
}

const EBADF = -9
