import { claimOf } from '../../../src/residue/claim.js'
import type { Checkpoint, Hints } from '../../../src/checkpoint/model.js'
import { test } from '../support/check.js'
import { at, b, checkpoint } from '../support/model.js'

const TREE = { started: at(100) }
const LOG: NonNullable<Hints['dumpLog']> = {
  ...{ path: '/w/dump.log', ended: 'unknown', begun: at(200), written: at(201) },
  ...{ unlinked: [], froze: b('/c/pod'), dumping: [12] },
}

const claim = (
  dumpLog: Partial<typeof LOG> | undefined,
  rest: Partial<Pick<Checkpoint, 'dump' | 'times'>> = {},
) => {
  const one = checkpoint(rest)
  const log = dumpLog && { ...LOG, ...dumpLog }
  const { froze, hasCome } = claimOf({ ...one, hints: { ...one.hints, dumpLog: log } }, TREE)
  return [froze, hasCome(12), hasCome(13)]
}

test('the log of a dump that was killed names what it came to', (t) => {
  t.strictSame(claim({}), ['/c/pod', true, false])
  t.strictSame(claim({ ended: 'finished' }), [undefined, false, false], 'it undid that itself')
  t.strictSame(claim({ ended: 'failed' }), [undefined, false, false])
  t.strictSame(claim({ begun: at(90) }), [undefined, false, false], 'before the tree was started')
})

test('where no log names processes, the images are of a dump that was killed', (t) => {
  const times = { ...checkpoint().times, written: at(201) }
  const quiet = { dumping: undefined }
  t.strictSame(claim(quiet, { dump: 'killed', times }), ['/c/pod', true, true])
  t.strictSame(claim(undefined, { dump: 'killed', times }), [undefined, true, true])
  t.strictSame(claim(undefined, { dump: 'whole', times }), [undefined, false, false])
  const before = { ...times, written: at(90) }
  t.strictSame(claim(undefined, { dump: 'killed', times: before }), [undefined, false, false])
  t.strictSame(claim(undefined, { dump: 'none' }), [undefined, false, false])
})
