import { differenceIn, isName, listedIn } from '../../../src/residue/nftables.js'
import { test } from '../support/check.js'

const document = (...elements: readonly object[]): string =>
  `${JSON.stringify({ nftables: [{ metainfo: { json_schema_version: 1 } }, ...elements] })}\n`

const TABLE = 'CRIU-383547c7-6519-47cf-b4'
const of = { family: 'inet', table: TABLE }
const chain = (name: string, rest: object = {}): object => ({
  chain: { ...of, name, type: 'filter', hook: name, prio: 0, policy: 'drop', ...rest },
})
const MATCH = { match: { op: '==', left: { meta: { key: 'mark' } }, right: 49428 } }
const rule = (name: string, ...expr: readonly object[]): object => ({
  rule: { ...of, chain: name, handle: 2, expr },
})
const accept = (name: string): object => rule(name, MATCH, { accept: null })
const both = (make: (name: string) => object): object[] =>
  ['output', 'input'].map((name) => make(name))
const table = { table: { family: 'inet', name: TABLE } }

test('what is listed', (t) => {
  const tables = document(
    ...[
      table,
      { table: { family: 'ip', name: 'CRIU-7' } },
      { table: { family: 'inet', name: 'x' } },
    ],
  )
  const chains = document(
    { chain: { family: 'ip', table: 'filter', name: 'CRIU' } },
    { chain: { family: 'ip6', table: 'filter', name: 'INPUT' } },
    { chain: { family: 'ip6', table: 'mangle', name: 'CRIU' } },
  )
  const listed = listedIn(tables + chains)
  t.strictSame(listed.tables, [TABLE])
  t.strictSame([...listed.chains], ['ip'])
  t.strictSame(listedIn('').tables, [])
  t.throws(() => listedIn('table ip filter {'), SyntaxError)
})

test('names that CRIU gives', (t) => {
  for (const name of [TABLE, 'CRIU-17', 'CRIU-383547c7-6519-47cf-b4f1-0123456789ab'])
    t.ok(isName(name), name)
  for (const name of [
    'CRIU-',
    'CRIU-x',
    'CRIU-17 ; flush ruleset',
    `${TABLE}\n`,
    'CRIU-12345678901',
  ])
    t.notOk(isName(name), name)
})

test('a whole network namespace', (t) => {
  t.equal(differenceIn(document(table, ...both(chain), ...both(accept))), undefined)
  const changed: [string, object[], RegExp][] = [
    ['no chain', [], /chains/],
    ['one chain', [chain('input'), accept('input')], /chains/],
    ['one more', [...both(chain), chain('forward'), ...both(accept)], /chains/],
    ['no hook', [...both((name) => chain(name, { hook: 'forward' })), ...both(accept)], /chains/],
    ['a priority', [...both((name) => chain(name, { prio: 1 })), ...both(accept)], /chains/],
    [
      'two policies',
      [chain('input'), chain('output', { policy: 'accept' }), ...both(accept)],
      /chains/,
    ],
    [
      'no policy',
      [...both((name) => chain(name, { policy: undefined })), ...both(accept)],
      /chains/,
    ],
    ['no rule', both(chain), /rules/],
    ['one more rule', [...both(chain), ...both(accept), accept('input')], /rules/],
    [
      'another rule',
      [...both(chain), ...both((name) => rule(name, MATCH, { drop: null }))],
      /rules/,
    ],
    ['a set', [...both(chain), { set: { ...of, name: 'x' } }, ...both(accept)], /sets/],
  ]
  for (const [what, elements, differs] of changed)
    t.match(differenceIn(document(table, ...elements)), differs, what)
})

test('single connections', (t) => {
  const open = both((name) => chain(name, { policy: 'accept' }))
  const sets = ['conns4', 'conns6'].map((name) => ({ set: { ...of, name } }))
  const drop = (name: string, set = '@conns4'): object =>
    rule(name, { match: { op: '==', left: { concat: [] }, right: set } }, { drop: null })
  const rules = [...both(accept), ...both(drop), ...both((name) => drop(name, '@conns6'))]
  t.equal(differenceIn(document(table, ...open, ...sets, ...rules)), undefined)
  t.match(differenceIn(document(table, ...open, ...both(accept), drop('input', '@mine'))), /rules/)
  t.match(
    differenceIn(document(table, ...open, ...both(drop))),
    /rules/,
    'CRIU itself is closed out',
  )
})
