import { isName, isOfRun, tablesIn } from '../../../src/network/nftables.js'
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

const differenceIn = (text: string): string | undefined => tablesIn(text).get(TABLE)?.differs

test('of which run it is', (t) => {
  t.ok(isOfRun(TABLE, '383547c7-6519-47cf-b4f1-0123456789ab'))
  t.notOk(isOfRun(TABLE, '383547c7-6519-47cf-b5f1-0123456789ab'))
  t.notOk(isOfRun('CRIU-383547', '383547c7-6519-47cf-b4f1-0123456789ab'), 'too little to tell')
  t.throws(() => tablesIn('table ip filter {'), SyntaxError)
})

test('names that CRIU gives', (t) => {
  for (const name of [TABLE, 'CRIU-17', 'CRIU-383547c7-6519-47cf-b4f1-0123456789ab'])
    t.ok(isName(name), name)
  for (const name of [
    'CRIU-',
    'CRIU-x',
    'CRIU-0',
    'CRIU-017',
    'CRIU-17 ; flush ruleset',
    `${TABLE}\n`,
    'CRIU-12345678901',
  ])
    t.notOk(isName(name), name)
})

test('a whole network namespace', (t) => {
  t.equal(differenceIn(document(table, ...both(chain), ...both(accept))), undefined)
  const changed: [string, object[], RegExp][] = [
    ['no chain', [accept('output')], /chains/],
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
    [
      'a counter',
      [...both(chain), { counter: { ...of, name: 'x' } }, ...both(accept)],
      /what CRIU/,
    ],
  ]
  for (const [what, elements, differs] of changed)
    t.match(differenceIn(document(table, ...elements)), differs, what)
  const whole = [table, ...both(chain), ...both(accept)]
  for (const extra of [{ comment: 'mine' }, { flags: ['dormant'] }])
    for (const index of whole.keys()) {
      const [[kind, one] = ['', {}]] = Object.entries(whole[index] ?? {}) as [string, object][]
      const changed = whole.with(index, { [kind]: { ...one, ...extra } })
      t.match(differenceIn(document(...changed)), /what CRIU/, `${kind}: ${JSON.stringify(extra)}`)
    }
})

test('a table that was being made', (t) => {
  const pieces = ['output', 'input'].flatMap((name) => [chain(name), accept(name)])
  for (let count = 0; count <= pieces.length; count++) {
    const found = tablesIn(document(table, ...pieces.slice(0, count))).get(TABLE)
    const isAll = count > 0
    t.match(found, { differs: undefined, unfinished: count < pieces.length }, `${count} pieces`)
    t.strictSame(found?.closes, isAll ? 'all' : [])
  }
  t.match(differenceIn(document(table, chain('output'), chain('input'))), /rules/)
})

test('several tables, and those of others', (t) => {
  const named = (name: string): string =>
    JSON.stringify([table, ...both(chain), ...both(accept)]).replaceAll(TABLE, name)
  const all = [TABLE, 'CRIU-17', 'mine', 'CRIU-mine'].flatMap(
    (name) => JSON.parse(named(name)) as object[],
  )
  const found = tablesIn(document(...all))
  t.strictSame([...found.keys()], [TABLE, 'CRIU-17'])
  for (const one of found.values())
    t.strictSame(one, { closes: 'all', differs: undefined, unfinished: false })
})

test('single connections', (t) => {
  const open = both((name) => chain(name, { policy: 'accept' }))
  const set = (version: 4 | 6, rest: object = {}): object => {
    const address = `ipv${version}_addr`
    const type = [address, 'inet_service', address, 'inet_service']
    return { set: { ...of, name: `conns${version}`, type, ...rest } }
  }
  const sets = [
    set(4, { elem: [{ concat: ['10.0.0.1', 80, '10.0.0.2', 4711] }] }),
    set(6, { elem: [{ concat: ['::1', 80, '::1', 4711] }] }),
  ]
  const drop = (name: string, version: 4 | 6 = 4, at = `@conns${version}`): object => {
    const payload = (protocol: string, field: string): object => ({ payload: { protocol, field } })
    const ip = version === 4 ? 'ip' : 'ip6'
    const concat = [
      ...[payload(ip, 'saddr'), payload('tcp', 'sport')],
      ...[payload(ip, 'daddr'), payload('tcp', 'dport')],
    ]
    return rule(name, { match: { op: '==', left: { concat }, right: at } }, { drop: null })
  }
  const rules = [...both(accept), ...both(drop), ...both((name) => drop(name, 6))]
  const found = tablesIn(document(table, ...open, ...sets, ...rules)).get(TABLE)
  const ends = { sport: 80, dport: 4711 }
  t.strictSame(found, {
    ...{ differs: undefined, unfinished: false },
    closes: [
      { family: 'IPv4', source: '10.0.0.1', destination: '10.0.0.2', ...ends },
      { family: 'IPv6', source: '::1', destination: '::1', ...ends },
    ],
  })
  const differs = (...elements: readonly object[]): string =>
    differenceIn(document(table, ...open, ...elements)) ?? ''
  t.match(differs(...sets, ...both(accept), drop('input', 4, '@mine')), /rules/)
  t.match(differs(...sets, ...both(drop)), /rules/, 'CRIU itself is closed out')
  t.match(differs(set(4, { type: 'ipv4_addr' }), ...rules), /sets/)
  for (const extra of [{ flags: ['interval'] }, { timeout: 60 }, { size: 65535 }, { comment: 'x' }])
    t.match(differs(set(4, extra), ...rules), /what CRIU/, JSON.stringify(extra))
  for (const elem of ['10.0.0.1', { concat: ['10.0.0.1', 80] }, { concat: [1, 2, 3, 4] }])
    t.match(differs(set(4, { elem: [elem] }), ...rules), /sets have/)
  const wrong = JSON.stringify(drop('input')).replace('saddr', 'daddr')
  t.match(differs(...sets, ...both(accept), JSON.parse(wrong) as object), /rules/)
})
