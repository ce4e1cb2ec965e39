import type { Facts } from '../../../src/residue/facts.js'
import { KINDS, planResidue } from '../../../src/residue/plan.js'
import { test } from '../support/check.js'
import { bytes } from '../report/build.js'
import { b } from '../support/model.js'

const NONE: Facts = {
  frozen: [],
  muted: [],
  stopped: [],
  parasites: [],
  kerndat: undefined,
  yards: [],
}
const undo = (facts: Partial<Facts>): (string | undefined)[] =>
  planResidue({ ...NONE, ...facts }).map((finding) => finding.undo)

test('each kind, in the order in which it is undone', (t) => {
  const found = planResidue({
    ...NONE,
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
