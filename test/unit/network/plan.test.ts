import type { ChainLock, Connection, RulesLock, TableLock } from '../../../src/network/facts.js'
import { keyOf } from '../../../src/network/connections.js'
import { planLocks, planSearched, withoutLock, type Claim } from '../../../src/network/plan.js'
import { test } from '../support/check.js'
import { b } from '../support/model.js'

const netns = { id: b('net:[7]'), text: 'a namespace', isOurs: false, fd: 9 }
const RUN = '383547c7-6519-47cf-b4f1-0123456789ab'
const one: Connection = {
  family: 'IPv4',
  ...{ source: '10.0.0.1', sport: 80, destination: '10.0.0.2', dport: 4711 },
}
const other: Connection = { ...one, dport: 4712 }

const chain = (rest: Partial<ChainLock> = {}): ChainLock => ({
  ...{ kind: 'chain', netns, family: 'IPv4', save: 'iptables-nft-save', input: 1, output: 1 },
  differs: undefined,
  ...rest,
})
const table = (rest: Partial<TableLock> = {}): TableLock => ({
  ...{ kind: 'table', netns, name: `CRIU-${RUN.slice(0, 21)}`, closes: 'all' },
  ...{ differs: undefined, unfinished: false },
  ...rest,
})
const rules = (...connections: readonly Connection[]): RulesLock => ({
  ...{ kind: 'rules', netns, family: 'IPv4', save: 'iptables-nft-save' },
  rules: connections.map((connection) => ({ connection, rule: `INPUT ${connection.dport}` })),
})
const claim = (rest: Partial<Claim> = {}): Claim => ({
  ...{ runId: undefined, logged: [], method: 'unknown', pids: new Set(), connections: new Map() },
  ...rest,
})

const verdict = (
  lock: Parameters<typeof planLocks>[0][number],
  rest: Partial<Claim> = {},
  isShared = false,
): string =>
  planLocks([lock], claim(rest), () => isShared)
    .map(({ verdict, reason }) => (reason === undefined ? verdict : `${verdict} ${reason}`))
    .join()

test('a chain', (t) => {
  t.equal(verdict(chain()), 'go')
  t.equal(verdict(chain(), { method: 'iptables' }), 'go')
  t.equal(verdict(chain(), { method: 'nftables' }), 'keep other-run')
  t.equal(verdict(chain(), { method: 'skip' }), 'keep other-run')
  t.equal(verdict(chain(), { method: 'nftables' }, true), '', 'where others are as well')
  t.equal(verdict(chain({ differs: 'x' }), {}, true), 'keep differs')
})

test('a table', (t) => {
  t.equal(verdict(table()), 'go', 'nothing says whose it is, and all is closed')
  t.equal(verdict(table(), { runId: RUN }), 'go')
  t.equal(verdict(table(), { runId: RUN.replace('6519', '6518') }), 'keep other-run')
  t.equal(verdict(table({ differs: 'x' }), { runId: RUN }), 'keep differs')
  const another = RUN.replace('6519', '6518')
  t.equal(
    verdict(table({ closes: [] }), { logged: [another, RUN] }),
    'go',
    'by the log of the dump',
  )
  t.equal(verdict(table(), { logged: [RUN], runId: another }), 'go', 'of a dump into older images')
  t.equal(verdict(table(), { logged: [another] }), 'go', 'and what closes all still goes')
  t.equal(verdict(table({ closes: [] }), { logged: [another] }), 'keep other-run')
  t.equal(verdict(table({ name: 'CRIU-mine', differs: 'x' })), 'keep foreign')
  const old = { name: 'CRIU-77', closes: [] }
  t.equal(verdict(table(old)), 'keep other-run', 'that of an empty table is not known')
  t.equal(verdict(table(old), { pids: new Set([77]) }), 'go')
  const half = { ...old, unfinished: true }
  t.equal(verdict(table(half)), 'go', 'its dump was killed while it made it')
  t.equal(verdict(table({ ...half, netns: { ...netns, isOurs: true } })), 'keep other-run')
  t.equal(verdict(table({ ...half, differs: 'x' })), 'keep differs')
  t.equal(verdict(table(old), { pids: new Set([77]), runId: RUN }), 'keep other-run')
  const connections = new Map([[keyOf(one), 'one']])
  const closes = [
    one,
    { ...one, source: one.destination, sport: 4711, destination: one.source, dport: 80 },
  ]
  t.equal(verdict(table({ closes }), { connections }), 'go', 'both ends of what the tree has')
  t.equal(verdict(table({ closes: [...closes, other] }), { connections }), 'keep other-run')
  t.equal(verdict(table({ closes: [...closes, other] }), { connections }, true), '')
})

test('rules: those of the tree, by connection', (t) => {
  const connections = new Map([[keyOf(one), 'one']])
  const [found, ...more] = planLocks([rules(one, other, one)], claim({ connections }), () => true)
  t.match(found, { kind: 'connection', what: 'one', verdict: 'go' })
  t.equal(found?.rules.length, 2, 'there twice')
  t.strictSame(more, [])
})

test('what the images list and nothing closes', (t) => {
  const texts = [[one], [other]]
  const connections = new Map([[keyOf(one), '10.0.0.1:80 -> 10.0.0.2:4711']])
  const planned = planLocks([rules(one)], claim({ connections }), () => true)
  t.match(withoutLock(texts, planned), [
    { what: '10.0.0.1:80 -> 10.0.0.2:4712', verdict: 'absent' },
  ])
  t.strictSame(withoutLock([[one]], planned), [])
  t.equal(withoutLock(texts, []).length, 2)
  const closed = planLocks([table({ closes: [one, other] })], claim({ runId: RUN }), () => true)
  t.strictSame(withoutLock(texts, closed), [], 'a table closes them')
})

test('all namespaces were looked through, because the one that the dump closed was not its own', (t) => {
  const searched = (lock: Parameters<typeof planLocks>[0][number], rest: Partial<Claim> = {}) =>
    planSearched([lock], claim(rest))
      .map(({ verdict, reason }) => (reason === undefined ? verdict : `${verdict} ${reason}`))
      .join()
  t.equal(searched(table(), { runId: RUN }), 'go', 'it has the name of this run')
  t.equal(searched(table(), { runId: RUN.replace('6519', '6518') }), '', 'of another run')
  t.equal(searched(table(), { logged: [RUN] }), 'go', 'by its log')
  t.equal(searched(table({ differs: 'x' }), { runId: RUN }), 'keep differs')
  t.equal(searched(table({ name: 'CRIU-77' }), { pids: new Set([77]) }), 'go')
  t.equal(searched(table()), 'keep external', 'of a release that names no run, and of any dump')
  t.equal(searched(table({ differs: 'x' })), '')
  t.equal(searched(table(), { method: 'iptables' }), '')
  for (const method of ['iptables', 'unknown'] as const)
    t.equal(searched(chain(), { method }), 'keep external', method)
  t.equal(searched(chain({ differs: 'x' }), { method: 'iptables' }), '')
  for (const method of ['nftables', 'skip'] as const) t.equal(searched(chain(), { method }), '')
  t.equal(searched(rules(one), { method: 'iptables' }), '')
})
