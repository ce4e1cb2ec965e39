// What a dump closed, from its images and from a living tree: which network namespaces to look into, and what is the
// dump's of what is there.
import fs from 'node:fs'
import type { Bytes } from '../bytes.js'
import type { Checkpoint, TcpSocket } from '../checkpoint/model.js'
import { escape } from '../escape.js'
import type { HostMount } from '../host/mountinfo.js'
import { openAll } from './all.js'
import type { Descriptors } from './descriptors.js'
import { connectionText, keyOf } from './connections.js'
import type { Connection, Family, Lock, Netns, RepairedSocket } from './facts.js'
import { Look } from './look.js'
import { NetworkNamespaces } from './netns.js'
import { planLocks, planSearched, withoutLock, type Claim, type PlannedLock } from './plan.js'
import { connectionsOf, socketsIn } from './tcp-table.js'
import type { NetworkRow } from './undo.js'
import type { Unread } from './unread.js'
import type { Sys } from '../sys/sys.js'

export interface NetworkFound {
  readonly namespaces: NetworkNamespaces
  readonly planned: readonly PlannedLock[]
  readonly sockets: readonly RepairedSocket[]
  /** What needs nothing, and why. */
  readonly rows: readonly NetworkRow[]
  readonly unread: readonly string[]
}

export interface NetworkOptions {
  /** Paths of network namespaces that the caller names. */
  readonly netns: readonly Bytes[]
  /** Of a living tree. */
  readonly pids: readonly number[]
  readonly descriptors: Descriptors | undefined
  readonly unread: Unread
  /** Of this machine, for namespaces that are bound. */
  readonly mounts: readonly HostMount[]
}

/** Of one container; CRIU dumps but one. */
const MOST = 16

/** Starts programs: only before privileges are dropped. */
export const findNetwork = (
  sys: Sys,
  { network, runId, hints, pids: dumped, preDump }: Checkpoint,
  { netns: paths, pids, descriptors, unread, mounts }: NetworkOptions,
): NetworkFound => {
  const namespaces = new NetworkNamespaces(sys, unread)
  const rows: NetworkRow[] = []
  for (const path of paths) namespaces.named(path)
  for (const pid of pids) {
    if (namespaces.found.length >= MOST) {
      unread.add('network locks', `its tree has more than ${MOST} network namespaces`)
      break
    }
    namespaces.of(pid)
  }
  const listed = network.netns === 'own' ? [] : network.sockets.map(textsOf)
  const isNamed = namespaces.found.length > 0
  let isSearched = false
  // Killed before its images say how it closed what: a table has the name of its run.
  const isLogged = network.method === 'unknown' && hints.runIds.length > 0
  if (!isNamed && !preDump && network.method !== 'skip') {
    if (network.netns === 'own') isSearched = true
    else if (listed.length > 0 || network.method === 'nftables' || isLogged) namespaces.own()
  }
  // The images do not tell whether others use it, too, as in a pod; one that is external outlives the tree in any case.
  if (isSearched) openAll(sys, namespaces, mounts, unread, network.external !== undefined)
  const look = new Look(sys, unread)
  const locks: Lock[] = []
  const held: (readonly Connection[])[] = []
  for (const netns of namespaces.found) {
    held.push(...(namespaces.inside(netns, () => heldIn(netns, descriptors, unread)) ?? []))
    const wanted = { all: isNamed || isSearched, rules: familiesOf([...listed, ...held]) }
    locks.push(...(namespaces.inside(netns, () => look.at(netns, wanted)) ?? []))
  }
  const claim: Claim = {
    ...{ runId, logged: hints.runIds, method: network.method },
    // Where the tree had no pid namespace of its own, those of the images are this host's.
    pids: new Set([...dumped.slice(0, 1), ...pids]),
    connections: new Map(
      [...listed, ...held].flatMap((texts) =>
        texts.map((one) => [keyOf(one), connectionText(texts[0] ?? one)]),
      ),
    ),
  }
  const planned = isSearched
    ? planSearched(locks, claim)
    : planLocks(locks, claim, ({ netns }) => netns.isOurs)
  if (isSearched && planned.length === 0) rows.push(openOrGone(network.external))
  return {
    namespaces,
    planned: [...planned, ...withoutLock(listed, planned)],
    sockets: descriptors?.repaired ?? [],
    rows,
    unread: unread.found,
  }
}

const familiesOf = (all: readonly (readonly Connection[])[]): ReadonlySet<Family> =>
  new Set(all.flatMap((texts) => texts.map(({ family }) => family)))

const textsOf = ({ from, sport, to, dport }: TcpSocket): Connection[] =>
  connectionsOf(from, sport, to, dport)

/** Connections of the living tree: only in a namespace of CRIU's own are they closed one by one. */
const heldIn = (
  { isOurs }: Netns,
  descriptors: Descriptors | undefined,
  unread: Unread,
): (readonly Connection[])[] => {
  if (descriptors === undefined || !isOurs) return []
  return ['tcp', 'tcp6'].flatMap((table) => {
    const text = unread.try(`TCP connections`, () =>
      fs.readFileSync(`/proc/thread-self/net/${table}`, 'latin1'),
    )
    return socketsIn(text ?? '')
      .filter(({ inode }) => descriptors.sockets.has(inode))
      .map(({ connections }) => connections)
  })
}

/** No namespace has a lock of this run, of those that there are. */
const openOrGone = (external: Bytes | undefined): NetworkRow => ({
  ...{ kind: 'namespace', where: '', verdict: 'vanished' },
  ...(external === undefined
    ? {
        what: 'network namespace of the tree',
        message:
          'it ended with its tasks, and its locks with it: no other one has a lock of this dump',
      }
    : {
        what: `external network namespace ${escape(external)}`,
        message: 'it ended, or was opened again: no network namespace has a lock of this dump',
      }),
})
