// Containers of real runtimes in a network namespace that others use as well, and in one of their own: checkpoints that were
// killed or given up, and restores that failed. By one command, in each way to say where, the network is open again, the rules
// are what they were, and the next checkpoint succeeds and is restored. In mount and network namespaces of its own.
import { appendFileSync, closeSync, copyFileSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { JsonReport } from '../../src/report/schema.js'
import { Client } from '../rig/client.js'
import { attempt, must } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { killing } from '../rig/criu.js'
import { runGc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { askAll, settled, until } from '../rig/living.js'
import { mount, ownRun, unmount } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { startProgram } from '../rig/program.js'
import { rulesOf } from '../rig/rules.js'
import { skipReason, type Container, type Runtime } from '../rig/runtime.js'
import { runPlain, serverIn } from '../rig/server.js'

const skipOf = (runtime: Runtime): string | false =>
  skipReason(runtime) ??
  (needs('iptables', 'iptables') || needs('nft', 'nftables') || needs('python3'))

const KILL = killing({ before: 'pstree.img' })

const clean = (...words: readonly string[]): JsonReport => {
  const { report, stderr } = runGc('clean', words)
  if (report?.network === undefined) throw new Error(stderr)
  return report as JsonReport
}

/** "chain removed" */
const rows = ({ network }: JsonReport): string[] => [
  ...new Set(network.map(({ kind, verdict }) => `${kind} ${verdict}`)),
]

/** With nftables below them, the chains of the kernel are made by the first rule, and stay. */
const makeTables = (enter: string, ...words: readonly string[]): void => {
  for (const family of ['iptables', 'ip6tables'])
    for (const chain of ['INPUT', 'OUTPUT'])
      must(enter, [...words, family, '-w', '-A', chain, '-j', 'ACCEPT'])
}

/** crun refuses machines that have both kinds of cgroups, and what is kept of containers is below /run */
const ownPlaces = (t: Test): void => {
  mount('-t', 'cgroup2', 'none', '/sys/fs/cgroup')
  ownRun()
  t.teardown(() => {
    for (const place of ['/run', '/sys/fs/cgroup']) unmount(place)
  })
}

/** where its runtime has its state unless told */
const known = (t: Test, runtime: Runtime, { base }: Container): void => {
  mkdirSync(`/run/${runtime}`)
  mount('--bind', `${base}/state`, `/run/${runtime}`)
  t.teardown(() => {
    unmount(`/run/${runtime}`)
  })
}

interface Pod {
  readonly netns: string
  readonly enter: readonly [string, ...string[]]
  /** of a container in there */
  readonly address: string
}

/** A network namespace that nothing but its name keeps, and that we reach. */
const makePod = (t: Test, index: number): Pod => {
  mkdirSync('/run/netns')
  const netns = '/run/netns/pod'
  closeSync(openSync(netns, 'w'))
  must('unshare', [`--net=${netns}`, 'ip', 'link', 'set', 'lo', 'up'])
  t.teardown(() => {
    unmount(netns)
  })
  const [name, ours, address] = [`pod${index}`, `10.78.${index}.1`, `10.78.${index}.2`]
  must('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'pod'])
  must('ip', ['address', 'add', `${ours}/24`, 'dev', name])
  must('ip', ['link', 'set', name, 'up'])
  for (const words of [
    ['address', 'add', `${address}/24`, 'dev', 'eth0'],
    ['link', 'set', 'eth0', 'up'],
  ])
    must('ip', ['-n', 'pod', ...words])
  const enter = ['nsenter', `--net=${netns}`] as const
  makeTables(...enter)
  return { netns, enter: [...enter], address }
}

const pidOf = async (container: Container): Promise<string> => {
  const pid = await until('it does not run', () => container.pid())
  await settled([pid])
  return String(pid)
}

/** it may not listen yet */
const connect = async (t: Test, host: string, port: number): Promise<Client> => {
  for (;;)
    try {
      return await Client.connect(t, host, port)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error
    }
}

const TCP = { config: 'tcp-established\n' }

const bundleOf = ({ base }: Container): string => `${base}/bundle`

const tests = (): void => {
  must('ip', ['link', 'set', 'lo', 'up'])

  for (const [index, runtime] of (['runc', 'crun'] as const).entries()) {
    const skip = skipOf(runtime)

    t.test(`${runtime}: two containers in one network namespace`, { skip }, async (t) => {
      ownPlaces(t)
      const { netns, enter, address } = makePod(t, index)
      const container = await runPlain(runtime, { ...TCP, server: 8001, netns })
      t.teardown(container.cleanup)
      const other = await runPlain(runtime, { ...TCP, server: 8002, netns })
      t.teardown(other.cleanup)
      known(t, runtime, container)
      const client = await connect(t, address, 8001)
      const neighbour = await connect(t, address, 8002)
      const rules = rulesOf(...enter)
      const isOpen = async (what: string): Promise<void> => {
        t.equal(rulesOf(...enter), rules, `${what}: the rules are what they were`)
        t.equal(await neighbour.echo(), 'echoed', `${what}: of the other container`)
        t.equal(await client.echo(), 'echoed', what)
      }
      await isOpen('at first')

      const killed = container.images('killed')
      for (const words of [
        ['--pid', await pidOf(container)],
        ['-D', killed, '--bundle', bundleOf(container)],
        ['-D', killed, '--container', container.name],
        ['-D', killed, '--pid', await pidOf(container)],
        // its connection stays in repair mode then: that takes its process
        ['-D', killed, '-J', `net:${netns}`],
        ['-D', killed, '--netns', netns],
      ]) {
        const what = `killed, ${words[words.length - 2]!}`
        t.not(container.checkpoint('killed', KILL).code, 0, what)
        const pid = await pidOf(container)
        t.not(rulesOf(...enter), rules, 'it is closed')
        t.ok(rows(clean(...words)).includes('chain removed'), what)
        t.equal(rulesOf(...enter), rules)
        t.equal(await neighbour.echo(), 'echoed', what)
        const more =
          words.includes('--netns') || words.includes('-J') ? clean('--pid', pid) : undefined
        if (more !== undefined) t.strictSame(rows(more), ['socket removed'])
        await isOpen(what)
      }

      for (const [number, words] of [
        ['--bundle', bundleOf(container)],
        ['-J', `net:${netns}`],
        ['--netns', netns],
      ].entries()) {
        const what = `given up, ${words[0]!}`
        const images = `images-${number}`
        const done = container.checkpoint(images)
        t.equal(done.code, 0, done.stderr)
        t.equal(container.pid(), undefined)
        t.equal(await neighbour.echo(1000), 'dead', 'whole, and closed')
        const at = ['-D', container.images(images)]
        t.strictSame(rows(clean(...at)), ['chain kept'], 'nothing says where')
        const report = clean(...at, ...words)
        t.strictSame(rows(report), ['chain removed'], what)
        t.equal(report.exit.name, 'clean')
        t.equal(rulesOf(...enter), rules, what)
        t.equal(await neighbour.echo(), 'echoed', what)
        const restored = container.restore(images)
        t.equal(restored.code, 0, restored.stderr)
        await isOpen(`${what}: restored`)
      }

      const done = container.checkpoint('images-failed')
      t.equal(done.code, 0, done.stderr)
      const server = serverIn(container.base)
      renameSync(server, `${server}.whole`)
      copyFileSync(`${server}.whole`, server)
      appendFileSync(server, 'x')
      t.not(container.restore('images-failed').code, 0)
      t.equal(await neighbour.echo(1000), 'dead', 'a restore that failed leaves it closed')
      const report = clean('-D', container.images('images-failed'), '--bundle', bundleOf(container))
      t.strictSame(rows(report), ['chain removed'])
      t.equal(rulesOf(...enter), rules)
      t.equal(await neighbour.echo(), 'echoed', 'by one command it carries data again')
      renameSync(`${server}.whole`, server)
      // crun keeps one whose restore failed
      const [program = '', ...words] = container.program
      attempt(program, [...words, 'delete', '--force', container.name])
      const restored = container.restore('images-failed')
      t.equal(restored.code, 0, restored.stderr)
      await isOpen('restored in the end')
    })

    t.test(`${runtime}: a network namespace of its own`, { skip }, async (t) => {
      ownPlaces(t)
      const container = await runPlain(runtime, { config: 'link-remap\n' })
      t.teardown(container.cleanup)
      known(t, runtime, container)
      const pid = await pidOf(container)
      const enter = ['nsenter', '--target', pid, '--net'] as const
      must(enter[0], [...enter.slice(1), 'ip', 'link', 'set', 'lo', 'up'])
      makeTables(...enter)
      const rules = rulesOf(...enter)
      const killed = container.images('killed')
      for (const words of [
        ['--bundle', bundleOf(container)],
        ['--container', container.name],
        ['--pid', pid],
      ])
        await t.test(`killed, ${words[0]!}`, async (t) => {
          const within = await startProgram(t, [...enter, compile('network.c'), '4'])
          t.equal(await within.echo(), 'echoed')
          t.not(container.checkpoint('killed', KILL).code, 0)
          await settled([Number(pid)])
          t.equal(await within.echo(), 'dead')
          t.strictSame(rows(clean('-D', killed, ...words)), ['chain removed'])
          t.equal(rulesOf(...enter), rules)
          t.equal(await within.echo(), 'echoed')
          t.equal(await askAll([Number(pid)]), 'works')
        })
      const done = container.checkpoint('images')
      t.equal(done.code, 0, done.stderr)
      const words = ['-D', container.images('images'), '--bundle', bundleOf(container)]
      let { network } = clean(...words, '--only', 'network')
      // Chains that other tests have closed might be this dump's, as far as anybody can tell.
      while (network.some(({ reason }) => reason === 'external')) {
        await sleep(200)
        ;({ network } = clean(...words, '--only', 'network'))
      }
      t.match(network, [{ kind: 'namespace', verdict: 'vanished' }], 'it ended with its tasks')
      const restored = container.restore('images')
      t.equal(restored.code, 0, restored.stderr)
      t.equal(await askAll([Number(await pidOf(container))]), 'works')
    })
  }
}

await inside(import.meta.url, tests, { more: ['--net'] })
