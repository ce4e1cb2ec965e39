// A checkpoint of a real podman's whose CRIU is killed, of a server with a client outside: by one clean --pid the same
// connection carries data again, and the next checkpoint succeeds. In a pod, whose network namespace two containers share,
// the other one gets its network back, also where the first has ended. In mount and network namespaces of its own.
import { copyFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { JsonReport } from '../../src/report/schema.js'
import { Client, join } from '../rig/client.js'
import { compile } from '../rig/compile.js'
import { killing } from '../rig/criu.js'
import { runGc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { mount, unmount } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { openPodman, type Podman } from '../rig/podman.js'
import { rulesOf } from '../rig/rules.js'
import { skipReason } from '../rig/runtime.js'
import { must } from '../rig/command.js'

const skip =
  skipReason('podman') ?? (needs('iptables', 'iptables') || needs('ip', 'iproute2') || needs('nft'))

const start = (t: Test): Podman => {
  // crun and podman refuse machines that have both kinds
  mount('-t', 'cgroup2', 'none', '/sys/fs/cgroup')
  t.teardown(() => {
    unmount('/sys/fs/cgroup')
  })
  const podman = openPodman((root) => {
    copyFileSync(compile('server.c', '-static'), `${root}/server`)
  })
  t.teardown(podman.cleanup)
  writeFileSync(`${podman.base}/criu.conf`, 'tcp-established\n')
  return podman
}

const serve = ({ base, ask }: Podman, name: string, port: number, where: string[]): number => {
  ask(
    ...['run', '--detach', '--name', name, ...where],
    ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000'],
    ...['--annotation', `org.criu.config=${base}/criu.conf`, 'holder', '/server', String(port)],
  )
  return Number(ask('inspect', name, '--format', '{{.State.Pid}}'))
}

const checkpoint = ({ call, wrap }: Podman, name: string, env: Record<string, string> = {}) => {
  wrap(env)
  const done = call('container', 'checkpoint', name)
  wrap()
  return done
}

const inNetns = (pid: number): string[] => ['nsenter', '--target', String(pid), '--net']

/** With nftables below them, the chains of the kernel are made by the first rule, and stay. */
const makeTables = ([enter = '', ...words]: readonly string[]): void => {
  for (const family of ['iptables', 'ip6tables'])
    for (const chain of ['INPUT', 'OUTPUT'])
      must(enter, [...words, family, '-w', '-A', chain, '-j', 'ACCEPT'])
}

const removed = ({ network }: JsonReport, kinds: readonly string[]): string[] =>
  network.filter(({ kind }) => kinds.includes(kind)).map(({ verdict }) => verdict)

const clean = (...words: readonly string[]): JsonReport => {
  const { report, stderr } = runGc('clean', words)
  if (report?.network === undefined) throw new Error(stderr)
  return report as JsonReport
}

const GONE = ['removed', 'removed']

const tests = (): void => {
  must('ip', ['link', 'set', 'lo', 'up'])

  t.test('a server: its checkpoint is killed', { skip }, async (t) => {
    const podman = start(t)
    const pid = serve(podman, 'one', 8001, ['--network', 'none'])
    makeTables(inNetns(pid))
    const client = await Client.connect(t, join(pid, 1, '4'), 8001)
    t.equal(await client.echo(), 'echoed')
    const before = rulesOf(...inNetns(pid))
    t.not(checkpoint(podman, 'one', killing({ before: 'pstree.img' })).code, 0)
    t.not(rulesOf(...inNetns(pid)), before, 'it is closed')
    t.equal(await client.echo(1000), 'dead')
    const report = clean('--pid', String(pid))
    t.strictSame(removed(report, ['chain']), GONE)
    t.strictSame(removed(report, ['socket']), ['removed'])
    t.equal(await client.echo(), 'echoed', 'the same connection')
    t.equal(rulesOf(...inNetns(pid)), before)
    const next = checkpoint(podman, 'one')
    t.equal(next.code, 0, next.stderr)
  })

  t.test(
    'a pod: the checkpoint of one of two is killed, and one has ended',
    { skip },
    async (t) => {
      const podman = start(t)
      podman.ask(
        ...['pod', 'create', '--name', 'pod', '--network', 'none', '--share', 'net'],
        ...['--infra-image', 'holder', '--infra-command', '/server 7000'],
      )
      const first = serve(podman, 'first', 8001, ['--pod', 'pod'])
      const other = serve(podman, 'other', 8002, ['--pod', 'pod'])
      makeTables(inNetns(other))
      const host = join(first, 2, '4')
      const client = await Client.connect(t, host, 8001)
      const neighbour = await Client.connect(t, host, 8002)
      for (const one of [client, neighbour]) t.equal(await one.echo(), 'echoed')
      const before = rulesOf(...inNetns(other))
      t.not(checkpoint(podman, 'first', killing({ before: 'pstree.img' })).code, 0)
      t.equal(await neighbour.echo(1000), 'dead', 'the other one has no network either')
      t.strictSame(removed(clean('--pid', String(first)), ['chain']), GONE)
      t.equal(await neighbour.echo(), 'echoed')
      t.equal(await client.echo(), 'echoed')
      t.equal(rulesOf(...inNetns(other)), before)

      const whole = checkpoint(podman, 'first')
      t.equal(whole.code, 0, whole.stderr)
      t.equal(await neighbour.echo(1000), 'dead', 'a checkpoint that went well leaves it closed')
      const images = `${podman.ask('inspect', 'first', '--format', '{{.StaticDir}}')}/checkpoint`
      const unnamed = clean('-D', images, '--only', 'network')
      t.match(
        unnamed.network,
        Array(2).fill({ kind: 'chain', verdict: 'kept', reason: 'external' }),
      )
      const named = clean('-D', images, '--only', 'network', '--netns', `/proc/${other}/ns/net`)
      t.strictSame(removed(named, ['chain']), GONE)
      t.equal(await neighbour.echo(), 'echoed')
      t.equal(rulesOf(...inNetns(other)), before)
    },
  )
}

await inside(import.meta.url, tests, { more: ['--net'] })
