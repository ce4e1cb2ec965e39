// The checks on the way to the removal of a lock or a residue, how each is knocked out of the built command, and a case that
// then goes wrong.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { compile } from '../rig/compile.js'
import { writeForged, type Forged } from '../rig/forged.js'
import {
  CHAIN_LOCK,
  connectionRules,
  connectionTable,
  tableLock,
  TABLE_LOCK,
  type Ends,
} from '../rig/locks.js'
import { mount, unmount } from '../rig/namespace.js'
import type { Netns } from '../rig/netns.js'
import { startProgram } from '../rig/program.js'
import type { Replacement } from './guards.js'

export interface Case {
  readonly netns: Netns
  readonly t: Test
  /** a folder of this run's own */
  readonly folder: string
}

export interface Wanted {
  /** of the command, which runs in the network namespace unless `outside` says that it does not */
  readonly args: readonly string[]
  readonly outside?: true
  /** of residue, this machine's own may be among what decides */
  readonly code?: number
  /** "chain kept differs", of locks and residue, without those that are only named */
  readonly rows: readonly string[]
  /** what else is wrong after it */
  readonly look?: () => string[]
}

export interface NetworkGuard extends Replacement {
  readonly name: string
  readonly behind?: readonly Replacement[]
  readonly close: (on: Case) => Wanted | Promise<Wanted>
}

export const OURS = '/proc/thread-self/ns/net'
const RUN = '4218f011-5823-4915-a000-0123456789ab'
const OTHER = '17ab0000-5823-4915-a000-0123456789ab'
const SOCKET = { from: [192, 0, 2, 1], sport: 4711, to: [192, 0, 2, 2], dport: 80 }
const ENDS: Ends = { source: '192.0.2.1', sport: 4711, destination: '192.0.2.2', dport: 80 }
const OTHERS: Ends = { ...ENDS, sport: 4712 }
const LOCK_RULES = '-A CRIU -j DROP'

/** by its images; `more` are options */
const clean = ({ folder }: Case, forged: Forged, ...more: readonly string[]): string[] => [
  ...['clean', '-D', writeForged(join(folder, 'images'), forged), ...more],
]

/** what somebody else's is leaves nothing to do */
const kept = (
  args: readonly string[],
  rows: readonly string[],
  code = rows.some((row) => / (?:differs|external|locked|failed)$/.test(row)) ? 3 : 0,
): Wanted => ({ args, rows, code })

const addRules = ({ netns }: Case, ends: Ends): void => {
  for (const rule of connectionRules(ends, { how: '-I', hasMark: true }))
    netns.run('iptables-nft', ['-w', ...rule])
}

/** a chain CRIU like a lock, but for what `change` makes of it */
const chain =
  (change: (text: string) => string): NetworkGuard['close'] =>
  (on) => {
    on.netns.restore('iptables', 'nft', change(CHAIN_LOCK))
    return kept(clean(on, {}, '--netns', OURS), ['chain kept differs'])
  }

/** a table of this run's name, but for what `change` makes of it */
const table =
  (change: (text: string) => string, text = tableLock(`CRIU-${RUN}`)): NetworkGuard['close'] =>
  (on) => {
    on.netns.nft(change(text))
    return kept(clean(on, { runId: RUN, method: 1 }, '--netns', OURS), ['table kept differs'])
  }

const conns = connectionTable(`CRIU-${RUN}`, [ENDS])
const addRule = (rule: string): ((text: string) => string) => {
  return (text) => `${text}\nadd rule inet CRIU-${RUN} ${rule}`
}

/** an exact table that is not this dump's, in a namespace that it did not close alone */
const foreign =
  (text: string, forged: Forged): NetworkGuard['close'] =>
  (on) => {
    on.netns.nft(text)
    const args = clean(on, forged, '--netns', on.netns.path)
    return { ...kept(args, ['table kept other-run']), outside: true }
  }

/** a chain that iptables cannot remove: another one of nft's leads to it */
const stuck = ({ netns }: Case): void => {
  netns.restore('iptables', 'nft', CHAIN_LOCK)
  netns.nft('add chain ip filter mine { type filter hook input priority 5; }')
  netns.nft('add rule ip filter mine tcp dport 1 jump CRIU')
}

/** a process of that name, which does nothing */
export const startAsCriu = ({ t }: Case, enter: readonly string[]): void => {
  const words = [...enter, 'bash', '-c', 'exec -a criu sleep 100000']
  const criu = spawn('env', words, { stdio: 'ignore' })
  t.teardown(() => criu.kill('SIGKILL'))
  const isCriu = (): boolean =>
    fs.readFileSync(`/proc/${criu.pid}/cmdline`, 'latin1').startsWith('criu\0')
  for (let looks = 0; !isCriu() && looks < 10_000; looks++)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
}

const PLAN: readonly NetworkGuard[] = [
  {
    name: "a lock that is not exactly CRIU's stays",
    at: 'if (differs !== void 0) return { ...base, verdict: "keep", reason: "differs"',
    replace: 'differs !== void 0',
    by: 'false',
    close: chain((text) => text.replace(LOCK_RULES, `-A CRIU -j RETURN\n${LOCK_RULES}`)),
  },
  {
    name: 'what is to stay is in no transaction',
    at: 'lock === void 0 || verdict !== "go" ? ""',
    replace: 'verdict !== "go"',
    by: 'false',
    close: chain((text) => text.replace(LOCK_RULES, `-A CRIU -j RETURN\n${LOCK_RULES}`)),
  },
  {
    name: 'a chain where the dump did not use iptables',
    at: 'method === "nftables" || method === "skip" ? "this dump did not use iptables"',
    replace: 'method === "nftables" || method === "skip"',
    by: 'false',
    close: (on) => {
      on.netns.restore('iptables', 'nft', CHAIN_LOCK)
      const args = clean(on, { method: 1, runId: RUN }, '--netns', on.netns.path)
      return { ...kept(args, ['chain kept other-run']), outside: true }
    },
  },
  {
    name: 'a table of a name that CRIU does not give',
    at: 'if (!isName(lock.name)) return {',
    replace: '!isName(lock.name)',
    by: 'false',
    close: (on) => {
      on.netns.nft(tableLock('CRIU-mine'))
      return kept(clean(on, { method: 1 }, '--netns', OURS), ['table kept foreign'])
    },
  },
  {
    name: 'a table of another run',
    at: 'if (runId !== void 0) return false;',
    replace: 'runId !== void 0',
    by: 'false',
    close: foreign(tableLock('CRIU-17'), { method: 1, runId: RUN }),
  },
  {
    name: 'a table of a process, and a run whose name begins alike',
    replace: 'name.length > "CRIU-".length + 20 &&',
    by: '',
    close: foreign(tableLock('CRIU-17'), { method: 1, runId: OTHER }),
  },
  {
    name: 'a table of another process, where all namespaces are searched',
    replace: 'pids.has(Number(name.slice("CRIU-".length)))',
    by: 'true',
    close: (on) => {
      on.netns.nft(tableLock('CRIU-17'))
      const args = clean(on, { method: 1, pid: 4321, netns: 'own' })
      return { ...kept(args, ['table kept external']), outside: true }
    },
  },
  {
    name: 'a lock that does not name the run, where all namespaces are searched',
    replace: 'return { ...one, verdict: "keep", reason: "external", message: EXTERNAL };',
    by: 'return one;',
    close: (on) => {
      on.netns.restore('iptables', 'nft', CHAIN_LOCK)
      return { ...kept(clean(on, { netns: 'own' }), ['chain kept external']), outside: true }
    },
  },
  {
    name: 'a table with connections of others beside ours',
    replace: 'closes.every(',
    by: 'closes.some(',
    close: foreign(connectionTable('CRIU-17', [ENDS, OTHERS]), {
      ...{ method: 1, pid: 4321, sockets: [SOCKET] },
    }),
  },
  {
    name: 'a table that closes nothing yet, of another process',
    replace: 'closes.length > 0 &&',
    by: '',
    close: foreign(connectionTable('CRIU-17', []), { method: 1, pid: 4321 }),
  },
  {
    name: "an unfinished table in CRIU's own network namespace",
    at: 'lock.unfinished && !lock.netns.isOurs',
    replace: '!lock.netns.isOurs',
    by: 'true',
    close: (on) => {
      on.netns.nft('table inet CRIU-17 { }')
      return kept(clean(on, { method: 1, runId: RUN }, '--netns', OURS), [], 0)
    },
  },
  {
    name: 'rules of a connection that is none of the tree',
    at: 'groupBy(lock.rules, ({ connection }) => connections.get(keyOf(connection)))',
    replace: 'connections.get(keyOf(connection))',
    by: '"x"',
    close: (on) => {
      addRules(on, OTHERS)
      return kept(clean(on, { sockets: [SOCKET] }), ['connection absent'], 0)
    },
  },
]

const FIND: readonly NetworkGuard[] = [
  {
    name: 'connections of a tree with a network namespace of its own',
    replace: 'network.netns === "own" ? [] : network.sockets.map(',
    by: 'network.sockets.map(',
    close: (on) => {
      addRules(on, ENDS)
      return kept(clean(on, { netns: 'own', sockets: [SOCKET] }, '--netns', OURS), [], 0)
    },
  },
  {
    name: 'a dump that closed nothing',
    at: '!preDump && network.method !== "skip") { if',
    replace: 'network.method !== "skip"',
    by: 'true',
    close: (on) => {
      addRules(on, ENDS)
      return kept(clean(on, { method: 2, sockets: [SOCKET] }), ['connection absent'], 0)
    },
  },
  {
    name: 'connections of other processes than the living tree',
    replace: '.filter(({ inode }) => descriptors.sockets.has(inode))',
    by: '',
    close: async (on) => {
      const command = [...on.netns.enter, compile('network.c'), '4']
      await startProgram(on.t, command)
      const [, source = '', to = ''] =
        /: 0100007F:([\dA-F]{4}) 0100007F:([\dA-F]{4}) 01 /.exec(
          on.netns.run('cat', ['/proc/net/tcp']),
        ) ?? []
      const address = '127.0.0.1'
      addRules(on, {
        ...{ source: address, sport: parseInt(source, 16) },
        ...{ destination: address, dport: parseInt(to, 16) },
      })
      const { pid } = await startProgram(on.t, command)
      return kept(['clean', '--pid', String(pid)], [], 4)
    },
  },
]

const SHAPES: readonly NetworkGuard[] = [
  {
    name: 'rules of chain CRIU that CRIU does not write',
    at: 'if (!SHAPES.includes(rules.join("\\n"))) return',
    replace: '!SHAPES.includes(rules.join("\\n"))',
    by: 'false',
    close: chain((text) => text.replace(LOCK_RULES, `-A CRIU -j RETURN\n${LOCK_RULES}`)),
  },
  {
    name: 'other rules that lead to it',
    replace: 'uses > input + output',
    by: 'false',
    close: chain((text) => text.replace('COMMIT', '-A FORWARD -p udp -j CRIU\nCOMMIT')),
  },
  {
    name: 'a half of it',
    replace: 'input === 0 || output === 0',
    by: 'false',
    close: chain((text) => text.replace('-I OUTPUT -j CRIU\n', '')),
  },
  {
    name: "lines of a rule's comment",
    replace: String.raw`| "(?:\\[^]|[^"\\])*"(?=[ \n])|[^\n])+/g`,
    by: String.raw`|[^\n])+/g`,
    behind: [
      { replace: 'if (!isOne || count((line) => line === "COMMIT") !== 1) return [];', by: '' },
    ],
    close: (on) => {
      const spoofed = `${CHAIN_LOCK.replace('*filter', '').replaceAll('-I ', '-A ').replace('0xC114', '0xc114')}*nat\nCOMMIT\n`
      on.netns.run('iptables-nft', [
        ...[
          '-w',
          '-A',
          'INPUT',
          '-p',
          'udp',
          '-m',
          'comment',
          '--comment',
          spoofed,
          '-j',
          'ACCEPT',
        ],
      ])
      on.netns.restore('iptables', 'nft', CHAIN_LOCK.replace(LOCK_RULES, '-A CRIU -j RETURN'))
      return kept(clean(on, {}, '--netns', OURS), ['chain kept differs'])
    },
  },
  {
    name: 'a table filter that iptables does not show',
    replace: '!showsFilter(ran.text)',
    by: 'false',
    close: (on) => {
      on.netns.restore('iptables', 'nft', CHAIN_LOCK)
      on.netns.nft('add rule ip filter INPUT ct state vmap { new : drop }')
      return kept(clean(on, {}, '--netns', OURS), ['chain kept differs'])
    },
  },
  {
    name: 'a table with comments',
    replace: 'EXTRAS.some((key) => key in one)',
    by: 'false',
    close: table((text) => text.replace('accept;', 'accept comment "mine";')),
  },
  {
    name: 'a table with what CRIU does not make',
    replace: '!KINDS.has(kind) ||',
    by: '',
    close: table((text) => `${text}\nadd counter inet CRIU-${RUN} mine`),
  },
  {
    name: 'a table with two policies',
    replace: 'others.length > 0 ||',
    by: '',
    close: table((text) => text.replace('policy drop', 'policy accept')),
  },
  {
    name: 'a table with a rule more',
    at: 'if (!left.delete(name)) return differs(differ);',
    replace: 'return differs(differ);',
    by: ';',
    close: table(addRule('input tcp dport 22 accept')),
  },
  {
    name: 'a table with its second chain alone',
    replace: 'if (missing !== void 0) return differs(DIFFER[missing.split(" ")[0]]);',
    by: '',
    close: (on) => {
      on.netns.nft(
        `table inet CRIU-${RUN} { chain input { type filter hook input priority 0; policy drop; }; }`,
      )
      return kept(clean(on, { runId: RUN, method: 1 }, '--netns', OURS), ['table kept differs'])
    },
  },
  {
    name: 'a table with its rules in another order',
    replace: 'places.some((place, index) => place < (places[index - 1] ?? 0))',
    by: 'false',
    close: table((text) => {
      const [six = '', ...more] = text
        .split('\n')
        .filter((line) => line.includes('rule') && line.includes('@conns6'))
      return `${text
        .split('\n')
        .filter((line) => line !== six)
        .join('\n')}\n${six.replace('add rule', 'insert rule')}\n${more.slice(1).join('\n')}`
    }, conns),
  },
  {
    name: 'a chain of another priority',
    at: 'type === "filter" && hook === name && prio === 0',
    replace: 'prio === 0',
    by: 'true',
    close: table((text) => text.replace('priority 0', 'priority 5')),
  },
  {
    name: 'a set of another type',
    at: 'found !== void 0 && isSame(type, wanted)',
    replace: 'isSame(type, wanted)',
    by: 'true',
    close: table(
      (text) =>
        [
          ...text.split('\n').filter((line) => !line.includes('conns6')),
          `add set inet CRIU-${RUN} conns6 { type ipv6_addr; }`,
        ].join('\n'),
      conns,
    ),
  },
  {
    name: 'a rule with another mark',
    at: 'isSame(expr, ACCEPTS) ? "mark"',
    replace: 'isSame(expr, ACCEPTS)',
    by: 'true',
    close: table((text) => text.replace('0xC114', '0xC115')),
  },
  {
    name: 'a set with what CRIU does not put there',
    at: 'connections.includes(void 0) ? "its sets',
    replace: 'connections.includes(void 0)',
    by: 'false',
    close: table((text) => text.replace('. 80 }', '. 80 comment "mine" }'), conns),
  },
]

const UNDO: readonly NetworkGuard[] = [
  {
    name: 'show removes nothing',
    at: 'if (!remove) return all.map(',
    replace: '!remove',
    by: 'false',
    close: (on) => {
      on.netns.restore('iptables', 'nft', CHAIN_LOCK)
      const [, ...args] = clean(on, {}, '--netns', OURS)
      return kept(['show', ...args], ['chain would-remove'], 3)
    },
  },
  {
    name: 'a transaction that failed',
    replace: 'if (ran.kind === "failed") return ran.why; return isStill',
    by: 'if (ran.kind === "failed") return ""; return isStill',
    close: (on) => {
      stuck(on)
      return kept(clean(on, {}, '--netns', OURS), ['chain failed'])
    },
  },
  {
    name: 'a look at what is left',
    replace: 'isStill(look, netns, all) ? `${program} has ended well, and it is still there` : ""',
    by: '""',
    behind: [
      {
        replace: 'if (ran.kind === "failed") return ran.why; return isStill',
        by: 'return isStill',
      },
    ],
    close: (on) => {
      stuck(on)
      return kept(clean(on, {}, '--netns', OURS), ['chain failed'])
    },
  },
  {
    name: 'a connection in repair mode while a lock is left',
    at: 'if (isClosed) return {',
    replace: 'isClosed',
    by: 'false',
    close: async (on) => {
      const { pid } = await startProgram(on.t, [
        ...on.netns.enter,
        compile('residue.c', '-pthread'),
        'repair',
      ])
      stuck(on)
      return kept(
        ['clean', '--pid', String(pid), '--only', 'network'],
        ['chain failed', 'socket kept locked'],
      )
    },
  },
  {
    name: 'CRIU is at work there',
    at: 'if (isCriu(pid)) return `${',
    replace: 'isCriu(pid)',
    by: 'false',
    close: (on) => {
      on.netns.restore('iptables', 'nft', CHAIN_LOCK)
      startAsCriu(on, on.netns.enter)
      return { ...kept(clean(on, {}, '--netns', on.netns.path), [], 6), outside: true }
    },
  },
  {
    name: 'a program that others may write',
    at: 'if (problem !== void 0) return failed(`not started:',
    replace: 'problem !== void 0',
    by: 'false',
    close: (on) => {
      on.netns.nft(TABLE_LOCK)
      const marker = join(on.folder, 'started')
      mount('-t', 'tmpfs', 'tmpfs', '/usr/sbin')
      fs.writeFileSync('/usr/sbin/nft', `#!/bin/sh\n: >${marker}\n`)
      fs.chmodSync('/usr/sbin/nft', 0o777)
      const args = clean(on, { method: 1, pid: 17 }, '--netns', OURS)
      const look = (): string[] => {
        unmount('/usr/sbin')
        return fs.existsSync(marker) ? ['it was started'] : []
      }
      return { ...kept(args, ['table kept differs']), look }
    },
  },
  {
    name: 'what is no network namespace',
    at: 'if (isNs && known === void 0) return this.add(',
    replace: 'isNs && known === void 0',
    by: 'known === void 0',
    close: (on) => {
      const file = join(on.folder, 'file')
      fs.writeFileSync(file, '')
      return kept(clean(on, {}, '--netns', file), [], 2)
    },
  },
]

export const NETWORK_GUARDS: readonly NetworkGuard[] = [...PLAN, ...FIND, ...SHAPES, ...UNDO]
