// Which of the locks that were found are this dump's, and go. Pure.
//
// | what               | its shape      | whose                                               | verdict        |
// |--------------------|----------------|-----------------------------------------------------|----------------|
// | chain CRIU         | not CRIU's     | –                                                   | kept, differs  |
// |                    | exact          | the images say that this dump did not use iptables  | kept, other    |
// |                    | exact          | else                                                | goes           |
// | table inet CRIU-X  | –              | its name is none that CRIU gives                    | kept, foreign  |
// | table inet CRIU-ID | not CRIU's     | –                                                   | kept, differs  |
// |                    | exact          | of this run, by the images or the log of the dump,  | goes           |
// |                    |                | or of a process id of the tree                      |                |
// |                    | unfinished     | in another network namespace than CRIU's            | goes           |
// |                    | exact          | the images name another run                         | kept, other    |
// |                    | exact          | no run is known, and it closes all, or only         | goes           |
// |                    |                | connections of the tree                             |                |
// | rules that drop    | exact          | of a connection of the tree                         | go             |
// | one connection     | exact          | of another one                                      | not mentioned  |
//
// In a network namespace that others use as well (`isShared`) what is somebody else's is not mentioned either: the locks of
// a checkpoint that is wanted are there on purpose.
import type { Bytes } from '../bytes.js'
import { escape } from '../escape.js'
import { groupBy } from '../group.js'
import { connectionText, keyOf, reversed } from './connections.js'
import type { Connection, ConnectionRule, Lock, RulesLock, TableLock } from './facts.js'
import { isName, isOfRun } from './nftables.js'

/** What tells whose a lock is. */
export interface Claim {
  /** Whoever made it. */
  readonly isAny?: true
  readonly runId: string | undefined
  /** Runs that the log of the dump names. */
  readonly logged: readonly string[]
  readonly method: 'iptables' | 'nftables' | 'skip' | 'unknown'
  /** Of the tree, on this host. */
  readonly pids: ReadonlySet<number>
  /** Of the tree, by each text that CRIU may have used for one; the values are for people. */
  readonly connections: ReadonlyMap<string, string>
}

export interface PlannedLock {
  readonly kind: 'connection' | 'chain' | 'table'
  readonly what: string
  /** Undefined for a connection that the images list, and that no rule closes. */
  readonly lock: Lock | undefined
  /** Of a connection. */
  readonly rules: readonly ConnectionRule[]
  readonly verdict: 'go' | 'keep' | 'absent'
  readonly reason?: 'differs' | 'external' | 'foreign' | 'other-run'
  readonly message?: string
}

export const planLocks = (
  locks: readonly Lock[],
  claim: Claim,
  isShared: (lock: Lock) => boolean,
): PlannedLock[] =>
  locks.flatMap((lock) => {
    if (lock.kind === 'rules') return ofConnections(lock, claim)
    const planned = lock.kind === 'chain' ? ofChain(lock, claim) : ofTable(lock, claim)
    return isShared(lock) && planned.reason === 'other-run' ? [] : planned
  })

/**
 * The same where all namespaces of this machine were looked through: a lock that does not name this run may be that of any
 * other dump.
 */
export const planSearched = (locks: readonly Lock[], claim: Claim): PlannedLock[] =>
  locks.flatMap((lock) => {
    const { method } = claim
    if (lock.kind === 'rules') return []
    if (lock.kind === 'table' && isNamedFor(lock, claim)) return ofTable(lock, claim)
    const isLikely =
      lock.kind === 'table'
        ? claim.runId === undefined && lock.closes === 'all' && method !== 'iptables'
        : method !== 'nftables'
    if (!isLikely || method === 'skip' || lock.differs !== undefined) return []
    const one = lock.kind === 'table' ? ofTable(lock, claim) : ofChain(lock, claim)
    return { ...one, verdict: 'keep', reason: 'external', message: EXTERNAL }
  })

const EXTERNAL =
  'this dump closed a network namespace, and it may be this one, if others use it, too: if it is, give it with --netns'

const isNamedFor = ({ name }: TableLock, { runId, logged, pids }: Claim): boolean => {
  if (logged.some((run) => isOfRun(name, run))) return true
  return runId === undefined ? pids.has(Number(name.slice('CRIU-'.length))) : isOfRun(name, runId)
}

const ofChain = (lock: Lock & { kind: 'chain' }, { method }: Claim): PlannedLock => {
  const what = `chain CRIU of iptables (${lock.family}${lock.save?.includes('legacy') === true ? ', legacy' : ''})`
  const other =
    method === 'nftables' || method === 'skip' ? 'this dump did not use iptables' : undefined
  return planned('chain', what, lock, lock.differs, other)
}

const ofTable = (lock: TableLock, claim: Claim): PlannedLock => {
  const what = `table inet ${escape(lock.name as Bytes)} of nftables`
  if (!isName(lock.name))
    return {
      ...{ kind: 'table', what, lock, rules: [], verdict: 'keep', reason: 'foreign' },
      message: 'its name is none that CRIU gives',
    }
  return planned('table', what, lock, lock.differs, isOfTree(lock, claim) ? undefined : OTHER)
}

const OTHER = 'another run of CRIU made it'

const isOfTree = (lock: TableLock, claim: Claim): boolean => {
  const { runId, connections } = claim
  const { closes } = lock
  if (claim.isAny || isNamedFor(lock, claim)) return true
  // Of no checkpoint that anybody wants; in our own namespace it may be that of a dump which has just begun.
  if (lock.unfinished && !lock.netns.isOurs) return true
  if (runId !== undefined) return false
  return (
    closes === 'all' ||
    (closes.length > 0 &&
      closes.every((one) => connections.has(keyOf(one)) || connections.has(keyOf(reversed(one)))))
  )
}

const planned = (
  kind: 'chain' | 'table',
  what: string,
  lock: Lock,
  differs: string | undefined,
  other: string | undefined,
): PlannedLock => {
  const base = { kind, what, lock, rules: [] }
  if (differs !== undefined)
    return { ...base, verdict: 'keep', reason: 'differs', message: differs }
  if (other !== undefined) return { ...base, verdict: 'keep', reason: 'other-run', message: other }
  return { ...base, verdict: 'go' }
}

const ofConnections = (lock: RulesLock, { connections }: Claim): PlannedLock[] => {
  const named = groupBy(lock.rules, ({ connection }) => connections.get(keyOf(connection)))
  return [...named].flatMap(([what, rules]) =>
    what === undefined ? [] : { kind: 'connection', what, lock, rules, verdict: 'go' },
  )
}

/** Connections of a list that nothing closes: each once. */
export const withoutLock = (
  listed: readonly (readonly Connection[])[],
  planned: readonly PlannedLock[],
): PlannedLock[] => {
  const closed = new Set(planned.map(({ what }) => what))
  for (const { lock } of planned)
    if (lock?.kind === 'table' && lock.closes !== 'all')
      for (const one of lock.closes)
        for (const end of [one, reversed(one)]) closed.add(connectionText(end))
  const names = new Set(listed.flatMap(([one]) => (one === undefined ? [] : connectionText(one))))
  return [...names]
    .filter((what) => !closed.has(what))
    .map((what) => ({ kind: 'connection', what, lock: undefined, rules: [], verdict: 'absent' }))
}
