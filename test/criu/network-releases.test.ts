// Locks as each release of CRIU wrote them, made by the real iptables (both backends) and nft: they go, each by images that
// say what a dump of that release says, and what others have beside them stays byte for byte. In mount and network
// namespaces of its own.
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { must } from '../rig/command.js'
import { writeForged, type Forged, type Socket } from '../rig/forged.js'
import { runGc, type Report } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import {
  CHAIN_LOCK,
  connectionRules,
  connectionTable,
  OLD_CHAIN_LOCK,
  RELEASES,
  tableLock,
  type Ends,
  type Release,
} from '../rig/locks.js'
import { needs } from '../rig/needs.js'
import { OWN_PROCESSES } from '../rig/namespace.js'
import { rulesOf } from '../rig/rules.js'

const skip =
  needs('nft', 'nftables') || needs('iptables-legacy', 'iptables') || needs('ip', 'iproute2')

const BACKENDS = ['legacy', 'nft'] as const
const FAMILIES = ['iptables', 'ip6tables'] as const
type Kind = 'v4' | 'v6' | 'mapped'
const KINDS: readonly Kind[] = ['v4', 'v6', 'mapped']

const PORTS = { sport: 4711, dport: 80 }
const six = (last: number): number[] => [
  0x20,
  0x01,
  0xd,
  0xb8,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  last,
]
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
/** as the images have it */
const SOCKETS: Readonly<Record<Kind, Socket>> = {
  v4: { from: [192, 0, 2, 1], to: [192, 0, 2, 2], ...PORTS },
  v6: { from: six(1), to: six(2), ...PORTS },
  mapped: { from: [...MAPPED, 192, 0, 2, 1], to: [...MAPPED, 192, 0, 2, 2], ...PORTS },
}

/** as that release gives it to which program */
const inRules = (kind: Kind, { mapped }: Pick<Release, 'mapped'>): [program: string, Ends] => {
  if (kind === 'v6')
    return ['ip6tables', { source: '2001:db8::1', destination: '2001:db8::2', ...PORTS }]
  const isSix = kind === 'mapped' && mapped === 'ip6tables'
  const text = (last: number): string => `${isSix ? '::ffff:' : ''}192.0.2.${last}`
  return [isSix ? mapped : 'iptables', { source: text(1), destination: text(2), ...PORTS }]
}

const otherEnd = ({ source, sport, destination, dport }: Ends): Ends => ({
  ...{ source: destination, sport: dport },
  ...{ destination: source, dport: sport },
})
const otherSocket = ({ from, sport, to, dport }: Socket): Socket => ({
  ...{ from: to, sport: dport },
  ...{ to: from, dport: sport },
})

const gc = (
  images: string,
  ...words: readonly string[]
): Required<Pick<Report, 'network'>> & Report => {
  const { report, stderr } = runGc('clean', ['-D', images, ...words])
  if (report?.network === undefined) throw new Error(stderr)
  return { ...report, network: report.network }
}

const verdicts = ({ network = [] }: Report): string[] =>
  network.map(({ kind, verdict }) => `${kind} ${verdict}`)

const RUN = '4218f011-5823-4915-a000-0123456789ab'

/** the tree was in our network namespace; the lock is what `lock` makes */
const goes = (t: Test, forged: Forged, lock: () => void, wanted: readonly string[]): void => {
  const before = rulesOf()
  const images = writeForged(join(t.testdir({}), 'images'), forged)
  lock()
  t.not(rulesOf(), before)
  const report = gc(images)
  t.strictSame(verdicts(report), wanted)
  t.equal(report.exit.name, 'clean')
  t.equal(rulesOf(), before)
}

const tests = (): void => {
  // With nftables below them, the chains of the kernel are made by the first rule, and stay. Rules of others are around
  // those of CRIU.
  for (const family of FAMILIES)
    for (const backend of BACKENDS)
      for (const chain of ['INPUT', 'OUTPUT'])
        must(`${family}-${backend}`, ['-w', '-A', chain, '-p', 'udp', '-j', 'ACCEPT'])

  for (const release of RELEASES)
    for (const backend of BACKENDS) {
      const add = (kind: Kind, turn: (ends: Ends) => Ends = (ends) => ends): void => {
        const [program, ends] = inRules(kind, release)
        for (const rule of connectionRules(turn(ends), release))
          must(`${program}-${backend}`, ['-w', ...rule])
      }

      for (const kind of KINDS)
        t.test(`${release.name}: a connection, ${kind}, ${backend}`, { skip }, (t) => {
          const lock = (): void => {
            add(kind)
          }
          goes(t, { sockets: [SOCKETS[kind]] }, lock, ['connection removed'])
          t.end()
        })

      t.test(`${release.name}: both ends in the tree, all kinds, ${backend}`, { skip }, (t) => {
        const sockets = KINDS.flatMap((kind) => [SOCKETS[kind], otherSocket(SOCKETS[kind])])
        const lock = (): void => {
          for (const kind of KINDS) {
            add(kind)
            add(kind, otherEnd)
          }
        }
        const before = rulesOf()
        const images = writeForged(join(t.testdir({}), 'images'), { sockets })
        lock()
        const report = gc(images)
        t.strictSame([...new Set(verdicts(report))], ['connection removed'])
        t.equal(report.exit.name, 'clean')
        t.equal(rulesOf(), before)
        t.end()
      })
    }

  for (const [name, text] of [
    ['2.8 and 2.9', OLD_CHAIN_LOCK],
    ['3.15, 3.17 and 4.2', CHAIN_LOCK],
  ] as const)
    for (const backend of BACKENDS)
      for (const twice of [false, true])
        t.test(
          `${name}: all of a namespace${twice ? ', led to twice' : ''}, ${backend}`,
          { skip },
          (t) => {
            const before = rulesOf()
            const images = writeForged(join(t.testdir({}), 'images'), { netns: 'own' })
            for (const family of FAMILIES) {
              must(`${family}-${backend}-restore`, ['-w', '--noflush'], text)
              if (!twice) continue
              for (const chain of ['INPUT', 'OUTPUT'])
                must(`${family}-${backend}`, ['-w', '-I', chain, '-j', 'CRIU'])
            }
            const report = gc(images, '--netns', '/proc/thread-self/ns/net')
            t.strictSame(verdicts(report), ['chain removed', 'chain removed'])
            t.equal(rulesOf(), before)
            t.end()
          },
        )

  for (const [name, table, forged] of [
    ['3.17', 'CRIU-4321', { pid: 4321, method: 1 }],
    ['4.2', `CRIU-${RUN.slice(0, 21)}`, { runId: RUN, method: 1 }],
    ['4.2 with a whole id', `CRIU-${RUN}`, { runId: RUN, method: 1 }],
  ] as const) {
    const nft = (text: string) => (): void => {
      must('nft', ['-f', '-'], text)
    }
    for (const kind of KINDS)
      t.test(`${name}: nftables, a connection, ${kind}`, { skip }, (t) => {
        const [, ends] = inRules(kind, { mapped: 'iptables' })
        const sockets = [SOCKETS[kind]]
        goes(t, { ...forged, sockets }, nft(connectionTable(table, [ends])), ['table removed'])
        t.end()
      })
    t.test(`${name}: nftables, all of a namespace`, { skip }, (t) => {
      const before = rulesOf()
      const images = writeForged(join(t.testdir({}), 'images'), { ...forged, netns: 'own' })
      nft(tableLock(table))()
      t.strictSame(verdicts(gc(images)), ['table removed'], 'its name says whose it is')
      t.equal(rulesOf(), before)
      t.end()
    })
  }
}

await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
