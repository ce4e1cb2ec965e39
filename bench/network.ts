// Locks of the network: very many connections at once, beside the programs of iptables that this takes in any case; and a
// look at very many network namespaces.
import fs from 'node:fs'
import path from 'node:path'
import { writeForged } from '../test/rig/forged.js'
import { cleared, commandLine } from '../test/rig/gc.js'
import { connectionRules } from '../test/rig/locks.js'
import { BACKENDS, Netns, type Backend } from '../test/rig/netns.js'
import { needs } from '../test/rig/needs.js'
import { type Bench, interleave, ms, paired, type Row, type Run, times } from './measure.js'

const ROUNDS = 7
const CONNECTIONS = 1000
const NAMESPACES = 500

const PORTS = Array.from({ length: CONNECTIONS }, (_, index) => 20_000 + index)

const restoreText = (how: '-I' | '-D'): string => {
  // A rule that comes to the head is before those that came earlier: they are looked for from there on.
  const ports = how === '-I' ? PORTS : PORTS.toReversed()
  const rules = ports
    .flatMap((sport) =>
      connectionRules(
        { source: '192.0.2.1', sport, destination: '192.0.2.2', dport: 80 },
        { how: '-I', hasMark: true },
      ),
    )
    .map((words) => words.slice(2).join(' ').replace('-I', how))
  return `*filter\n${rules.join('\n')}\nCOMMIT\n`
}

const connections = (bench: Bench, backend: Backend): Row => {
  const netns = new Netns()
  try {
    netns.makeTables()
    const images = writeForged(path.join(bench.folder, `locked-${backend}`), {
      sockets: PORTS.map((sport) => ({
        from: [192, 0, 2, 1],
        sport,
        to: [192, 0, 2, 2],
        dport: 80,
      })),
    })
    const deletions = path.join(bench.folder, 'deletions')
    fs.writeFileSync(deletions, restoreText('-D'))
    const program = `iptables-${backend}`
    const closed = restoreText('-I')
    const open = netns.rules()
    const locked = (...command: readonly string[]): Run => {
      netns.restore('iptables', backend, closed)
      const run = bench.timeUnder(netns.enter, ...(command as [string]))
      if (netns.rules() !== open) throw new Error('locks are left')
      return run
    }
    const script = `${program}-save -t filter >/dev/null && exec ${program}-restore -w --noflush <"$0"`
    const none = writeForged(path.join(bench.folder, `open-${backend}`), {})
    const clean = (folder: string): string[] => cleared(...commandLine(['clean', '-D', folder]))
    const runs = interleave(ROUNDS, {
      clean: () => locked('/usr/bin/env', ...clean(images)),
      none: () => bench.timeUnder(netns.enter, '/usr/bin/env', ...clean(none)),
      programs: () => locked('/bin/sh', '-c', script, deletions),
    })
    const ratio = paired(
      runs,
      (of) => (of('clean').wallMs - of('none').wallMs) / of('programs').wallMs,
    )
    return {
      what: `${CONNECTIONS.toLocaleString('en')} locked connections, ${backend}: beyond a run without`,
      goal: '<= 2 x save and restore',
      measured: `${ratio.toFixed(2)} x`,
      from: `${times(runs.clean)}, without ${times(runs.none)}, programs ${times(runs.programs)}`,
    }
  } finally {
    netns.end()
  }
}

const namespaces = (bench: Bench): Row => {
  const scan = (count: number) => (): Run =>
    bench.timeUnder(
      [bench.program('netns'), String(count)],
      '/usr/bin/env',
      ...cleared('sh', '-c', '"$0" "$@" >/dev/null 2>&1; test $? -le 4'),
      ...commandLine(['scan', '--network']),
    )
  const runs = interleave(ROUNDS, { many: scan(NAMESPACES), none: scan(0) })
  const each = paired(runs, (of) => of('many').wallMs - of('none').wallMs) / NAMESPACES
  return {
    what: `scan --network over ${NAMESPACES} network namespaces, each`,
    goal: '<= 5 ms',
    measured: ms(each),
    from: `${times(runs.many)} to ${times(runs.none)}`,
  }
}

export const network = (bench: Bench): Row[] => {
  const lacks = needs('nft', 'nftables') || needs('iptables-legacy', 'iptables')
  if (lacks !== false) throw new Error(lacks)
  return [...BACKENDS.map((backend) => connections(bench, backend)), namespaces(bench)]
}
