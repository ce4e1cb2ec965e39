// Locks of single connections and of network namespaces that outlive the container, by a real CRIU. In mount, network
// and process namespaces of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { JsonReport } from '../../src/report/schema.js'
import { LOCK, SEED } from '../battery/counts.js'
import { attempt, must } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { errors, skipReason, tryDump } from '../rig/criu.js'
import { gc as run, runGc } from '../rig/gc.js'
import { countCalls, dumpKilledAt, unblock } from '../rig/dump-at.js'
import { inside } from '../rig/inner.js'
import { mount, OWN_PROCESSES, unmount } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { startProgram, type Program } from '../rig/program.js'
import { rulesOf } from '../rig/rules.js'

const skip =
  skipReason() ??
  (needs('nft', 'nftables') || needs('iptables-legacy', 'iptables') || needs('ip', 'iproute2'))

const start = (t: Test, kind: string, netns: readonly string[] = []): Promise<Program> =>
  startProgram(t, [...netns, compile('network.c'), kind])

const gc = (...words: readonly string[]): JsonReport => {
  const [command = '', ...rest] = words
  const { report, stderr } = runGc(command as 'show' | 'clean', rest)
  if (report?.network === undefined) throw new Error(stderr)
  return report as JsonReport
}

/** No zombie, and not killed by a signal that it has not seen yet. */
const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) &&
  !/^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))

const verdicts = ({ network }: JsonReport): string[] =>
  network.map(({ kind, verdict }) => `${kind} ${verdict}`)

const scan = (...words: readonly string[]): JsonReport => {
  const { report, stderr } = run(['scan', '--network', '--json', ...words])
  if (report?.network === undefined) throw new Error(stderr)
  return report as JsonReport
}

/** For iptables-restore: a network namespace as CRIU before 2.10 closes it. */
const LOCKED = [
  ...['*filter', ':CRIU - [0:0]', '-I INPUT -j CRIU', '-I OUTPUT -j CRIU', '-A CRIU -j DROP'],
  ...['COMMIT', ''],
].join('\n')

/** Rules of others, in all tables that iptables makes: what is there before a dump is there afterwards. */
const others = (): void => {
  for (const [family, address] of [
    ['iptables', '192.0.2.1'],
    ['ip6tables', '2001:db8::1'],
  ] as const)
    for (const backend of ['legacy', 'nft']) {
      const add = (...words: readonly string[]): string =>
        must(`${family}-${backend}`, ['-w', ...words])
      add('-N', 'DOCKER-USER')
      add('-A', 'DOCKER-USER', '-j', 'RETURN')
      // With nftables below them, the chains of the kernel are made by the first rule, and stay.
      for (const chain of ['FORWARD', 'OUTPUT']) add('-A', chain, '-j', 'DOCKER-USER')
      // One that differs from CRIU's by its mark, and the one of a connection that is none of the dump's.
      for (const mark of ['0xC115', '0xC114'])
        add(
          ...['-A', 'INPUT', '--protocol', 'tcp', '-m', 'mark', '!', '--mark', mark],
          ...['--source', address, '--sport', '80', '--destination', address, '--dport', '81'],
          ...['-j', 'DROP'],
        )
    }
  must('nft', ['add table inet mine; add chain inet mine CRIU'])
}

const tests = (): void => {
  must('ip', ['link', 'set', 'lo', 'up'])
  // CRIU looks for iptables in PATH: whose backend is that of the machine.
  others()
  const before = rulesOf()

  for (const [kind, shown] of [
    ['4', /^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/],
    ['6', /^\[::1\]:\d+ -> \[::1\]:\d+$/],
    ['m', /^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/],
  ] as const)
    for (const method of ['iptables', 'nftables']) {
      const dumped = async (t: Test, killed: boolean): Promise<[Program, string]> => {
        const program = await start(t, kind)
        t.equal(await program.echo(), 'echoed')
        const images = t.testdir({})
        const done = tryDump({
          ...{ pid: program.pid, images },
          extra: ['--tcp-established', '--network-lock', method],
          ...(killed ? { killAt: { before: 'pstree.img' } } : {}),
        })
        t.equal(done.code, killed ? -1 : 0, errors({ images }, 'dump.log'))
        t.not(rulesOf(), before, 'something is closed')
        return [program, images]
      }

      t.test(`a dump in our own network namespace, ${method}, ${kind}`, { skip }, async (t) => {
        const [, images] = await dumped(t, false)
        const locked = rulesOf()
        const row = method === 'iptables' ? 'connection' : 'table'
        const report = gc('show', '-D', images)
        t.equal(rulesOf(), locked)
        t.strictSame(
          verdicts(report),
          Array(method === 'iptables' ? 2 : 1).fill(`${row} would-remove`),
        )
        if (method === 'iptables') for (const { what } of report.network) t.match(what, shown)
        t.equal(report.exit.name, 'leftovers')
        const { exit, network } = gc('clean', '-D', images)
        t.strictSame(new Set(network.map(({ verdict }) => verdict)), new Set(['removed']))
        t.equal(exit.name, 'clean')
        t.equal(rulesOf(), before)
        const again = gc('clean', '-D', images)
        t.strictSame(verdicts(again), ['connection absent', 'connection absent'])
        t.equal(again.exit.name, 'clean')
      })

      t.test(`a killed dump there, ${method}, ${kind}: it goes on`, { skip }, async (t) => {
        const [program] = await dumped(t, true)
        const report = gc('clean', '--pid', String(program.pid))
        t.ok(
          report.network.every(({ verdict }) => verdict === 'removed'),
          JSON.stringify(report.network),
        )
        t.equal(await program.echo(), 'echoed')
        t.equal(rulesOf(), before)
      })
    }

  t.test('other words for what is looked for', { skip }, async (t) => {
    const program = await start(t, '4')
    const images = t.testdir({})
    t.equal(tryDump({ pid: program.pid, images, extra: ['--tcp-established'] }).code, 0)
    const locked = rulesOf()
    t.strictSame(verdicts(gc('clean', '--only', 'links', '-D', images)), [])
    t.equal(rulesOf(), locked)
    t.equal(gc('clean', '--only', 'network', '-D', images).exit.name, 'clean')
    t.equal(rulesOf(), before)
  })

  t.test('rules as older releases wrote them', { skip }, async (t) => {
    const program = await start(t, 'm')
    const images = t.testdir({})
    t.equal(tryDump({ pid: program.pid, images, extra: ['--tcp-established'] }).code, 0)
    const [, from, to] =
      /127\.0\.0\.1:(\d+) -> 127\.0\.0\.1:(\d+)/.exec(gc('clean', '-D', images).network[0]!.what) ??
      []
    t.equal(rulesOf(), before)
    const mapped = '::ffff:127.0.0.1'
    const rule = (chain: string, address: string, a?: string, b?: string): string[] => [
      ...[chain, '--protocol', 'tcp', '--source', address, '--sport', a!],
      ...['--destination', address, '--dport', b!, '-j', 'DROP'],
    ]
    for (const [what, programs, words] of [
      ['2.8: added at the end, without a mark, as IPv6', 'ip6tables', ['-A', mapped]],
      ['2.9: at the head', 'ip6tables', ['-I', mapped]],
      ['3.7 and later: as IPv4', 'iptables', ['-I', '127.0.0.1']],
    ] as const)
      for (const backend of ['legacy', 'nft']) {
        const add = (...more: readonly string[]): string =>
          must(`${programs}-${backend}`, ['-w', words[0], ...more])
        add(...rule('INPUT', words[1], to, from))
        add(...rule('OUTPUT', words[1], from, to))
        t.ok(verdicts(gc('clean', '-D', images)).includes('connection removed'), what)
        t.equal(rulesOf(), before, `${what} (${backend})`)
      }
  })

  t.test('a network namespace that outlives the container: of a pod', { skip }, async (t) => {
    mount('-t', 'tmpfs', 'tmpfs', '/run')
    t.teardown(() => {
      unmount('/run')
    })
    mkdirSync('/run/netns')
    const place = '/run/netns/pod'
    closeSync(openSync(place, 'w'))
    must('unshare', [`--net=${place}`, 'ip', 'link', 'set', 'lo', 'up'])
    t.teardown(() => {
      unmount(place)
    })
    const netns = ['nsenter', `--net=${place}`]
    for (const family of ['iptables', 'ip6tables'])
      for (const chain of ['INPUT', 'OUTPUT'])
        must(netns[0]!, [netns[1]!, family, '-A', chain, '-j', 'ACCEPT'])
    const open = rulesOf(...netns)
    const other = await start(t, '4', netns)
    const program = await start(t, '4', netns)
    const images = t.testdir({})
    const extra = ['--tcp-established', '--empty-ns', 'net']
    const done = tryDump({ pid: program.pid, images, extra })
    t.equal(done.code, 0, errors({ images }, 'dump.log'))
    t.equal(await other.echo(), 'dead', 'the other container of the pod')

    const unnamed = gc('clean', '-D', images)
    t.match(unnamed.network, Array(2).fill({ kind: 'chain', verdict: 'kept', reason: 'external' }))
    t.equal(unnamed.exit.name, 'leftovers', 'it is closed still')
    t.equal(await other.echo(), 'dead')
    const found = scan()
    t.match(
      found.network.filter(({ where }) => where.includes(place)),
      Array(2).fill({ kind: 'chain', verdict: 'would-remove' }),
    )
    t.equal(found.exit.name, 'leftovers')
    // The configuration of its bundle names it; what is typed wins.
    const bundle = join(images, 'bundle')
    mkdirSync(join(bundle, 'rootfs'), { recursive: true })
    const namespaces = [{ type: 'mount' }, { type: 'network', path: place }]
    const spec = { root: { path: 'rootfs' }, mounts: [], linux: { namespaces } }
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec))
    const told = gc('show', '-D', images, '--bundle', bundle)
    const from = join(bundle, 'config.json')
    t.strictSame(
      told.derived.filter(({ option }) => option === '--netns'),
      [{ option: '--netns', value: place, from }],
    )
    t.strictSame(verdicts(told), ['chain would-remove', 'chain would-remove'])
    const typed = gc('show', '-D', images, '--bundle', bundle, '--netns', '/proc/self/ns/net')
    t.notOk(typed.derived.some(({ option }) => option === '--netns'))
    t.notOk(verdicts(typed).includes('chain would-remove'))
    const report = gc('clean', '-D', images, '--bundle', bundle)
    t.strictSame(verdicts(report), ['chain removed', 'chain removed'])
    t.match(report.network[0]?.where, place)
    t.equal(rulesOf(...netns), open)
    t.equal(await other.echo(), 'echoed')

    must(netns[0]!, [netns[1]!, 'nft', 'add table inet CRIU-mine'])
    must('sh', ['-c', `printf '%s' '${LOCKED}' | ${netns.join(' ')} iptables-nft-restore -n`])
    const left = scan('--remove', '--netns', place)
    t.strictSame(verdicts(left), ['table kept', 'chain removed'])
    t.equal(left.exit.name, 'clean')
    must(netns[0]!, [netns[1]!, 'nft', 'delete table inet CRIU-mine'])
    t.equal(rulesOf(...netns), open)
    t.equal(await other.echo(), 'echoed')

    const more = await start(t, '4', netns)
    const named = join(images, 'named')
    const nft = [...extra, '--network-lock', 'nftables']
    t.equal(tryDump({ pid: more.pid, images: named, extra: nft }).code, 0)
    t.equal(await other.echo(), 'dead', 'by a table with the name of the run')
    t.strictSame(verdicts(gc('clean', '-D', named)), ['table removed'])
    t.equal(rulesOf(...netns), open)
    t.equal(await other.echo(), 'echoed')

    // Of one that ended a file is left, and a process may be another one by now.
    writeFileSync('/run/netns/file', '')
    for (const path of ['/run/netns/file', '/run/netns/none', '/proc/self/ns/net']) {
      const other = { ...spec, linux: { namespaces: [{ type: 'network', path }] } }
      writeFileSync(join(bundle, 'config.json'), JSON.stringify(other))
      const left = gc('show', '-D', images, '--bundle', bundle)
      t.notOk(
        left.derived.some(({ option }) => option === '--netns'),
        path,
      )
    }
    for (const name of ['none', 'file']) {
      const { code, stderr } = runGc('clean', ['-D', images, '--netns', `/run/netns/${name}`])
      t.equal(code, 2)
      t.match(stderr, `/run/netns/${name}: no network namespace is there`)
    }
  })

  t.test('a dump killed at many calls: each connection goes on', { skip }, async (t) => {
    const own = ['unshare', '--net', 'sh', '-c', 'ip link set lo up; exec "$0" "$@"']
    const extra = ['--tcp-established']
    const first = await start(t, '4', own)
    const { all } = countCalls({ pid: first.pid, images: t.testdir({}), extra })
    let closed = 0
    let alive = 0
    for (let point = 0; point < LOCK.points; point++) {
      const call = 1 + ((SEED + Math.floor((all * point) / LOCK.points)) % all)
      const program = await start(t, point % 2 === 0 ? '4' : '6', own)
      const images = join(t.testdirName, String(point))
      if (!dumpKilledAt(call, { pid: program.pid, images, extra })) continue
      // CRIU's kill may break a program in which its parasite works, also a moment later.
      if (!isAlive(program.pid)) continue
      // Without images, which a child of CRIU's may still hold.
      const { report } = runGc('clean', ['--pid', String(program.pid)])
      if (report?.network === undefined && !isAlive(program.pid)) continue
      const rows = report?.network ?? []
      const lost = rows.filter(({ verdict }) => verdict !== 'removed')
      t.strictSame(lost, [], `call ${call} of ${all}`)
      unblock(program.pid)
      const said = await program.echo()
      if (said === 'ended') continue
      closed += rows.length
      alive += 1
      t.equal(said, 'echoed', `call ${call}: it goes on`)
      t.strictSame(verdicts(gc('show', '--pid', String(program.pid))), [])
    }
    t.ok(alive > 0, `${alive} of ${LOCK.points} live`)
    t.ok(closed > 0, `${closed} locks and sockets at ${LOCK.points} points`)
  })

  t.test('while CRIU is at work there', { skip }, async (t) => {
    const program = await start(t, '4', [
      'unshare',
      '--net',
      'sh',
      '-c',
      'ip link set lo up; "$0" "$@"',
    ])
    const netns = ['nsenter', '--target', String(program.pid), '--net']
    must('sh', ['-c', `printf '%s' '${LOCKED}' | ${netns.join(' ')} iptables-nft-restore -n`])
    const criu = spawn(
      netns[0]!,
      [...netns.slice(1), 'sh', '-c', 'exec -a criu sleep 100000'].map((word) =>
        word === 'sh' ? 'bash' : word,
      ),
    )
    t.teardown(() => criu.kill('SIGKILL'))
    const isThere = (): boolean => attempt('pgrep', ['-x', 'sleep']).code === 0
    while (!isThere()) await sleep(10)
    const { code, stderr } = runGc('clean', ['--pid', String(program.pid)])
    t.equal(code, 6, stderr)
    t.match(rulesOf(...netns), 'CRIU')
    const gone = once(criu, 'exit')
    criu.kill('SIGKILL')
    await gone
    t.strictSame(verdicts(gc('clean', '--pid', String(program.pid))), ['chain removed'])
  })
}

await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
