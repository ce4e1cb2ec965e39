import type { ChainLock, Facts } from '../../../src/residue/facts.js'
import { KINDS, planResidue } from '../../../src/residue/plan.js'
import { test } from '../support/check.js'
import { bytes } from '../report/build.js'
import { b } from '../support/model.js'

const NONE: Facts = {
  locks: [],
  repaired: [],
  frozen: [],
  muted: [],
  stopped: [],
  parasites: [],
  kerndat: undefined,
  yards: [],
  unread: [],
}
const NETNS = { pid: 12, isOurs: false }
const CHAIN: ChainLock = {
  kind: 'chain',
  netns: NETNS,
  family: 'IPv4',
  restore: 'iptables-restore',
  input: 2,
  output: 1,
  differs: undefined,
}

const undo = (facts: Partial<Facts>): (string | undefined)[] =>
  planResidue({ ...NONE, ...facts }).map((finding) => finding.undo)

test('each kind, in the order in which it is undone', (t) => {
  const found = planResidue({
    ...NONE,
    locks: [CHAIN],
    repaired: [{ pid: 12, fd: 5 }],
    frozen: [{ version: 2, file: b('/sys/fs/cgroup/x/cgroup.freeze') }],
    muted: [12, 13],
    stopped: [12],
    parasites: [12],
    kerndat: '/run/criu.kdat.tmp',
    yards: ['/tmp/.criu.mntns.abcdef'],
  })
  t.strictSame(
    found.map(({ kind }) => kind),
    KINDS,
  )
  t.strictSame(planResidue(NONE), [])
})

test('locks: all that was counted goes at once, in the right network namespace', (t) => {
  t.strictSame(undo({ locks: [CHAIN] }), [
    "printf '%s\\n' '*filter' ':CRIU - [0:0]' '-D INPUT -j CRIU' '-D INPUT -j CRIU' '-D OUTPUT -j CRIU' '-X CRIU' 'COMMIT' | nsenter -t 12 -n iptables-restore -w --noflush",
  ])
  const table = { kind: 'table', netns: NETNS, name: 'CRIU-7', differs: undefined } as const
  t.strictSame(undo({ locks: [table, { ...table, netns: { pid: 12, isOurs: true } }] }), [
    'nsenter -t 12 -n nft delete table inet CRIU-7',
    'nft delete table inet CRIU-7',
  ])
})

test('what is not as CRIU makes it is named, and nobody is told to remove it', (t) => {
  const name = "CRIU-\n'; rm -rf /"
  const found = planResidue({
    ...NONE,
    locks: [
      { ...CHAIN, differs: 'it is mine' },
      { kind: 'table', netns: NETNS, name, differs: 'it is mine' },
    ],
  })
  t.strictSame(
    found.map((finding) => finding.undo),
    [undefined, undefined],
  )
  for (const { what } of found) t.match(what, /not as CRIU makes it: it is mine$/)
  t.match(found[1]?.what, "CRIU-\\n'; rm -rf /", 'escaped')
})

test('hostile names reach a shell as one word', (t) => {
  const cgroup = b("/sys/fs/cgroup/$(reboot) '/cgroup.freeze")
  t.strictSame(
    undo({
      frozen: [
        { version: 2, file: cgroup },
        { version: 1, file: b('/c/freezer.state') },
        { version: 2, file: b('/a\\x2db.slice/cgroup.freeze') },
        { version: 2, file: b('/\u001b[2J/cgroup.freeze') },
        { version: 2, file: bytes(0x2f, 0xff) },
      ],
      yards: ['/tmp/a b/.criu.mntns.abcdef'],
    }),
    [
      "echo 0 > '/sys/fs/cgroup/$(reboot) '\\''/cgroup.freeze'",
      'echo THAWED > /c/freezer.state',
      "echo 0 > '/a\\x2db.slice/cgroup.freeze'",
      undefined,
      undefined,
      "rmdir '/tmp/a b/.criu.mntns.abcdef'",
    ],
  )
})

test('of many, few are named and all are undone', (t) => {
  const pids = [1, 2, 3, 4, 5, 6, 7]
  const [found] = planResidue({ ...NONE, stopped: pids })
  t.equal(found?.where, 'processes 1, 2, 3, 4, 5 and 2 more')
  t.equal(found?.undo, 'kill -CONT 1 2 3 4 5 6 7')
})
