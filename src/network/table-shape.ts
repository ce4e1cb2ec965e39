// The shape of a table that CRIU makes in nftables, piece by piece in one order: one that is killed meanwhile leaves the
// first of them.

type Json = Readonly<Record<string, unknown>>

export interface Shape {
  /** What CRIU would have made in another way. */
  readonly differs: string | undefined
  /** It was being made when its maker ended. */
  readonly unfinished: boolean
}

const HOOKS = ['output', 'input'] as const
const MARK = 0xc114
const FAMILIES = [
  { set: 'conns4', address: 'ipv4_addr', protocol: 'ip' },
  { set: 'conns6', address: 'ipv6_addr', protocol: 'ip6' },
] as const

const CHAINS = HOOKS.flatMap((hook) => [`chain ${hook}`, `rule ${hook} mark`])
/** For a whole network namespace, and for single connections. */
const ORDERS = {
  drop: CHAINS,
  accept: [
    ...CHAINS,
    ...FAMILIES.flatMap(({ set }) => [`set ${set}`, ...HOOKS.map((hook) => `rule ${hook} ${set}`)]),
  ],
}

const KINDS = new Set(['metainfo', 'table', 'chain', 'set', 'rule'])
/** Of a table, chain, set or rule: CRIU gives none of them any. */
const EXTRAS = ['comment', 'flags', 'timeout', 'size']

/** In their order. */
export const ofKind = (
  elements: readonly [kind: string, element: Json][],
  wanted: string,
): Json[] => elements.flatMap(([kind, one]) => (kind === wanted ? [one] : []))

/** `elements` are of one table, in the order of `nft -j`: rules of a chain in theirs. */
export const shapeOf = (elements: readonly [kind: string, element: Json][]): Shape => {
  const differs = (what: string): Shape => ({ differs: what, unfinished: false })
  if (elements.some(([kind, one]) => !KINDS.has(kind) || EXTRAS.some((key) => key in one)))
    return differs('it has what CRIU does not make')
  const of = (wanted: string): Json[] => ofKind(elements, wanted)
  const chains = of('chain')
  const policies = new Set(chains.length === 0 ? ['accept'] : chains.map(({ policy }) => policy))
  const [policy, ...others] = policies
  if (others.length > 0 || (policy !== 'drop' && policy !== 'accept')) return differs(DIFFER.chain)
  const order = ORDERS[policy]
  const pieces = [
    ...chains.map((chain) => ({ name: chainName(chain), differ: DIFFER.chain })),
    ...of('set').map((set) => ({ name: setName(set), differ: DIFFER.set })),
    ...of('rule').map((rule) => ({ name: ruleName(rule), differ: DIFFER.rule })),
  ]
  const left = new Set(order)
  for (const { name, differ } of pieces) if (!left.delete(name)) return differs(differ)
  const missing = order.slice(0, pieces.length).find((name) => left.has(name))
  if (missing !== undefined) return differs(DIFFER[missing.split(' ')[0] as keyof typeof DIFFER])
  for (const hook of HOOKS) {
    const places = pieces
      .filter(({ name }) => name.startsWith(`rule ${hook} `))
      .map(({ name }) => order.indexOf(name))
    if (places.some((place, index) => place < (places[index - 1] ?? 0))) return differs(DIFFER.rule)
  }
  return { differs: undefined, unfinished: pieces.length < order.length }
}

const DIFFER = {
  chain: 'its chains are none that CRIU makes',
  set: 'it has sets that CRIU does not make',
  rule: 'its rules are none that CRIU writes',
}

const NONE = ''

const chainName = ({ name, type, hook, prio }: Json): string =>
  type === 'filter' && hook === name && prio === 0 ? `chain ${String(name)}` : NONE

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

const setName = ({ name, type }: Json): string => {
  const found = FAMILIES.find(({ set }) => set === name)
  const { address } = found ?? {}
  const wanted = [address, 'inet_service', address, 'inet_service']
  return found !== undefined && isSame(type, wanted) ? `set ${found.set}` : NONE
}

const ACCEPTS = [
  { match: { op: '==', left: { meta: { key: 'mark' } }, right: MARK } },
  { accept: null },
]

const part = (protocol: string, field: string): Json => ({ payload: { protocol, field } })

const DROPS = FAMILIES.map(({ set, protocol }) => {
  const concat = [
    ...[part(protocol, 'saddr'), part('tcp', 'sport')],
    ...[part(protocol, 'daddr'), part('tcp', 'dport')],
  ]
  const match = { op: '==', left: { concat }, right: `@${set}` }
  return { set, expr: [{ match }, { drop: null }] }
})

const ruleName = ({ chain, expr }: Json): string => {
  const what = isSame(expr, ACCEPTS) ? 'mark' : DROPS.find((one) => isSame(expr, one.expr))?.set
  return what === undefined ? NONE : `rule ${String(chain)} ${what}`
}
