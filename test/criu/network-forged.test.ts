// Images, logs and names that were made to have something else removed than a lock: run ids, addresses and ports, tables,
// chains, comments, places of network namespaces. Nothing but an exact lock goes, what is said is safe for a terminal, and
// no name is a word for a program. By the real iptables (both backends) and nft, in mount and network namespaces of its own.
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { must } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { writeForged, type Forged } from '../rig/forged.js'
import { gc, type Report } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { CHAIN_LOCK, connectionRules, connectionTable, tableLock } from '../rig/locks.js'
import { mount, OWN_PROCESSES, unmount } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { rulesOf } from '../rig/rules.js'

const skip =
  needs('nft', 'nftables') || needs('iptables-legacy', 'iptables') || needs('ip', 'iproute2')

const BACKENDS = ['legacy', 'nft'] as const
const FAMILIES = ['iptables', 'ip6tables'] as const
const OURS = '/proc/thread-self/ns/net'
const RUN = '4218f011-5823-4915-a000-0123456789ab'
const NAMED = `CRIU-${RUN.slice(0, 21)}`

/** neither form of text has a byte that steers a terminal, or a line more than it should */
const isSafe = (text: string): boolean => !/[^\n\t\x20-\x7e\p{L}]/u.test(text)

const run = (
  t: Test,
  args: readonly string[],
  forms: readonly (readonly string[])[] = [[], ['--plain'], ['-v4']],
): Report => {
  for (const form of forms) {
    const looks = args.filter((word) => word !== '--remove')
    const { stdout, stderr } = gc(
      [...looks, ...form].map((word) => (word === 'clean' ? 'show' : word)),
    )
    t.ok(isSafe(stdout), JSON.stringify(stdout))
    t.ok(isSafe(stderr), JSON.stringify(stderr))
    t.notMatch(stdout + stderr, /^ +at /m, 'no stack trace')
  }
  const { report, stderr } = gc([...args, '--json'])
  if (report === undefined) throw new Error(stderr)
  return report
}

/** what went, and what was said of the rest */
const verdicts = ({ network = [] }: Report): string[] =>
  network.map(
    ({ kind, verdict, reason }) => `${kind} ${verdict}${reason === undefined ? '' : ` ${reason}`}`,
  )

const removed = (report: Report): string[] =>
  verdicts(report).filter((one) => one.includes('removed'))

const LOCKED = {
  ...{ source: '192.0.2.1', sport: 4711, destination: '192.0.2.2', dport: 80 },
}
/** What iptables-save shows in the lines of a rule's comment, and the end of its table. */
const SPOOFED = [
  ...['', ':CRIU - [0:0]', '-A INPUT -j CRIU', '-A OUTPUT -j CRIU', '-A CRIU -j DROP', 'COMMIT'],
  ...['*nat', 'COMMIT', ''],
].join('\n')
const COMMENTS = [
  SPOOFED,
  '\n-A INPUT -s 192.0.2.2/32 -d 192.0.2.1/32 -p tcp -m tcp --sport 80 --dport 4711 -j DROP\n',
  ...['"; nft flush ruleset #', '$(reboot) `reboot` %s', '-D INPUT', "it's \\ \x1b[31m"],
]
/** Bytes of tables and chains for which nft has no words. */
const RAW: readonly (readonly string[])[] = [
  ['CRIU-a; flush ruleset\n', 'ch"ain\x1b[31m'],
  ['CRIU-21', 'input\n', '; flush ruleset'],
  ['CRIU-017', 'x'],
  ['CRIU- 17', '-f'],
  ['-f', '$(reboot)'],
  ['CRIU-17\n', '17'],
  [`${NAMED}; delete table inet mine`, 'x'],
]

const addRules = (): void => {
  for (const family of FAMILIES)
    for (const backend of BACKENDS) {
      const add = (...words: readonly string[]): string =>
        must(`${family}-${backend}`, ['-w', ...words])
      for (const chain of ['INPUT', 'OUTPUT', 'FORWARD'])
        for (const comment of COMMENTS)
          add('-A', chain, '-p', 'udp', '-m', 'comment', '--comment', comment, '-j', 'ACCEPT')
      for (const name of ['a"b', '"b', "';x"]) add('-A', 'INPUT', '-i', name, '-j', 'ACCEPT')
    }
  const raw = compile('nft-raw.c')
  for (const names of RAW) must(raw, names)
  must('nft', ['add table inet mine { comment "CRIU-17; drop" ; }'])
  // Of a run's name, and its contents are somebody's own.
  must(
    'nft',
    ['-f', '-'],
    `table inet ${NAMED} { chain input { type filter hook input priority 0; }; }\n`,
  )
}

const SOCKET = { from: [192, 0, 2, 1], sport: 4711, to: [192, 0, 2, 2], dport: 80 }
const RUN_IDS: readonly (string | Buffer)[] = [
  ...[
    RUN,
    '17',
    'mine',
    '',
    '-f',
    '--',
    ' ',
    'a b',
    'a;flush ruleset',
    '"',
    "'",
    '\\',
    '../../mine',
  ],
  ...['\n', `${RUN}\n`, '17\nflush ruleset', '\x1b[31m', '*', '{ 17 }', 'x'.repeat(10_240)],
  ...[Buffer.from([0]), Buffer.from(`${RUN}\0mine`), Buffer.from([0xff, 0xfe, 0x80])],
  ...[`${RUN}; delete table inet mine`, RUN.slice(0, 21), RUN.toUpperCase()],
]
const FORGED: readonly Forged[] = [
  ...RUN_IDS.flatMap((runId) => [
    { runId, method: 1 },
    { runId, method: 1, netns: 'own' as const },
    { runId, method: 1, sockets: [SOCKET] },
  ]),
  ...[17, 21, 0, 2 ** 31, 2 ** 32 - 1].map((pid) => ({ pid, method: 1 })),
  ...[0, 1, 2, 3, 77, 2 ** 32 - 1].map((method) => ({ method, sockets: [SOCKET] })),
  ...['\n', 'a b', '\x1b[31m', '"; reboot', 'x'.repeat(4096)].map((external) => ({
    netns: { external },
  })),
  {
    sockets: [
      ...[0, 80, 65_535, 65_536, 2 ** 32 - 1].map((dport) => ({ ...SOCKET, dport })),
      ...[0, 65_536].map((sport) => ({ ...SOCKET, sport })),
      { ...SOCKET, to: [] },
      { ...SOCKET, from: [], to: [] },
      { ...SOCKET, from: Array<number>(8).fill(1), to: Array<number>(8).fill(2) },
      { ...SOCKET, from: [0, 0, 0, 0], to: [255, 255, 255, 255] },
      ...Array.from({ length: 1000 }, (_, index) => ({ ...SOCKET, sport: index + 1 })),
    ],
  },
]

const LINES = [
  ...RUN_IDS.map((id) => `CRIU run id = ${id.toString('latin1')}`),
  'CRIU run id = 17',
  '(00.000000) CRIU run id = -f',
  '(00.000000) CRIU run id = mine',
  `(00.000000) CRIU run id = ${'x'.repeat(10_240)}`,
  `(00.000000) CRIU run id = ${RUN}; delete table inet mine`,
  '(00.000000) freezing cgroup /a\x1b[31m b: 100 x 100ms attempts, timeout: 10s',
]

const tests = (): void => {
  addRules()
  const before = rulesOf()
  const unchanged = (t: Test, what: unknown): void => {
    if (rulesOf() !== before) t.equal(rulesOf(), before, JSON.stringify(what))
  }

  t.test('forged images: nothing goes where nothing is a lock', { skip }, (t) => {
    for (const [index, forged] of FORGED.entries()) {
      const images = writeForged(join(t.testdirName, String(index)), forged)
      const all = forged.sockets === undefined ? [['--netns', OURS], []] : [[]]
      for (const more of all) {
        const report = run(t, ['clean', '-D', images, ...more], index % 3 === 0 ? [['-v4']] : [])
        t.strictSame(removed(report), [], JSON.stringify(forged))
        // one that is left is said
        if (verdicts(report).some((one) => one.includes('kept')))
          t.equal(report.exit.name, 'leftovers', JSON.stringify(forged))
        unchanged(t, forged)
      }
    }
    t.end()
  })

  t.test('forged logs', { skip }, (t) => {
    const images = writeForged(join(t.testdirName, 'images'), {})
    for (const text of [LINES.join('\n'), ...LINES.slice(RUN_IDS.length)]) {
      const log = join(t.testdirName, 'dump.log')
      writeFileSync(log, `(00.000000) Dumping\n${text}\n`, 'latin1')
      for (const more of [
        ['--netns', OURS],
        ['--repair', 'freezer'],
      ]) {
        const report = run(t, ['clean', '-D', images, '-L', log, ...more], [['-v4']])
        t.strictSame(removed(report), [], text)
      }
    }
    unchanged(t, 'logs')
    t.end()
  })

  t.test('scan, and every way to ask for more', { skip }, (t) => {
    const report = run(t, ['scan', '--network', '--netns', OURS, '--remove'])
    t.strictSame(removed(report), [])
    t.equal(report.exit.name, 'leftovers')
    unchanged(t, 'scan')
    t.end()
  })

  for (const backend of BACKENDS)
    t.test(`a lock between all of that goes, and it alone: ${backend}`, { skip }, (t) => {
      const images = writeForged(join(t.testdir({}), 'images'), { sockets: [SOCKET] })
      for (const rule of connectionRules(LOCKED, { how: '-I', hasMark: true }))
        must(`iptables-${backend}`, ['-w', ...rule])
      t.strictSame(removed(run(t, ['clean', '-D', images])), ['connection removed'])
      unchanged(t, 'connection')
      for (const family of FAMILIES)
        must(`${family}-${backend}-restore`, ['-w', '--noflush'], CHAIN_LOCK)
      t.strictSame(removed(run(t, ['scan', '--network', '--netns', OURS, '--remove'])), [
        'chain removed',
        'chain removed',
      ])
      unchanged(t, 'chain')
      t.end()
    })

  t.test('a table between all of that goes, and it alone', { skip }, (t) => {
    for (const [name, forged] of [
      ['CRIU-17', { pid: 17, method: 1, sockets: [SOCKET] }],
      [`CRIU-${RUN}`, { runId: RUN, method: 1, sockets: [SOCKET] }],
    ] as const)
      for (const text of [tableLock(name), connectionTable(name, [LOCKED])]) {
        const images = writeForged(join(t.testdirName, name, String(text.length)), forged)
        must('nft', ['-f', '-'], text)
        t.strictSame(removed(run(t, ['clean', '-D', images])), ['table removed'], name)
        unchanged(t, name)
      }
    // The name of nobody's program can be printed as JSON any more.
    must(compile('nft-raw.c'), ['CRIU-\xff\xfe', 'x'])
    t.end()
  })

  t.test("a user's chain CRIU below comments with a lock's lines", { skip }, (t) => {
    const images = writeForged(join(t.testdir({}), 'images'), { netns: 'own' })
    for (const backend of BACKENDS) {
      const text = CHAIN_LOCK.replace('-j DROP', '-p tcp --dport 22 -j ACCEPT')
      for (const family of FAMILIES) must(`${family}-${backend}-restore`, ['-w', '--noflush'], text)
    }
    const now = rulesOf()
    const report = run(t, ['clean', '-D', images, '--netns', OURS])
    t.strictSame(
      verdicts(report).filter((one) => one.startsWith('chain')),
      Array(4).fill('chain kept differs'),
    )
    t.equal(rulesOf(), now)
    t.end()
  })

  for (const [family, nft] of [
    ['iptables', 'ip'],
    ['ip6tables', 'ip6'],
  ] as const)
    t.test(
      `a table filter that ${family} cannot show, because nft has changed it`,
      { skip },
      (t) => {
        mount('-t', 'tmpfs', 'tmpfs', '/run')
        t.teardown(() => {
          unmount('/run')
        })
        const place = '/run/netns'
        closeSync(openSync(place, 'w'))
        must('unshare', [`--net=${place}`, `${family}-nft-restore`, '--noflush'], CHAIN_LOCK)
        t.teardown(() => {
          unmount(place)
        })
        const rule = `add rule ${nft} filter INPUT ct state vmap { new : drop }`
        must('nsenter', [`--net=${place}`, 'nft', rule])
        const list = (): string => must('nsenter', [`--net=${place}`, 'nft', 'list', 'ruleset'])
        const now = list()
        const report = run(t, ['scan', '--network', '--netns', place, '--remove'])
        t.match(report.network, [
          { kind: 'chain', verdict: 'kept', message: 'it could not be looked at' },
        ])
        t.match(report.networkUnread, [/-nft-save does not show table filter/])
        t.equal(report.exit.name, 'leftovers')
        t.equal(list(), now)
        t.end()
      },
    )

  t.test('places of network namespaces', { skip }, (t) => {
    mount('-t', 'tmpfs', 'tmpfs', '/run')
    t.teardown(() => {
      unmount('/run')
    })
    mkdirSync('/run/netns')
    for (const name of [
      'a b',
      'q"uo\'te',
      'new\nline',
      '-lead',
      'esc\x1b[31m',
      '\x01',
      '$(reboot)',
      ';x',
      'ü',
    ]) {
      const place = `/run/netns/${name}`
      closeSync(openSync(place, 'w'))
      must('unshare', [`--net=${place}`, 'nft', '-f', '-'], tableLock('CRIU-17'))
      t.teardown(() => {
        unmount(place)
      })
      const inNetns = (): string => must('nsenter', [`--net=${place}`, 'nft', 'list', 'ruleset'])
      const images = writeForged(join(t.testdirName, Buffer.from(name).toString('hex')), {
        ...{ method: 1, netns: { external: name }, pid: 99 },
      })
      t.strictSame(removed(run(t, ['clean', '-D', images])), [], 'it may be that of another run')
      t.match(inNetns(), 'CRIU-17')
      for (const words of [
        ['scan', '--network', '--netns', place, '--remove'],
        ['clean', '-D', images, '--netns', place],
        ['clean', '-D', images, '--join-ns', `net:${place}`],
      ]) {
        must(
          'nsenter',
          [`--net=${place}`, 'nft', '-f', '-'],
          `flush ruleset\n${tableLock('CRIU-17')}`,
        )
        t.strictSame(removed(run(t, words)), ['table removed'], JSON.stringify(words))
        t.equal(inNetns(), '')
      }
      const bundle = join(images, 'bundle')
      mkdirSync(join(bundle, 'rootfs'), { recursive: true })
      const namespaces = [{ type: 'mount' }, { type: 'network', path: place }]
      const spec = { root: { path: 'rootfs' }, mounts: [], linux: { namespaces } }
      writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec))
      must('nsenter', [`--net=${place}`, 'nft', '-f', '-'], tableLock('CRIU-17'))
      t.strictSame(removed(run(t, ['clean', '-D', images, '--bundle', bundle])), ['table removed'])
      t.equal(inNetns(), '')
    }
    for (const path of ['/run/netns/no\nne', '/run/netns/\x1b[31m', 'x'.repeat(10_240)]) {
      const { code, stderr } = gc(['scan', '--network', '--netns', path])
      t.equal(code, 2)
      t.ok(isSafe(stderr), JSON.stringify(stderr))
    }
    t.end()
  })
}

await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
