// Takes CRIU's locks away: for each program and network namespace one transaction, so that a run that is killed at any
// moment leaves a filter that closes less than before, and nothing half changed. Then connections leave repair mode.
import { IPPROTO_TCP, TCP_REPAIR } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import { groupBy } from '../group.js'
import type { Sys } from '../sys/sys.js'
import type { Lock, Netns, RepairedSocket } from './facts.js'
import type { NetworkFound } from './find.js'
import { withoutText } from './iptables.js'
import { Look } from './look.js'
import type { NetworkNamespaces } from './netns.js'
import type { PlannedLock } from './plan.js'
import { isRepaired, openSocket, repairedText } from './sockets.js'
import { Unread } from './unread.js'

export type NetworkVerdict = 'removed' | 'would-remove' | 'absent' | 'vanished' | 'kept' | 'failed'

/** One lock, connection or socket, and what became of it. */
export interface NetworkRow {
  readonly kind: 'connection' | 'chain' | 'table' | 'socket' | 'namespace'
  readonly what: string
  readonly where: string
  readonly verdict: NetworkVerdict
  readonly reason?: 'differs' | 'foreign' | 'other-run' | 'interrupted' | 'locked' | 'external'
  readonly message?: string
}

export interface UndoOptions {
  readonly remove: boolean
  readonly isInterrupted: () => boolean
}

/** Starts programs: only before privileges are dropped. */
export const undoNetwork = (
  sys: Sys,
  { namespaces, planned, sockets, rows }: NetworkFound,
  options: UndoOptions,
): NetworkRow[] => {
  const done = [
    ...rows,
    ...[...groupBy(planned, keyOf)].flatMap(([key, all]) =>
      key === ''
        ? all.map((one) => rowOf(one, one.verdict === 'absent' ? 'absent' : 'kept'))
        : undoGroup(sys, namespaces, all, options),
    ),
  ]
  const isClosed = done.some(({ verdict, kind }) => verdict === 'failed' && kind !== 'socket')
  return [...done, ...sockets.map((socket) => undoSocket(sys, socket, isClosed, options))]
}

/** What one transaction takes away has one key; empty for what stays. */
const keyOf = ({ lock, verdict }: PlannedLock): string =>
  lock === undefined || verdict !== 'go' ? '' : `${lock.netns.id} ${programOf(lock) ?? ''}`

export const INTERRUPTED = {
  reason: 'interrupted',
  message: 'a signal ended the run before',
} as const

const programOf = (lock: Lock): string | undefined =>
  lock.kind === 'table' ? 'nft' : lock.save?.replace(/save$/, 'restore')

const rowOf = (
  { kind, what, lock, message, reason }: PlannedLock,
  verdict: NetworkVerdict,
  more: Partial<NetworkRow> = {},
): NetworkRow => ({
  ...{ kind, what, where: lock?.netns.text ?? '', verdict },
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message }),
  ...more,
})

const undoGroup = (
  sys: Sys,
  namespaces: NetworkNamespaces,
  all: readonly PlannedLock[],
  { remove, isInterrupted }: UndoOptions,
): NetworkRow[] => {
  if (!remove) return all.map((one) => rowOf(one, 'would-remove'))
  if (isInterrupted()) return all.map((one) => rowOf(one, 'kept', INTERRUPTED))
  const netns = all[0]?.lock?.netns
  if (netns === undefined) return []
  const unread = new Unread()
  const problem =
    namespaces.inside(netns, () => change(sys, netns, all, unread)) ?? unread.found[0] ?? ''
  const failed = problem === '' ? {} : { message: problem }
  return all.map((one) => rowOf(one, problem === '' ? 'removed' : 'failed', failed))
}

/** An empty text where all is gone; looks again. */
const change = (sys: Sys, netns: Netns, all: readonly PlannedLock[], unread: Unread): string => {
  const look = new Look(sys, unread)
  const [first] = all
  const program = first?.lock === undefined ? undefined : programOf(first.lock)
  if (program === undefined) return 'the program that can take it away is missing'
  const ran =
    program === 'nft'
      ? look.programs.run(['nft'], ['-f', '-'], undefined, deletions(all))
      : look.programs.run([program], ['-w', '--noflush'], undefined, withoutAll(all))
  if (ran.kind === 'missing')
    return `${program} is missing (package ${program === 'nft' ? 'nftables' : 'iptables'})`
  if (ran.kind === 'failed') return ran.why
  return isStill(look, netns, all) ? `${program} has ended well, and it is still there` : ''
}

const deletions = (all: readonly PlannedLock[]): string =>
  all.map(({ lock }) => (lock?.kind === 'table' ? `delete table inet ${lock.name}\n` : '')).join('')

const withoutAll = (all: readonly PlannedLock[]): string => {
  const chain = all.find(({ lock }) => lock?.kind === 'chain')?.lock
  return withoutText(
    chain?.kind === 'chain' ? chain : undefined,
    all.flatMap(({ rules }) => rules),
  )
}

/** Anything of what one transaction was to take away. */
const isStill = (look: Look, netns: Netns, all: readonly PlannedLock[]): boolean => {
  const locks = all.flatMap(({ lock }) => lock ?? [])
  const names = locks.flatMap((lock) => (lock.kind === 'table' ? lock.name : []))
  if (names.length > 0) return look.hasTable(netns, new Set(names))
  const own = new Set(all.flatMap(({ rules }) => rules.map(({ rule }) => rule)))
  const [first] = locks
  return (first === undefined || first.kind === 'table' ? [] : look.again(netns, first)).some(
    (now) =>
      now.kind === 'rules'
        ? now.rules.some(({ rule }) => own.has(rule))
        : locks.some(({ kind }) => kind === now.kind),
  )
}

/** TCP_REPAIR_OFF_NO_WP, as CRIU's own way back: the peer is not probed. */
const OFF = -1

export const undoSocket = (
  sys: Sys,
  repaired: RepairedSocket,
  isClosed: boolean,
  { remove, isInterrupted }: UndoOptions,
): NetworkRow => {
  const row = { kind: 'socket', ...repairedText(repaired) } as const
  if (!remove) return { ...row, verdict: 'would-remove' }
  if (isInterrupted()) return { ...row, verdict: 'kept', ...INTERRUPTED }
  if (isClosed)
    return {
      ...{ ...row, verdict: 'kept', reason: 'locked' },
      message: 'it must not speak while a lock is left: the peer would not be heard',
    }
  const socket = openSocket(sys, repaired.pid, repaired.fd)
  if (socket < 0) return { ...row, verdict: 'failed', message: errnoName(-socket) }
  const result = sys.trySetsockopt(socket, IPPROTO_TCP, TCP_REPAIR, OFF)
  const isStill = isRepaired(sys, socket)
  sys.close(socket)
  if (result < 0) return { ...row, verdict: 'failed', message: errnoName(-result) }
  return isStill
    ? { ...row, verdict: 'failed', message: 'it still is' }
    : { ...row, verdict: 'removed' }
}
