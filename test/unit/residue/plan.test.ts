import type { Claim, Facts } from '../../../src/residue/facts.js'
import { KINDS, planResidue, type Finding } from '../../../src/residue/plan.js'
import { NO_REPAIRS, REPAIRS, type Repairs } from '../../../src/residue/repairs.js'
import { NO_CLAIM } from '../../../src/residue/claim.js'
import { test } from '../support/check.js'
import { bytes } from '../report/build.js'
import { b } from '../support/model.js'

const NONE: Facts = {
  frozen: [],
  muted: [],
  masks: new Map(),
  stopped: [],
  broken: [],
  parasites: [],
  sockets: [],
  isLocked: false,
  kerndat: undefined,
  yards: [],
}
const POD = b('/sys/fs/cgroup/pod')
const SOME: Partial<Facts> = {
  frozen: [{ version: 2, folder: POD, also: [b('/other/pod')] }],
  muted: [{ pid: 12, tids: [12, 13] }],
  sockets: [{ pid: 12, fd: 3, inode: 9 }],
  kerndat: '/run/criu.kdat.tmp',
  yards: ['/tmp/.criu.mntns.abcdef'],
}
const ALL: Repairs = { kinds: new Set(REPAIRS), cgroups: new Set() }
const CLAIM: Claim = { froze: POD, hasCome: (pid) => pid === 12 }

const plan = (facts: Partial<Facts>, claim = NO_CLAIM, repairs = NO_REPAIRS): Finding[] =>
  planResidue({ ...NONE, ...facts }, claim, repairs)

const inWords = ({ kind, act, reason, repair }: Finding): string =>
  [kind, act?.kind ?? reason, repair].join(' ')

test('each kind, in the order in which it is undone', (t) => {
  const found = plan({
    ...SOME,
    stopped: [12],
    broken: [{ pid: 14, signal: 'SIGTRAP' }],
    parasites: [12],
  })
  t.strictSame(
    [...found.map(({ kind }) => kind), 'ghosts'],
    KINDS,
    'ghosts are found where links are',
  )
  t.strictSame(plan({}), [])
})

test('what is asked for is done, and what is not is named with the word that asks for it', (t) => {
  t.strictSame(plan(SOME, CLAIM, ALL).map(inWords), [
    'freezer thaw freezer',
    'signals unblock signals',
    'sockets socket sockets',
    'kerndat unlink kerndat',
    'yards rmdir yards',
  ])
  t.strictSame(plan(SOME, CLAIM).map(inWords), [
    'freezer unasked freezer',
    'signals unasked signals',
    'sockets unasked sockets',
    'kerndat unasked kerndat',
    'yards unasked yards',
  ])
})

test("somebody else's is left whatever is asked for, but for a cgroup by its name", (t) => {
  const other: Claim = { froze: b('/sys/fs/cgroup'), hasCome: (pid) => pid === 13 }
  t.strictSame(plan({ frozen: SOME.frozen!, muted: SOME.muted! }, other, ALL).map(inWords), [
    'freezer foreign freezer:/sys/fs/cgroup/pod',
    'signals foreign ',
  ])
  const named: Repairs = { kinds: new Set(), cgroups: new Set([POD]) }
  t.strictSame(plan({ frozen: SOME.frozen! }, other, named).map(inWords), ['freezer thaw '])
  const elsewhere: Repairs = { kinds: new Set(), cgroups: new Set([b('/other/pod')]) }
  t.strictSame(plan({ frozen: SOME.frozen! }, other, elsewhere).map(inWords), ['freezer thaw '])
  const above: Repairs = { kinds: new Set(), cgroups: new Set([b('/sys/fs/cgroup')]) }
  t.match(plan({ frozen: SOME.frozen! }, other, above).map(inWords), [/foreign/])
})

test("CRIU's memory in a process says that a dump was at it, and in another one does not", (t) => {
  const muted = [
    { pid: 12, tids: [12] },
    { pid: 20, tids: [20, 21] },
  ]
  t.match(
    plan({ muted, parasites: [20] }, NO_CLAIM, ALL).map((one) => `${inWords(one)} ${one.where}`),
    ['signals unblock signals threads 20, 21', 'signals foreign  thread 12', /^parasite/],
  )
})

test('what is said of the signals that were blocked before', (t) => {
  const said = (...known: number[]): string | undefined =>
    plan({ muted: SOME.muted!, masks: new Map(known.map((tid) => [tid, 0x200n])) }, CLAIM, ALL)[0]
      ?.message
  t.match(said(), /is not known: none is blocked then$/)
  t.match(said(12), /stay blocked then; of 1 thread it is not known: none$/)
  t.match(said(12, 13), /as core images say, stay blocked then$/)
})

test('a connection speaks only where no lock is left', (t) => {
  const [found] = plan({ ...NONE, sockets: SOME.sockets!, isLocked: true }, NO_CLAIM, ALL)
  t.match(found, { kind: 'sockets', act: undefined, reason: 'locked' })
})

test('a cgroup of a name that cannot be pasted has no word to ask for it', (t) => {
  const words = (folder: ReturnType<typeof b>): string | undefined =>
    plan({ frozen: [{ version: 1, folder, also: [] }] })[0]?.repair
  t.equal(words(b("/c/$(reboot) ',x")), "freezer:/c/$(reboot) ',x")
  t.equal(words(b('/a\\x2db.slice')), 'freezer:/a\\x2db.slice')
  t.equal(words(b('/\u001b[2J')), undefined)
  t.equal(words(bytes(0x2f, 0xff)), undefined)
})

test('of many, few are named and all are undone', (t) => {
  const pids = [1, 2, 3, 4, 5, 6, 7]
  const [found] = plan({ stopped: pids })
  t.equal(found?.where, 'processes 1, 2, 3, 4, 5 and 2 more')
  t.equal(found?.undo, 'kill -CONT 1 2 3 4 5 6 7')
})
