import { scanCommand } from '../../../src/report/scan-command.js'
import { test } from '../support/check.js'
import { at, checkpoint } from '../support/model.js'

const HINTS = checkpoint().hints
const log = {
  ...{ path: '/i/dump.log', ended: 'failed' as const, begun: at(200), written: at(201) },
  unlinked: undefined,
  froze: undefined,
  dumping: undefined,
}
const mixed = checkpoint({
  dump: 'mixed',
  writings: [at(150), at(100), at(201)],
  hints: { ...HINTS, dumpLog: log },
})

test('images of two dumps: from the first image to the beginning of the second dump', (t) => {
  const report = { command: 'clean', checkpoint: mixed, directories: ['/r', '/a b'] } as const
  t.equal(
    scanCommand(report, new Set())?.line,
    "criu-gc scan /r '/a b' --since @99.990000000 --until @200.000000000 --remove",
  )
  t.equal(
    scanCommand({ ...report, command: 'show' }, new Set(['unseen', 'newer']))?.line,
    "criu-gc scan /r '/a b' --since @99.990000000 --until @200.000000000 --accept unseen",
  )
  t.equal(scanCommand({ ...report, directories: [] }, new Set()), undefined)
  t.equal(scanCommand({ ...report, checkpoint: checkpoint() }, new Set()), undefined)
  const late = checkpoint({ dump: 'mixed', writings: [at(200)], hints: mixed.hints })
  t.equal(scanCommand({ ...report, checkpoint: late }, new Set()), undefined)
})
