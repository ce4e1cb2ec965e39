import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { taskAt } from '../../../src/host/living/tasks.js'
import { isPayload } from '../../../src/runtimes/lxc.js'
import {
  firstProcesses,
  inCgroup,
  namesGroup,
  startedAt,
  type First,
} from '../../../src/runtimes/process.js'
import { test } from '../support/check.js'

const US = taskAt(process.pid)!

test('a process is the one that was noted by its start', (t) => {
  t.strictSame(startedAt(US.pid, US.start, 'x'), { pid: US.pid, start: US.start, from: 'x' })
  t.equal(startedAt(US.pid, US.start - 1, 'x'), undefined)
  t.equal(startedAt(US.pid, undefined, 'x'), undefined)
  t.equal(startedAt(undefined, US.start, 'x'), undefined)
  t.equal(inCgroup(US.pid, 'no-such-container', 'x'), undefined)
})

test('a cgroup is a container’s by a whole word', (t) => {
  for (const line of [
    '0::/youki/c1',
    '5:cpu:/:youki:c1',
    '0::/system.slice/youki-c1.scope',
    '0::/c1/init',
  ])
    t.ok(namesGroup(line, 'c1'), line)
  for (const line of ['0::/youki/c12', '0::/xc1', '0::/', '1:name=c1:/other'])
    t.notOk(namesGroup(line, 'c1'), line)
})

test('LXC: what watches over a container names it, and else its cgroup does', (t) => {
  const folder = t.testdir({ lxc: {}, other: {} })
  const [lxc, other] = [`${folder}/lxc`, `${folder}/other`]
  const isIt = (starter: string | undefined, group: string, name = 'web'): boolean =>
    isPayload(lxc, name)({ pid: 7, starter, groups: [`0::/lxc.payload.${group}`, ''] })
  t.ok(isIt(`[lxc monitor] ${lxc} web`, 'web'))
  t.ok(isIt(`[lxc monitor] ${lxc}/ web`, 'web-1'), 'the cgroup of an earlier one was left')
  t.notOk(isIt(`[lxc monitor] ${lxc} web`, 'web-1', 'web-1'), 'another container has that name')
  t.notOk(isIt(`[lxc monitor] ${other} web`, 'web'), 'one of that name elsewhere')
  t.notOk(isIt(`[lxc monitor] ${lxc} web-2`, 'web'))
  t.ok(isIt(undefined, 'web'))
  t.ok(isIt('lxc-start -F -n web', 'web'), 'one in the foreground keeps its own name')
  t.notOk(isIt(undefined, 'web-1'))
})

const root = process.getuid?.() === 0 ? false : 'needs root'

/** Of a process, and what descends from it. */
const descendants = (pid: number): number[] => [
  pid,
  ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => descendants(Number(word))),
]

t.test('the first process of a pid namespace, and what started it', { skip: root }, async (t) => {
  const inside = "unshare --pid --fork sh -c 'echo ready; read line'"
  const child = spawn('unshare', ['--pid', '--fork', 'sh', '-c', inside])
  t.teardown(() => child.stdin.end('\n'))
  await once(child.stdout, 'data')
  const all = descendants(child.pid!)
  const seen: First[] = []
  firstProcesses()((one) => {
    if (all.includes(one.pid)) seen.push(one)
    return false
  })
  t.strictSame(
    seen.sort((a, b) => a.pid - b.pid).map(({ starter }) => starter?.split('\0')[0]),
    ['unshare', undefined],
    'one that is started in a pid namespace says nothing of what is outside',
  )
})
