// Tables by which CRIU closes a network namespace or single connections, in what nft -j prints: a document a line.

type Json = Readonly<Record<string, unknown>>

interface Named {
  readonly family: unknown
  readonly table: unknown
  readonly name: unknown
}

export interface Listed {
  /** Of CRIU, in the family inet. */
  readonly tables: readonly string[]
  /** Families in which iptables has a chain CRIU. */
  readonly chains: ReadonlySet<unknown>
}

/** Elements of one kind. @throws SyntaxError */
const elementsOf = (text: string, kind: string): Json[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => (JSON.parse(line) as { nftables?: Json[] }).nftables ?? [])
    .flatMap((element) => (kind in element ? [element[kind] as Json] : []))

/** Of "list tables; list chains". @throws SyntaxError */
export const listedIn = (text: string): Listed => {
  const tables = elementsOf(text, 'table') as unknown as Named[]
  const chains = elementsOf(text, 'chain') as unknown as Named[]
  return {
    tables: tables.flatMap(({ family, name }) =>
      family === 'inet' && typeof name === 'string' && name.startsWith('CRIU-') ? name : [],
    ),
    chains: new Set(
      chains.flatMap(({ family, table, name }) =>
        table === 'filter' && name === 'CRIU' ? family : [],
      ),
    ),
  }
}

/** The process id of the root task, or from CRIU 4.1 on the begin of the run's id. */
export const isName = (name: string): boolean =>
  /^CRIU-(?:\d{1,10}|[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{2}(?:[\da-f]{2}-[\da-f]{12})?)$/.test(
    name,
  )

const MARK = 0xc114
const SETS = new Set<unknown>(['conns4', 'conns6'])
const HOOKS = ['input', 'output']

/** What CRIU would have made in another way, in "list table" of one. @throws SyntaxError */
export const differenceIn = (text: string): string | undefined => {
  const chains = elementsOf(text, 'chain')
  const names = chains.map(({ name }) => String(name)).sort()
  const isHooked = chains.every(
    ({ name, type, hook, prio }) => type === 'filter' && hook === name && prio === 0,
  )
  const [policy, ...others] = new Set(chains.map((chain) => chain.policy))
  const isOne = others.length === 0 && (policy === 'drop' || policy === 'accept')
  if (names.join(' ') !== HOOKS.join(' ') || !isHooked || !isOne)
    return 'its chains are none that CRIU makes'
  if (elementsOf(text, 'set').some(({ name }) => !SETS.has(name)))
    return 'it has sets that CRIU does not make'
  const rules = elementsOf(text, 'rule')
  for (const hook of HOOKS) {
    const [first, ...rest] = rules.filter(({ chain }) => chain === hook)
    const isRest = policy === 'accept' ? rest.every(dropsConnections) : rest.length === 0
    if (!acceptsMark(first) || !isRest) return 'its rules are none that CRIU writes'
  }
  return undefined
}

const acceptsMark = (rule: Json | undefined): boolean =>
  JSON.stringify(rule?.expr) ===
  JSON.stringify([
    { match: { op: '==', left: { meta: { key: 'mark' } }, right: MARK } },
    { accept: null },
  ])

const dropsConnections = ({ expr }: Json): boolean =>
  Array.isArray(expr) &&
  expr.length === 2 &&
  JSON.stringify(expr[1]) === '{"drop":null}' &&
  ['@conns4', '@conns6'].includes((expr[0] as { match?: { right?: string } }).match?.right ?? '')
