// The whole order of `scan --network`: all network namespaces → locks → under --remove, those of the named ones.
import { fromText } from './bytes.js'
import { hostView } from './host/view.js'
import { openAll } from './network/all.js'
import { refuseBusy } from './network/busy.js'
import { connectionText, keyOf } from './network/connections.js'
import type { Lock } from './network/facts.js'
import { ANY_FAMILY, Look, NO_FAMILY } from './network/look.js'
import { NetworkNamespaces } from './network/netns.js'
import { planLocks } from './network/plan.js'
import { undoNetwork, type NetworkRow } from './network/undo.js'
import { Unread } from './network/unread.js'
import { notedSignal, noteSignals, type SignalName } from './sys/signals.js'
import type { Sys } from './sys/sys.js'

export interface NetworkScanOptions {
  /** Only these; all where none is named. Absolute host paths. */
  readonly netns: readonly string[]
  readonly remove: boolean
}

export interface NetworkScan {
  /** How many were looked into. */
  readonly namespaces: number
  readonly rows: readonly NetworkRow[]
  readonly unread: readonly string[]
  readonly interrupted: SignalName | undefined
}

/** @throws GcError usage (no such network namespace), busy. */
export const scanNetwork = (sys: Sys, { netns, remove }: NetworkScanOptions): NetworkScan => {
  const unread = new Unread()
  const namespaces = new NetworkNamespaces(sys, unread)
  if (netns.length > 0) for (const path of netns) namespaces.named(fromText(path))
  else openAll(sys, namespaces, hostView().mounts, unread, true)
  const look = new Look(sys, unread)
  const all = [...namespaces.found]
  const locks = all.flatMap(
    (one) =>
      namespaces.inside(one, () =>
        // Single connections are closed where CRIU is: in our own, or where the caller says.
        look.at(one, { all: true, rules: one.isOurs || netns.length > 0 ? ANY_FAMILY : NO_FAMILY }),
      ) ?? [],
  )
  const planned = planLocks(locks, { ...ANYBODY, connections: textsOf(locks) }, () => false)
  if (remove) refuseBusy({ planned })
  noteSignals(sys)
  const isInterrupted = (): boolean => notedSignal(sys) !== undefined
  const found = { namespaces, planned, sockets: [], rows: [], unread: unread.found }
  const rows = undoNetwork(sys, found, { remove, isInterrupted })
  namespaces.close()
  return { namespaces: all.length, rows, unread: unread.found, interrupted: notedSignal(sys) }
}

/** Whoever made it: who names the namespace has decided. */
const ANYBODY = {
  runId: undefined,
  logged: [],
  method: 'unknown',
  pids: new Set<number>(),
  isAny: true,
} as const

const textsOf = (locks: readonly Lock[]): ReadonlyMap<string, string> =>
  new Map(
    locks.flatMap((lock) =>
      lock.kind === 'rules'
        ? lock.rules.map(({ connection }) => [keyOf(connection), connectionText(connection)])
        : [],
    ),
  )
