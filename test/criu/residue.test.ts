// What a killed dump leaves beside links is named, with a command that undoes it; what somebody else made on purpose is
// not. In mount and network namespaces of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { JsonReport, JsonResidue } from '../../src/report/schema.js'
import { attempt, must, type Result } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { errors, skipReason, tryDump } from '../rig/criu.js'
import { program, runGc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { CHAIN_LOCK } from '../rig/locks.js'
import { mount, OWN_PROCESSES, unmount } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { startProgram, type Program } from '../rig/program.js'
import { node } from '../rig/repo.js'

const needsFilters = needs('nft', 'nftables') || needs('iptables-legacy', 'iptables')

/** residue.c in a network namespace of its own, or in ours; its end is said in a line of its own */
function start(t: Test, words: readonly string[], own = true): Promise<Program> {
  const command = [compile('residue.c', '-pthread'), ...words]
  const inNetns = own ? ['unshare', '--net', '--', ...command] : command
  return startProgram(t, inNetns, 'echo "ended $?";')
}

const look = (
  { pid }: Program,
  word: 'show' | 'clean' = 'show',
  more: readonly string[] = [],
): JsonReport => {
  const { report, stderr } = runGc(word, ['--pid', String(pid), ...more])
  if (report?.residue === undefined) throw new Error(stderr)
  return report as JsonReport
}

const CACHE = '/run/criu.kdat.tmp'
const HOSTS = ['kerndat', 'yards']

/** what is the container's: this machine may have something of others */
const findings = (report: JsonReport): readonly JsonResidue[] =>
  report.residue.filter(({ kind }) => !HOSTS.includes(kind))

const kinds = (report: JsonReport): string[] => findings(report).map(({ kind }) => kind)

const verdicts = ({ network }: JsonReport): string[] =>
  network.map(({ kind, verdict }) => `${kind} ${verdict}`)

/** in a shell that finds the command */
const paste = (line: string): Result => {
  const whole = `criu-gc() { env -i PATH="$PATH" '${node}' '${program}' "$@"; }; ${line}`
  return attempt('bash', ['-c', whole])
}

/** as an operator would who pastes the lines */
function undo(t: Test, all: readonly JsonResidue[]): void {
  for (const { undo, where } of all) {
    if (undo === undefined) continue
    const done = paste(undo)
    t.ok(done.code === 0 || done.code === 4, `${where}: ${undo}\n${done.stderr}`)
  }
}

const inNetns = ({ pid }: Program, ...words: string[]): string =>
  must('nsenter', ['--target', String(pid), '--net', ...words])

/** all rules of both interfaces, without counters */
const rulesOf = (program: Program): string =>
  ['nft list ruleset', 'iptables-legacy-save', 'ip6tables-legacy-save']
    .map((words) => inNetns(program, ...words.split(' ')))
    .join('')
    .replace(/^#.*\n/gm, '')
    .replace(/\[\d+:\d+\]|counter packets \d+ bytes \d+/g, '')

const lock = (program: Program, restore: string, text = CHAIN_LOCK): string =>
  inNetns(program, 'sh', '-c', `printf %s '${text}' | ${restore} -w --noflush`)

function withTmpfs(t: Test, place: string): void {
  mount('-t', 'tmpfs', 'tmpfs', place)
  t.teardown(() => {
    unmount(place)
  })
}

const tests = (): void => {
  must('ip', ['link', 'set', 'lo', 'up'])

  t.test(
    'a program that nothing was done to, and one that blocks its signals itself',
    async (t) => {
      const program = await start(t, ['full', 'tcp'])
      t.strictSame(kinds(look(program)), [])
    },
  )

  t.test('a socket in repair mode', { skip: needsFilters }, async (t) => {
    const program = await start(t, ['repair'])
    t.equal(await program.echo(), 'not sent')
    t.match(look(program).network, [
      { kind: 'socket', verdict: 'would-remove', where: /^descriptor \d+ of process \d+$/ },
    ])
    t.equal(await program.echo(), 'not sent', 'show has changed nothing')
    t.strictSame(verdicts(look(program, 'clean')), ['socket removed'])
    t.equal(await program.echo(), 'echoed')
    t.strictSame(verdicts(look(program)), [])
  })

  t.test('signals that CRIU blocked, in each thread', async (t) => {
    const program = await start(t, ['memfd', 'mute'])
    program.kill('SIGTERM')
    const report = look(program)
    t.strictSame(kinds(report), ['signals', 'parasite'])
    const [found] = findings(report)
    t.match(found?.where, new RegExp(`^threads ${program.pid}, \\d+$`))
    t.equal(report.exit.name, 'incomplete', 'it is only named')
    const asked = look(program, 'show', ['--repair', 'signals'])
    t.match(findings(asked)[0], { kind: 'signals', verdict: 'would-remove' })
    t.equal(asked.exit.name, 'leftovers')
    undo(t, [found!])
    t.equal(await program.line(), 'ended 143', 'it was waiting')
  })

  t.test('the same mask in a program that no dump was at', async (t) => {
    const program = await start(t, ['mute'])
    const status = (): string => readFileSync(`/proc/${program.pid}/status`, 'latin1')
    const report = look(program, 'clean', ['--repair', 'signals,freezer,sockets'])
    t.match(findings(report), [{ kind: 'signals', verdict: 'kept', reason: 'foreign' }])
    t.notHas(findings(report)[0], { undo: String })
    t.match(status(), /^SigBlk:\tfffffffffffbfeef$/m)
  })

  t.test('stopped', async (t) => {
    const program = await start(t, [])
    program.kill('SIGSTOP')
    const isStopped = (): boolean =>
      readFileSync(`/proc/${program.pid}/status`, 'utf8').includes('T (stopped)')
    while (!isStopped()) await sleep(10)
    const found = findings(look(program))
    t.match(found, [{ kind: 'stopped', where: `process ${program.pid}` }])
    undo(t, found)
    t.notOk(isStopped())
  })

  t.test("memory of CRIU's parasite", async (t) => {
    const program = await start(t, ['memfd'])
    const found = findings(look(program))
    t.match(found, [{ kind: 'parasite', where: `process ${program.pid}` }])
    t.notHas(found[0], { undo: String }, 'nothing can undo it')
  })

  for (const [version, type, file, frozen, thawed] of [
    [2, ['-t', 'cgroup2', 'none'], 'cgroup.freeze', '1', '0'],
    [1, ['-t', 'cgroup', '-o', 'freezer', 'none'], 'freezer.state', 'FROZEN', 'THAWED'],
  ] as const)
    t.test(`a frozen cgroup above it, version ${version}`, async (t) => {
      const place = mkdtempSync(join(tmpdir(), 'criu-gc-cgroup-'))
      t.teardown(() => rmdirSync(place))
      if (attempt('mount', [...type, place]).code !== 0) {
        t.comment(`cgroups of version ${version} that can freeze cannot be mounted here`)
        return
      }
      t.teardown(() => {
        unmount(place)
      })
      const above = join(place, `criu-gc-test-${process.pid}`)
      const own = join(above, 'own')
      mkdirSync(own, { recursive: true })
      t.teardown(() => {
        for (const folder of [own, above]) rmdirSync(folder)
      })
      if (!existsSync(join(above, file))) {
        t.comment(`cgroups of version ${version} cannot be frozen here`)
        return
      }
      const program = await start(t, [])
      writeFileSync(join(own, 'cgroup.procs'), String(program.pid))
      const state = join(above, file)
      t.strictSame(kinds(look(program)), [])
      t.teardown(() => {
        writeFileSync(state, thawed)
      })
      writeFileSync(state, frozen)
      const found = findings(look(program))
      t.match(found, [
        {
          ...{ kind: 'freezer', verdict: 'kept', reason: 'foreign' },
          where: new RegExp(`/criu-gc-test-${process.pid}/${file}$`),
        },
      ])
      const asked = look(program, 'clean', ['--repair', 'freezer'])
      t.match(findings(asked), [{ verdict: 'kept', reason: 'foreign' }])
      t.equal(readFileSync(state, 'utf8').trim(), frozen, 'somebody may have paused it')
      undo(t, found)
      t.equal(readFileSync(state, 'utf8').trim(), thawed)
      t.strictSame(kinds(look(program)), [])
    })

  t.test('network locks of each kind', { skip: needsFilters }, async (t) => {
    const program = await start(t, ['tcp'])
    const restores = ['iptables', 'ip6tables'].flatMap((name) => [
      `${name}-nft-restore`,
      `${name}-legacy-restore`,
    ])
    const others = ['INPUT', 'OUTPUT'].map((chain) => `-A ${chain} -p udp -j DROP\n`).join('')
    for (const restore of restores) lock(program, restore, `*filter\n${others}COMMIT\n`)
    const before = rulesOf(program)
    for (const restore of restores) lock(program, restore)
    const locked = rulesOf(program)
    const shown = look(program)
    t.equal(rulesOf(program), locked, 'a look changes no rule')
    t.strictSame(verdicts(shown), Array(restores.length).fill('chain would-remove'))
    t.equal(shown.exit.name, 'leftovers')
    const report = look(program, 'clean')
    t.strictSame(verdicts(report), Array(restores.length).fill('chain removed'))
    t.strictSame(report.networkUnread, [])
    t.equal(rulesOf(program), before)
    t.equal(await program.echo(), 'echoed')
    t.strictSame(verdicts(look(program, 'clean')), [], 'nothing is left to do')
  })

  t.test(
    'a lock that is there twice, by both programs of a backend',
    { skip: needsFilters },
    async (t) => {
      const program = await start(t, ['tcp'])
      const before = (lock(program, 'iptables-nft-restore', '*filter\nCOMMIT\n'), rulesOf(program))
      lock(program, 'iptables-nft-restore')
      for (const chain of ['INPUT', 'OUTPUT'])
        inNetns(program, 'iptables-nft', '-I', chain, '-j', 'CRIU')
      t.strictSame(verdicts(look(program, 'clean')), ['chain removed'])
      t.equal(rulesOf(program).replace(/^table ip filter[^]*?^}\n/m, ''), before)
    },
  )

  t.test('what others made is named, and left', { skip: needsFilters }, async (t) => {
    const program = await start(t, [])
    lock(program, 'iptables-nft-restore', CHAIN_LOCK.replace('-j DROP', '-p udp -j DROP'))
    lock(
      program,
      'ip6tables-legacy-restore',
      CHAIN_LOCK.replace('COMMIT', '-A CRIU -j ACCEPT\nCOMMIT'),
    )
    inNetns(program, 'nft', 'add table inet CRIU-mine')
    inNetns(program, 'nft', 'add table inet CRIU-77; add chain inet CRIU-77 input')
    const before = rulesOf(program)
    const report = look(program, 'clean')
    t.match(
      [...report.network].sort((a, b) => (a.what < b.what ? -1 : 1)),
      [
        { kind: 'chain', verdict: 'kept', reason: 'differs', message: /its rules/ },
        { kind: 'chain', verdict: 'kept', reason: 'differs', message: /its rules/ },
        { kind: 'table', verdict: 'kept', reason: 'differs', message: /its chains/ },
        { kind: 'table', verdict: 'kept', reason: 'foreign' },
      ],
    )
    t.equal(report.exit.name, 'leftovers')
    t.equal(rulesOf(program), before)
  })

  t.test("a lock of the host's network namespace", { skip: needsFilters }, async (t) => {
    const program = await start(t, [], false)
    lock(program, 'iptables-nft-restore')
    const report = look(program, 'clean')
    t.match(report.network, [
      { kind: 'chain', verdict: 'removed', where: "the host's network namespace" },
    ])
    t.strictSame(verdicts(look(program)), [])
  })

  for (const method of ['iptables', 'nftables'])
    t.test(
      `a killed dump that locked with ${method}: the connection goes on`,
      { skip: skipReason() ?? needsFilters },
      async (t) => {
        const program = await start(t, ['tcp'])
        t.equal(await program.echo(), 'echoed')
        const images = t.testdir({})
        const done = tryDump({
          pid: program.pid,
          images,
          extra: ['--tcp-established', '--network-lock', method],
          killAt: { before: 'pstree.img' },
        })
        t.equal(done.code, -1, `killed ${errors({ images }, 'dump.log')}`)
        const ours = must('nft', ['list', 'ruleset'])
        const found = verdicts(look(program, 'clean'))
        t.strictSame(
          [...new Set(found)].sort(),
          [`${method === 'iptables' ? 'chain' : 'table'} removed`, 'socket removed'].sort(),
        )
        t.equal(await program.echo(), 'echoed')
        const after = look(program)
        t.strictSame(verdicts(after), [])
        t.strictSame(
          kinds(after).filter((kind) => kind !== 'parasite'),
          [],
        )
        t.notMatch(rulesOf(program), 'CRIU')
        t.equal(must('nft', ['list', 'ruleset']), ours, "the host's rules are as before")
      },
    )

  t.test('programs that are missing are named with their packages', async (t) => {
    const program = await start(t, [])
    lock(program, 'iptables-nft-restore')
    inNetns(program, 'nft', 'add table inet CRIU-7')
    withTmpfs(t, '/usr/sbin')
    const { exit, network, networkUnread } = look(program)
    t.strictSame(networkUnread, [
      `locks in network namespace of process ${program.pid} (missing: nft (package nftables), iptables-nft-save (package iptables))`,
    ])
    t.match(network, [
      { kind: 'table', verdict: 'kept', message: 'it could not be looked at' },
      { kind: 'chain', verdict: 'kept', message: 'it could not be looked at' },
    ])
    t.equal(exit.name, 'leftovers')
  })

  t.test('where nothing is, no program is needed to see that', async (t) => {
    const program = await start(t, [])
    withTmpfs(t, '/usr/sbin')
    t.strictSame(look(program).networkUnread, [])
  })

  t.test('a program that never ends', { skip: needsFilters }, async (t) => {
    const program = await start(t, [])
    inNetns(program, 'nft', 'add table inet CRIU-7')
    withTmpfs(t, '/usr/sbin')
    writeFileSync('/usr/sbin/nft', '#!/bin/sh\nexec sleep 100000\n')
    chmodSync('/usr/sbin/nft', 0o755)
    const { networkUnread } = look(program)
    t.match(
      networkUnread[0],
      `locks in network namespace of process ${program.pid} (nft: it did not end in time)`,
    )
  })

  t.test('on the host: an empty cache of what the kernel can', async (t) => {
    const program = await start(t, [])
    withTmpfs(t, '/run')
    const caches = (): JsonResidue[] =>
      look(program).residue.filter(({ kind }) => kind === 'kerndat')
    t.strictSame(caches(), [])
    writeFileSync(CACHE, '')
    const criu = spawn('sleep', ['100000'], { argv0: 'criu' })
    t.teardown(() => criu.kill('SIGKILL'))
    await once(criu, 'spawn')
    t.strictSame(caches(), [], 'while a CRIU runs')
    criu.kill('SIGKILL')
    await once(criu, 'exit')
    const found = caches()
    t.match(found, [{ where: CACHE }])
    undo(t, found)
    t.notOk(existsSync(CACHE))
    writeFileSync(CACHE, 'contents')
    t.strictSame(caches(), [])
  })
}

await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
