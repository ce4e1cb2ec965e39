// `criu dump` of a server with a client outside is killed at points of its whole run: by one clean --pid the same connection
// carries data again both ways, SIGTERM ends the server, and the next dump succeeds. In mount, network and process
// namespaces of its own; the client is in ours, the server there too, or in one of its own.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join as path } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { LOCK, SEED } from '../battery/counts.js'
import { progress } from '../battery/progress.js'
import { attempt, must } from '../rig/command.js'
import { Client, join, type Version } from '../rig/client.js'
import { compile } from '../rig/compile.js'
import { criu, errors, skipReason, tryDump, type DumpOptions } from '../rig/criu.js'
import { countCalls, dumpKilledAt } from '../rig/dump-at.js'
import { runGc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { OWN_PROCESSES, ownRun, unmount } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { startProgram, type Program } from '../rig/program.js'
import { rulesOf } from '../rig/rules.js'

const skip =
  skipReason() ??
  (needs('nft', 'nftables') ||
    needs('iptables', 'iptables') ||
    needs('ip', 'iproute2') ||
    needs('python3'))

interface Kind {
  readonly own: boolean
  readonly method: 'iptables' | 'nftables'
  readonly version: Version
}

const KINDS: readonly Kind[] = [true, false].flatMap((own) =>
  (['iptables', 'nftables'] as const).flatMap((method) =>
    (['4', '6'] as const).map((version) => ({ own, method, version })),
  ),
)

const nameOf = ({ own, method, version }: Kind): string =>
  `${own ? 'a network namespace of its own' : 'ours'}, ${method}, IPv${version}`

interface Served {
  readonly program: Program
  readonly client: Client
  readonly rules: () => string
}

/** With nftables below them, the chains of the kernel are made by the first rule, and stay. */
const makeTables = ([program = '', ...words]: readonly string[]): void => {
  for (const family of ['iptables', 'ip6tables'])
    for (const chain of ['INPUT', 'OUTPUT'])
      must(program, [...words, family, '-w', '-A', chain, '-j', 'ACCEPT'])
}

const serve = async (t: Test, { own, version }: Kind, index: number): Promise<Served> => {
  const port = 20_000 + index
  const command = [compile('server.c', '-static'), String(port)]
  const program = await startProgram(
    t,
    own ? ['unshare', '--net', '--', ...command] : command,
    'echo "ended $?";',
  )
  const loopback = version === '4' ? '127.0.0.1' : '::1'
  const host = own ? join(program.pid, index, version) : loopback
  const client = await Client.connect(t, host, port)
  t.equal(await program.line(), 'served')
  const netns = own ? ['nsenter', '--target', String(program.pid), '--net'] : []
  if (own) makeTables(netns)
  return { program, client, rules: () => rulesOf(...netns) }
}

const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) &&
  !/^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))

/** What CRIU had started when it was killed has ended. */
const settled = async (): Promise<void> => {
  const isOfCriu = (pid: string): boolean => {
    try {
      return /^(?:ld-linux|criu|xtables|ip|nft)/.test(basename(readlinkSync(`/proc/${pid}/exe`)))
    } catch {
      return false
    }
  }
  while (readdirSync('/proc').some((pid) => /^\d+$/.test(pid) && isOfCriu(pid))) await sleep(5)
}

interface Count {
  alive: number
  closed: number
  broken: number
}

/** undefined where CRIU's kill has broken the server */
const tryPoint = async (
  t: Test,
  kind: Kind,
  index: number,
  call: number,
  count: Count,
): Promise<void> => {
  const { program, client, rules } = await serve(t, kind, index)
  const { pid } = program
  t.equal(await client.echo(), 'echoed')
  const before = rules()
  const images = path(t.testdir({}), 'killed')
  if (!dumpKilledAt(call, dumpOf(kind, pid, images))) return
  await settled()
  // a table that closes nothing yet says by its name alone whose it is
  const named = !kind.own && kind.method === 'nftables' ? ['-D', images] : []
  const { report, stderr } = runGc('clean', [...named, '--pid', String(pid)])
  const rows = report?.network ?? []
  // a program in which CRIU's parasite works may end a moment later
  const isBroken = report?.network === undefined || (await client.echo()) !== 'echoed'
  if (isBroken && !isAlive(pid)) {
    count.broken += 1
    return
  }
  count.alive += 1
  if (rows.length > 0) count.closed += 1
  t.not(isBroken, true, `the same connection carries data: ${stderr}${JSON.stringify(rows)}`)
  t.ok(
    rows.every(({ verdict }) => verdict === 'removed'),
    JSON.stringify(rows),
  )
  t.equal(rules(), before)
  program.send()
  t.equal(await client.line(), 'by itself\n')

  const next = dumpOf(kind, pid, path(t.testdirName, 'next'), ['--leave-running'])
  const done = tryDump(next)
  t.equal(done.code, 0, `the next dump: ${done.code === 0 ? '' : errors(next, 'dump.log')}`)
  t.equal(await client.echo(), 'echoed', 'and after it')
  if (report?.residue?.some((one) => one.kind === 'signals') === true) {
    // where CRIU has left no memory of its own, its log says that it was there
    const again = runGc('clean', ['-D', images, '--pid', String(pid), '--repair', 'signals'])
    const signals = again.report?.residue?.filter((one) => one.kind === 'signals') ?? []
    t.ok(
      signals.every(({ verdict }) => verdict === 'removed'),
      JSON.stringify(signals),
    )
  }
  program.kill('SIGTERM')
  t.equal(await program.line(), 'ended 143')
}

const dumpOf = (
  { own, method }: Kind,
  pid: number,
  images: string,
  more: readonly string[] = [],
): DumpOptions => ({
  ...{ pid, images },
  extra: [
    ...['--tcp-established', '--network-lock', method, ...more],
    ...(own ? ['--external', `veth[eth0]:eth0`] : []),
  ],
})

const tests = (): void => {
  must('ip', ['link', 'set', 'lo', 'up'])
  t.comment(`CRIU_GC_SEED=${SEED}`)
  const count = { alive: 0, closed: 0, broken: 0 }
  const say = progress('killed dumps of a server')

  t.test('a dump of a server that is killed', { skip }, async (t) => {
    // CRIU keeps there what it knows of the kernel: a dump before the first one has other calls than those after it
    ownRun()
    t.teardown(() => {
      unmount('/run')
    })
    attempt(criu, ['check'])
    makeTables(['env'])
    const calls = new Map<string, number>()
    for (let point = 0; point < LOCK.points; point++) {
      const kind = KINDS[(SEED + point) % KINDS.length]!
      const like = `${kind.own} ${kind.method}`
      if (!calls.has(like)) {
        const { program } = await serve(t, kind, LOCK.points + calls.size)
        const options = dumpOf(kind, program.pid, path(t.testdir({}), like))
        calls.set(like, countCalls(options).all)
      }
      const all = calls.get(like)!
      const call = 1 + ((SEED + Math.floor((all * point) / LOCK.points)) % all)
      await t.test(`at call ${call} of ${all}: ${nameOf(kind)}`, (t) =>
        tryPoint(t, kind, point, call, count),
      )
      say(point + 1, LOCK.points)
    }
    const { alive, closed, broken } = count
    t.ok(alive > 0, `${LOCK.points} points: ${alive} live`)
    t.ok(closed > 0, `${closed} of them closed`)
    t.comment(`${broken} broken by the kill itself`)
  })
}

await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
