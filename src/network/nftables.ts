// Tables by which CRIU closes a network namespace or single connections, in what nft -j prints: a document a line.
import type { Connection } from './facts.js'

type Json = Readonly<Record<string, unknown>>

/** Each with its kind. @throws SyntaxError */
const elementsIn = (text: string): [kind: string, element: Json][] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => (JSON.parse(line) as { nftables?: Json[] }).nftables ?? [])
    .flatMap((element) => Object.entries(element) as [string, Json][])

/** The process id of the root task, or from CRIU 4.1 on the begin of the run's id. */
export const isName = (name: string): boolean =>
  /^CRIU-(?:\d{1,10}|[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{2}(?:[\da-f]{2}-[\da-f]{12})?)$/.test(
    name,
  )

/** Of that run, as far as a table's name has its id. */
export const isOfRun = (name: string, runId: string): boolean =>
  name.length > 'CRIU-'.length + 20 && `CRIU-${runId}`.startsWith(name)

export interface Table {
  readonly closes: 'all' | readonly Connection[]
  /** What CRIU would have made in another way. */
  readonly differs: string | undefined
}

const MARK = 0xc114
const SETS: Readonly<Record<string, { type: string; protocol: string }>> = {
  conns4: { type: 'ipv4_addr', protocol: 'ip' },
  conns6: { type: 'ipv6_addr', protocol: 'ip6' },
}
const HOOKS = ['input', 'output']
const KINDS = new Set(['metainfo', 'table', 'chain', 'set', 'rule'])

/** Each table by its name, in "list table" of some. @throws SyntaxError */
export const tablesIn = (text: string): ReadonlyMap<string, Table> => {
  const elements = elementsIn(text)
  const found = new Map<string, Table>()
  for (const [kind, { name }] of elements) {
    if (kind !== 'table' || typeof name !== 'string') continue
    const own = elements.filter(([kind, one]) => (kind === 'table' ? one.name : one.table) === name)
    found.set(name, tableOf(own))
  }
  return found
}

const tableOf = (elements: readonly [string, Json][]): Table => {
  const sets = elements.flatMap(([kind, one]) => (kind === 'set' ? [one] : []))
  const chains = elements.flatMap(([kind, one]) => (kind === 'chain' ? [one] : []))
  const isAll = chains.some(({ policy }) => policy === 'drop')
  const connections = sets.flatMap(connectionsIn)
  return {
    closes: isAll ? 'all' : connections.flatMap((one) => one ?? []),
    differs: connections.includes(undefined)
      ? 'its sets have what CRIU does not put there'
      : differenceIn(elements, chains, sets),
  }
}

const differenceIn = (
  elements: readonly [string, Json][],
  chains: readonly Json[],
  sets: readonly Json[],
): string | undefined => {
  if (elements.some(([kind]) => !KINDS.has(kind))) return 'it has what CRIU does not make'
  const names = chains.map(({ name }) => String(name)).sort()
  const isHooked = chains.every(
    ({ name, type, hook, prio }) => type === 'filter' && hook === name && prio === 0,
  )
  const [policy, ...others] = new Set(chains.map((chain) => chain.policy))
  const isOne = others.length === 0 && (policy === 'drop' || policy === 'accept')
  if (names.join(' ') !== HOOKS.join(' ') || !isHooked || !isOne)
    return 'its chains are none that CRIU makes'
  if (sets.some((set) => policy === 'drop' || !isSet(set)))
    return 'it has sets that CRIU does not make'
  const rules = elements.flatMap(([kind, one]) => (kind === 'rule' ? [one] : []))
  for (const hook of HOOKS) {
    const [first, ...rest] = rules.filter(({ chain }) => chain === hook)
    const isRest = policy === 'accept' ? rest.every(dropsConnections) : rest.length === 0
    if (!acceptsMark(first) || !isRest) return 'its rules are none that CRIU writes'
  }
  return undefined
}

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

const typeOf = (address: string): string[] => [address, 'inet_service', address, 'inet_service']

const isSet = ({ name, type, flags }: Json): boolean => {
  const set = SETS[String(name)]
  return set !== undefined && isSame(type, typeOf(set.type)) && flags === undefined
}

const acceptsMark = (rule: Json | undefined): boolean =>
  isSame(rule?.expr, [
    { match: { op: '==', left: { meta: { key: 'mark' } }, right: MARK } },
    { accept: null },
  ])

const DROPS = Object.entries(SETS).map(([name, { protocol }]) => {
  const part = (of: string, field: string): Json => ({ payload: { protocol: of, field } })
  const concat = [
    ...[part(protocol, 'saddr'), part('tcp', 'sport')],
    ...[part(protocol, 'daddr'), part('tcp', 'dport')],
  ]
  return JSON.stringify([
    { match: { op: '==', left: { concat }, right: `@${name}` } },
    { drop: null },
  ])
})

const dropsConnections = ({ expr }: Json): boolean => DROPS.includes(JSON.stringify(expr))

const connectionsIn = ({ name, elem = [] }: Json): (Connection | undefined)[] => {
  const family = name === 'conns4' ? 'IPv4' : 'IPv6'
  return (Array.isArray(elem) ? elem : [elem]).map((one: unknown) => {
    const { concat } = Object(one) as { concat?: unknown }
    if (!Array.isArray(concat) || concat.length !== 4) return undefined
    const [source, sport, destination, dport] = concat as unknown[]
    return typeof source === 'string' &&
      typeof destination === 'string' &&
      typeof sport === 'number' &&
      typeof dport === 'number'
      ? { family, source, sport, destination, dport }
      : undefined
  })
}
