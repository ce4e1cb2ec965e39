// Tables by which CRIU closes a network namespace or single connections, in what nft -j prints: a document a line.
import { groupBy } from '../group.js'
import type { Connection } from './facts.js'
import { ofKind, shapeOf, type Shape } from './table-shape.js'

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
  /^CRIU-(?:[1-9]\d{0,9}|[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{2}(?:[\da-f]{2}-[\da-f]{12})?)$/.test(
    name,
  )

/** Of that run, as far as a table's name has its id. */
export const isOfRun = (name: string, runId: string): boolean =>
  name.length > 'CRIU-'.length + 20 && `CRIU-${runId}`.startsWith(name)

export interface Table extends Shape {
  readonly closes: 'all' | readonly Connection[]
}

/** Each table of a name that CRIU gives, in "list table" or "list ruleset inet". @throws SyntaxError */
export const tablesIn = (text: string): ReadonlyMap<string, Table> => {
  const byTable = groupBy(elementsIn(text), ([kind, one]) =>
    kind === 'table' ? one.name : one.table,
  )
  const found = new Map<string, Table>()
  for (const [name, own] of byTable)
    if (typeof name === 'string' && isName(name)) found.set(name, tableOf(own))
  return found
}

const tableOf = (elements: readonly [string, Json][]): Table => {
  const connections = ofKind(elements, 'set').flatMap(connectionsIn)
  const { differs, unfinished } = shapeOf(elements)
  return {
    closes: ofKind(elements, 'chain').some(({ policy }) => policy === 'drop')
      ? 'all'
      : connections.flatMap((one) => one ?? []),
    differs: connections.includes(undefined)
      ? 'its sets have what CRIU does not put there'
      : differs,
    unfinished,
  }
}

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
