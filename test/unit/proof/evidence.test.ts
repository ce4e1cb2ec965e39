import type { Doubt } from '../../../src/proof/doubts.js'
import {
  judgeEvidence,
  spanOfCopy,
  whenChanged,
  withRows,
  writingSpans,
  type EvidenceFacts,
  type EvidenceVerdict,
} from '../../../src/proof/evidence.js'
import { plus } from '../../../src/time.js'
import { test } from '../support/check.js'
import { at } from '../support/model.js'
import { product, walk, type Row } from './table.js'

const BOTH = [false, true] as const
const ALL: readonly EvidenceFacts[] = product({
  isSameInode: BOTH,
  isWanted: BOTH,
  isAlone: BOTH,
  isCounted: BOTH,
  isExplained: BOTH,
  isLogged: BOTH,
  isUnlogged: BOTH,
  changed: ['before', 'within', 'after', 'undated'],
})

const doubt = (name: Doubt): EvidenceVerdict => ({ is: 'doubt', doubt: name })
const OWN: EvidenceVerdict = { is: 'own' }

/** As in the head of the file. */
const ROWS: readonly Row<EvidenceFacts, EvidenceVerdict>[] = [
  [{ isSameInode: [false] }, { is: 'known', why: 'inode' }],
  [{ isWanted: [true] }, { is: 'known', why: 'wanted' }],
  [{ isAlone: [false], isCounted: [true], changed: ['within'] }, OWN],
  [{ isExplained: [true], changed: ['after'] }, OWN],
  [{ isAlone: [false] }, doubt('shared')],
  [{ changed: ['undated'] }, doubt('undated')],
  [{ changed: ['before'] }, doubt('older')],
  [{ changed: ['within'], isUnlogged: [true] }, doubt('unlogged')],
  [{ changed: ['within'] }, OWN],
  [{ changed: ['after'], isLogged: [true] }, OWN],
  [{ changed: ['after'] }, doubt('newer')],
]

test('the whole table, without consent and with each', (t) => {
  walk(t, ROWS, ALL, (facts) => judgeEvidence(facts, () => false))
  for (const accepted of ['shared', 'undated', 'older', 'newer', 'unlogged'] as const) {
    const rows = ROWS.filter(([, is]) => is.is !== 'doubt' || is.doubt !== accepted)
    const all =
      accepted === 'shared' || accepted === 'unlogged' ? rows : [...rows, [{}, OWN] as const]
    walk(t, all, ALL, (facts) => judgeEvidence(facts, (one) => one === accepted))
  }
})

test('no consent overrides what is known', (t) => {
  for (const facts of ALL.filter(({ isSameInode, isWanted }) => !isSameInode || isWanted))
    t.equal(judgeEvidence(facts, () => true).is, 'known')
})

const T = at(1000, 500_000_000)

test('somebody wrote around each time of a file, and for as long as a log goes on', (t) => {
  const spans = writingSpans(
    [T, plus(T, 0.3), plus(T, 60)],
    [{ from: plus(T, 100), to: plus(T, 130) }],
  )
  const was = (seconds: number): string => whenChanged(plus(T, seconds), spans)
  t.equal(was(-1), 'before')
  t.equal(was(0), 'within')
  t.equal(was(-0.000_001), 'before', 'all times are of one clock')
  t.equal(was(0.15), 'within', 'between two times of one dump')
  t.equal(was(0.300_001), 'after')
  t.equal(was(30), 'after', 'between two dumps')
  t.equal(was(60), 'within')
  t.equal(was(115), 'within', 'while the log was written')
  t.equal(was(99.999_999), 'after', 'before the log was begun')
  t.equal(was(130.000_001), 'after')
  t.equal(spans.length, 3)
})

test('a log that begins is another dump, however soon it is after the last image', (t) => {
  const log = { from: plus(T, 0.1), to: plus(T, 0.2) }
  const spans = writingSpans([T, plus(T, 0.15), plus(T, 0.4)], [log])
  t.strictSame(spans, [
    { from: T, to: T },
    { from: log.from, to: plus(T, 0.4) },
  ])
  t.equal(whenChanged(plus(T, 0.05), spans), 'after')
  t.strictSame(writingSpans([log.from], [log]), [log])
})

test('nothing tells when the dump was', (t) => {
  t.strictSame(writingSpans([], []), [])
  t.equal(whenChanged(T, []), 'undated')
})

test('whole seconds: all of the second of the images, and a change that may be after it', (t) => {
  const spans = writingSpans([at(1000)], [])
  t.equal(whenChanged(at(1000, 900_000_000), spans), 'within')
  t.equal(whenChanged(at(1000), spans), 'within', 'a change in whole seconds as well')
  t.equal(whenChanged(at(1001), spans), 'after')
})

test('links are made in a row: one that goes on from the last image belongs to it', (t) => {
  const spans = writingSpans([T], [])
  const row = [0.004, 0.008, 0.008, 0.012].map((seconds) => plus(T, seconds))
  const [span] = withRows(spans, [...row, plus(T, 0.018)].reverse())
  t.strictSame(span?.to, plus(T, 0.012))
  for (const time of row) t.equal(whenChanged(time, [span!]), 'within')
  t.equal(whenChanged(plus(T, 0.018), [span!]), 'after', 'a dump needs longer to begin')
  t.strictSame(withRows(spans, []), spans)
})

test('a copy of a log: the dump had begun before it made the first of its links', (t) => {
  const log = { from: T, to: plus(T, 5) }
  t.strictSame(spanOfCopy(log, []), log)
  t.strictSame(spanOfCopy(log, [plus(T, 1)]), log)
  t.strictSame(spanOfCopy(log, [plus(T, -1), plus(T, -3)]), { from: plus(T, -3), to: log.to })
})
