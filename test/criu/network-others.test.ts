// A lock of CRIU's goes from among the rules of others, which stay byte for byte: those that docker, CNI and kube-proxy
// make, ten thousand, and those that look like a lock and are none, which are reported. For each backend of iptables, in
// network namespaces of their own.
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { JsonReport } from '../../src/report/schema.js'
import { must } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { gc as run } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { OWN_PROCESSES } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { startProgram, type Program } from '../rig/program.js'
import { inRepo } from '../rig/repo.js'
import { rulesOf } from '../rig/rules.js'

const skip =
  needs('nft', 'nftables') || needs('iptables-legacy', 'iptables') || needs('ip', 'iproute2')

type Backend = 'legacy' | 'nft'
const BACKENDS: readonly Backend[] = ['legacy', 'nft']
const FAMILIES = ['iptables', 'ip6tables'] as const

const filter = (...rules: readonly string[]): string =>
  ['*filter', ...rules, 'COMMIT', ''].join('\n')
const JUMPS = ['-I INPUT -j CRIU', '-I OUTPUT -j CRIU']
const RULES = ['-A CRIU -m mark --mark 0xC114 -j ACCEPT', '-A CRIU -j DROP']
/** What CRIU feeds to iptables-restore. */
const LOCK = filter(':CRIU - [0:0]', ...JUMPS, ...RULES)

const chains = (policy: string): string =>
  ['input', 'output']
    .map(
      (name) =>
        `chain ${name} { type filter hook ${name} priority 0; policy ${policy};` +
        ' meta mark 0xC114 accept; }; ',
    )
    .join('')
const UUID = '4218f011-5823-4915-a0'
/** What CRIU has libnftables make. */
const table = (name: string, more = ''): string =>
  `table inet ${name} { ${chains('drop')} ${more} }`

/** A program with a connection, in a network namespace of its own, where `act` is as it was before. */
class Place {
  private readonly program: Program
  private readonly enter: readonly string[]

  private constructor(program: Program) {
    this.program = program
    this.enter = ['nsenter', '--target', String(program.pid), '--net']
  }

  static async make(t: Test): Promise<Place> {
    const up = ['unshare', '--net', 'sh', '-c', 'ip link set lo up; exec "$0" "$@"']
    const place = new Place(await startProgram(t, [...up, compile('network.c'), '4']))
    // With nftables below them, the chains of the kernel are made by the first rule, and stay.
    for (const backend of BACKENDS)
      for (const family of FAMILIES)
        place.restore(`${family}-${backend}`, filter('-A INPUT -j ACCEPT', '-A OUTPUT -j ACCEPT'))
    return place
  }

  rules(): string {
    return rulesOf(...this.enter)
  }

  restore(program: string, text: string): void {
    const [enter = '', ...words] = this.enter
    must(enter, [...words, `${program}-restore`, '--noflush'], text)
  }

  nft(text: string): void {
    const [enter = '', ...words] = this.enter
    must(enter, [...words, 'nft', '-f', '-'], `${text}\n`)
  }

  echo(): Promise<string> {
    return this.program.echo()
  }

  clean(): JsonReport {
    return report('clean', '--pid', String(this.program.pid))
  }

  scan(...words: readonly string[]): JsonReport {
    return report('scan', '--network', '--netns', `/proc/${this.program.pid}/ns/net`, ...words)
  }
}

const report = (...words: readonly string[]): JsonReport => {
  const { report, stderr } = run([...words, '--json'])
  if (report?.network === undefined) throw new Error(stderr)
  return report as JsonReport
}

const verdicts = ({ network }: JsonReport): string[] =>
  network.map(({ kind, verdict, reason }) =>
    reason === undefined ? `${kind} ${verdict}` : `${kind} ${verdict} ${reason}`,
  )

const fixture = (name: string): string =>
  readFileSync(inRepo('test', 'fixtures', 'network', `${name}.rules`), 'utf8')

const MANY = 10_000
/** Each like that of a connection which CRIU closed, and of none that there is. */
const many = (): string =>
  filter(
    ...Array.from({ length: MANY }, (_, index) => {
      const [port, host] = [1024 + (index % 60_000), `10.9.${index >> 8}.${index & 255}`]
      const ends = `--source 10.1.2.3 --sport ${port} --destination ${host} --dport 80`
      return `-A INPUT -p tcp -m mark ! --mark 0xC114 ${ends} -j DROP`
    }),
  )

interface Alike {
  readonly what: string
  /** For iptables-restore. */
  readonly text: string
  /** What is said of it. */
  readonly verdicts: readonly string[]
}

const KEPT = ['chain kept differs']
const CHAINS: readonly Alike[] = [
  {
    what: "a user's own chain CRIU",
    text: filter(':CRIU - [0:0]', '-A INPUT -j CRIU', '-A CRIU -p tcp --dport 22 -j ACCEPT'),
    verdicts: KEPT,
  },
  { what: 'an empty chain CRIU', text: filter(':CRIU - [0:0]', ...JUMPS), verdicts: KEPT },
  {
    what: 'a lock with a rule more',
    text: filter(':CRIU - [0:0]', ...JUMPS, '-A CRIU -s 192.0.2.1/32 -j ACCEPT', ...RULES),
    verdicts: KEPT,
  },
  {
    what: 'a lock with another mark',
    text: filter(':CRIU - [0:0]', ...JUMPS, ...RULES).replace('0xC114', '0xC115'),
    verdicts: KEPT,
  },
  {
    what: 'a lock with a comment',
    text: filter(
      ...[':CRIU - [0:0]', ...JUMPS, ...RULES.slice(0, 1)],
      '-A CRIU -m comment --comment mine -j DROP',
    ),
    verdicts: KEPT,
  },
  {
    what: 'a lock to which a chain more leads',
    text: filter(':CRIU - [0:0]', ...JUMPS, '-A FORWARD -j CRIU', ...RULES),
    verdicts: KEPT,
  },
  {
    what: 'a lock to which some packets are led',
    text: filter(':CRIU - [0:0]', ...JUMPS, '-A INPUT -p udp -g CRIU', ...RULES),
    verdicts: KEPT,
  },
  {
    what: 'a lock of which one half was opened',
    text: filter(':CRIU - [0:0]', ...JUMPS.slice(0, 1), ...RULES),
    verdicts: KEPT,
  },
  {
    what: 'a chain of almost that name',
    text: filter(':CRIU-OLD - [0:0]', '-A INPUT -j CRIU-OLD', '-A CRIU-OLD -j RETURN'),
    verdicts: [],
  },
  {
    what: 'a chain CRIU of another table',
    text: `*mangle\n:CRIU - [0:0]\n-A INPUT -j CRIU\n-A CRIU -j RETURN\nCOMMIT\n`,
    verdicts: [],
  },
]

const TABLES: readonly Alike[] = [
  {
    what: 'a table of another name',
    text: table('CRIU-something'),
    verdicts: ['table kept foreign'],
  },
  { what: 'one of another family', text: 'table ip CRIU-17 { }', verdicts: [] },
  { what: 'one without a name of a run', text: table('CRIU'), verdicts: [] },
  {
    what: 'an empty one of a name that CRIU gives',
    text: 'table inet CRIU-17 { set conns4 { type ipv4_addr; }; }',
    verdicts: ['table kept differs'],
  },
  {
    what: 'a lock with a chain more',
    text: table('CRIU-17', 'chain forward { type filter hook forward priority 0; };'),
    verdicts: ['table kept differs'],
  },
  {
    what: 'a lock with a rule more',
    text: `${table('CRIU-17')}\nadd rule inet CRIU-17 input tcp dport 22 accept`,
    verdicts: ['table kept differs'],
  },
  {
    what: 'a lock with a comment',
    text: table('CRIU-17').replace('accept;', 'accept comment "mine";'),
    verdicts: ['table kept differs'],
  },
  {
    what: 'a lock that was put to sleep',
    text: table('CRIU-17', 'flags dormant;'),
    verdicts: ['table kept differs'],
  },
  {
    what: 'a lock with a set of a user',
    text: table('CRIU-17', 'set mine { type ipv4_addr; };'),
    verdicts: ['table kept differs'],
  },
]

const GONE = ['chain removed', 'chain removed']

const tests = (): void => {
  for (const backend of BACKENDS) {
    const lock = (place: Place, families: readonly string[] = FAMILIES): void => {
      for (const family of families) place.restore(`${family}-${backend}`, LOCK)
    }

    t.test(
      `rules of docker, CNI and kube-proxy, and ${MANY} more: ${backend}`,
      { skip },
      async (t) => {
        const place = await Place.make(t)
        for (const name of ['docker', 'cni', 'kube-proxy'])
          place.restore(`iptables-${backend}`, fixture(name))
        place.restore(`iptables-${backend}`, many())
        const before = place.rules()
        t.equal(await place.echo(), 'echoed')
        lock(place)
        t.not(place.rules(), before)
        t.equal(await place.echo(), 'dead')
        t.strictSame(verdicts(place.clean()), GONE)
        t.ok(place.rules() === before, 'theirs are as before')
        t.equal(await place.echo(), 'echoed')
        lock(place)
        const chain = Array<string>(2).fill('chain would-remove')
        t.strictSame(
          verdicts(place.scan()).filter((one) => one.startsWith('chain')),
          chain,
        )
        // who names a namespace has decided: also on rules that drop single connections
        const all = place.scan('--remove')
        t.equal(all.network.filter(({ kind }) => kind === 'connection').length, MANY)
        t.equal(all.exit.name, 'clean')
      },
    )

    for (const { what, text, verdicts: wanted } of CHAINS)
      t.test(`${what}: ${backend}`, { skip }, async (t) => {
        const place = await Place.make(t)
        place.restore(`iptables-${backend}`, text)
        const before = place.rules()
        const report = place.clean()
        t.strictSame(verdicts(report), wanted)
        if (wanted.length > 0) t.equal(report.exit.name, 'leftovers')
        t.strictSame(verdicts(place.scan('--remove')), wanted)
        t.equal(place.rules(), before)
        // of the other family it is CRIU's
        lock(place, ['ip6tables'])
        t.strictSame(new Set(verdicts(place.clean())), new Set([...wanted, 'chain removed']))
        t.equal(place.rules(), before)
      })

    t.test(`IPv6 alone: ${backend}`, { skip }, async (t) => {
      const place = await Place.make(t)
      const before = place.rules()
      lock(place, ['ip6tables'])
      t.equal(await place.echo(), 'echoed')
      t.match(place.clean().network, [{ what: /IPv6/, verdict: 'removed' }])
      t.equal(place.rules(), before)
    })

    t.test(`led to twice, as after a restore of saved rules: ${backend}`, { skip }, async (t) => {
      const place = await Place.make(t)
      const before = place.rules()
      lock(place)
      for (const family of FAMILIES) place.restore(`${family}-${backend}`, filter(...JUMPS))
      t.strictSame(verdicts(place.clean()), GONE)
      t.equal(place.rules(), before)
      t.equal(await place.echo(), 'echoed')
    })
  }

  t.test('both backends and nftables at once', { skip }, async (t) => {
    const place = await Place.make(t)
    const before = place.rules()
    for (const backend of BACKENDS)
      for (const family of FAMILIES) place.restore(`${family}-${backend}`, LOCK)
    for (const name of ['CRIU-17', `CRIU-${UUID}`, 'CRIU-4218f011-5823-4915-a000-0123456789ab'])
      place.nft(table(name))
    t.equal(await place.echo(), 'dead')
    t.strictSame(verdicts(place.clean()), [
      ...Array<string>(3).fill('table removed'),
      ...GONE,
      ...GONE,
    ])
    t.equal(place.rules(), before)
    t.equal(await place.echo(), 'echoed')
  })

  t.test('nftables: a lock that was being made, at each step', { skip }, async (t) => {
    const place = await Place.make(t)
    const before = place.rules()
    const name = `inet CRIU-${UUID}`
    const chain = (hook: string, policy: string): string[] => [
      `add chain ${name} ${hook} { type filter hook ${hook} priority 0; ${policy} }`,
      `add rule ${name} ${hook} meta mark 0xC114 accept`,
    ]
    const conns = (version: 4 | 6): string[] => {
      const [address, ip] = [`ipv${version}_addr`, version === 4 ? 'ip' : 'ip6']
      const ends = `${ip} saddr . tcp sport . ${ip} daddr . tcp dport`
      return [
        `add set ${name} conns${version} { type ${address} . inet_service . ${address} . inet_service; }`,
        ...['output', 'input'].map(
          (hook) => `add rule ${name} ${hook} ${ends} @conns${version} drop`,
        ),
      ]
    }
    for (const steps of [
      [...chain('output', 'policy drop;'), ...chain('input', 'policy drop;')],
      [...chain('output', ''), ...chain('input', ''), ...conns(4), ...conns(6)],
    ])
      // The whole one does not say whose it is where it closes nothing.
      for (let count = 0; count < steps.length; count++) {
        place.nft([`create table ${name}`, ...steps.slice(0, count)].join('\n'))
        t.strictSame(verdicts(place.clean()), ['table removed'], steps[count - 1] ?? 'the table')
        t.equal(place.rules(), before)
      }
    t.equal(await place.echo(), 'echoed')
  })

  for (const { what, text, verdicts: wanted } of TABLES)
    t.test(`nftables: ${what}`, { skip }, async (t) => {
      const place = await Place.make(t)
      place.nft(text)
      const before = place.rules()
      t.strictSame(verdicts(place.clean()), wanted)
      t.strictSame(verdicts(place.scan('--remove')), wanted)
      t.equal(place.rules(), before)
      place.nft(table(`CRIU-${UUID}`))
      t.strictSame(verdicts(place.clean()).sort(), [...wanted, 'table removed'].sort())
      t.equal(place.rules(), before)
    })
}

await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
