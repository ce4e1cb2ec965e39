import { taskAt } from '../../../src/host/living/tasks.js'
import { inCgroup, namesGroup, startedAt } from '../../../src/runtimes/process.js'
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
