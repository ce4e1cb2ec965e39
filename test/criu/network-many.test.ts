// A thousand locked connections go by three programs: one shows the rules, one takes them away, and one shows what is left.
// In mount and network namespaces of its own.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { must } from '../rig/command.js'
import { writeForged } from '../rig/forged.js'
import { cleared, commandLine } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { CHAIN_LOCK, connectionRules, connectionTable, tableLock } from '../rig/locks.js'
import { OWN_PROCESSES } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { BACKENDS, Netns } from '../rig/netns.js'

const skip =
  needs('nft', 'nftables') ||
  needs('iptables-legacy', 'iptables') ||
  needs('ip', 'iproute2') ||
  needs('strace')

const MANY = 1000
const PORTS = Array.from({ length: MANY }, (_, index) => 20_000 + index)
const ends = (sport: number, version: 4 | 6) => {
  const address = version === 4 ? '192.0.2.' : '2001:db8::'
  return { source: `${address}1`, sport, destination: `${address}2`, dport: 80 }
}
const socket = (sport: number) => ({ from: [192, 0, 2, 1], sport, to: [192, 0, 2, 2], dport: 80 })

/** names of the programs that a run of the command starts */
const startedBy = (netns: Netns, folder: string, args: readonly string[]): string[] => {
  const log = join(folder, 'log')
  const strace = ['strace', '-f', '-qq', '-s', '200', '-e', 'trace=execve', '-o', log]
  must('env', cleared(...strace, ...netns.enter, ...commandLine(args)))
  return [
    ...readFileSync(log, 'latin1').matchAll(/execve\("(?:\/usr)?\/sbin\/([^"]+)".* = 0$/gm),
  ].map(([, name = '']) => name)
}

const tests = (): void => {
  for (const backend of BACKENDS)
    t.test(`connections: ${backend}`, { skip }, (t) => {
      const netns = new Netns()
      t.teardown(() => {
        netns.end()
      })
      // Tables of the other family and backend are there, and have nothing of these.
      if (backend === 'nft') netns.makeTables()
      else netns.restore('iptables', 'legacy', '*filter\n-A INPUT -p udp -j ACCEPT\nCOMMIT\n')
      const open = netns.rules()
      const rules = PORTS.flatMap((port) =>
        connectionRules(ends(port, 4), { how: '-I', hasMark: true }),
      )
      const lines = rules.map((words) => words.slice(2).join(' '))
      netns.restore('iptables', backend, ['*filter', ...lines, 'COMMIT', ''].join('\n'))
      const folder = t.testdir({})
      const images = writeForged(join(folder, 'images'), { sockets: PORTS.map(socket) })
      const started = startedBy(netns, folder, ['clean', '-D', images])
      const others = backend === 'nft' ? ['iptables-legacy-save'] : []
      t.strictSame(
        started.filter((name) => !others.includes(name)),
        ['save', 'restore', 'save'].map((what) => `iptables-${backend}-${what}`),
      )
      t.equal(netns.rules(), open)
      t.end()
    })

  t.test('tables', { skip }, (t) => {
    const netns = new Netns()
    t.teardown(() => {
      netns.end()
    })
    const folder = t.testdir({})
    const sockets = PORTS.map(socket)
    const images = writeForged(join(folder, 'images'), { method: 1, pid: 17, sockets })
    for (const text of [
      connectionTable(
        'CRIU-17',
        PORTS.map((port) => ends(port, 4)),
      ),
      tableLock('CRIU-17'),
    ]) {
      netns.nft(text)
      t.strictSame(startedBy(netns, folder, ['clean', '-D', images]), ['nft', 'nft'])
    }
    t.end()
  })

  t.test('a whole namespace, where nothing else is', { skip }, (t) => {
    const netns = new Netns()
    t.teardown(() => {
      netns.end()
    })
    netns.restore('iptables', 'nft', CHAIN_LOCK)
    const folder = t.testdir({})
    const images = writeForged(join(folder, 'images'), {})
    const args = ['clean', '-D', images, '--netns', '/proc/thread-self/ns/net']
    t.equal(startedBy(netns, folder, args).length, 3)
    t.strictSame(startedBy(netns, folder, args), [], 'nothing is there')
    t.end()
  })
}

await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
