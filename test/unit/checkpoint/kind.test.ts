// The table of kind.ts: every combination of its columns, against a second, slower way to say it.
import {
  kindOf,
  type DumpKind,
  type KindFacts,
  type LogFacts,
} from '../../../src/checkpoint/kind.js'
import { test } from '../support/check.js'

const WHOLE: KindFacts = {
  inventory: 'complete',
  beyondPreDump: true,
  whole: true,
  lacking: [],
  listed: true,
  closed: true,
  coreless: [],
  strays: [],
  newer: [],
  log: undefined,
}

const log = (rest: Partial<LogFacts> = {}): LogFacts => ({
  path: 'dump.log',
  ended: 'unknown',
  of: 'this',
  tells: true,
  ...rest,
})

const INVENTORIES = ['complete', 'pre-dump', 'broken', 'absent'] as const
const BOTH = [true, false] as const
const LOGS: readonly (LogFacts | undefined)[] = [
  undefined,
  ...(['finished', 'failed', 'unknown'] as const).flatMap((ended) =>
    (['this', 'later', 'another'] as const).flatMap((of) =>
      BOTH.map((tells) => log({ ended, of, tells })),
    ),
  ),
]
/** Each sign of two dumps alone, and none. */
const SIGNS: readonly Partial<KindFacts>[] = [
  {},
  { coreless: [7] },
  { strays: [9] },
  { newer: [{ name: 'ids-1.img', by: 3.25 }] },
]

/** Line by line as in the comment; undefined where none applies. */
const ROWS: readonly [DumpKind, (facts: KindFacts) => boolean][] = [
  ['pre-dump', (facts) => facts.inventory === 'pre-dump' && !facts.beyondPreDump],
  ['mixed', (facts) => isOfTwo(facts)],
  ['failed', ({ log }) => log?.of === 'this' && log.ended === 'failed'],
  ['whole', ({ whole }) => whole],
  ['blind', ({ listed }) => !listed],
  [
    'failed',
    ({ inventory, log, closed }) => inventory === 'absent' && closed && log?.of !== 'this',
  ],
  ['killed', () => true],
]

const isOfTwo = ({ inventory, coreless, strays, newer, log }: KindFacts): boolean =>
  inventory === 'pre-dump' ||
  coreless.length > 0 ||
  strays.length > 0 ||
  (inventory === 'complete' && newer.length > 0) ||
  (log?.ended === 'failed' && log.of !== 'this')

test('every combination has the kind of the first row that fits', (t) => {
  const seen = new Set<DumpKind>()
  let count = 0
  const wrong: unknown[] = []
  for (const inventory of INVENTORIES)
    for (const beyondPreDump of BOTH)
      for (const whole of inventory === 'complete' ? BOTH : [false])
        for (const listed of BOTH)
          for (const closed of BOTH)
            for (const sign of SIGNS)
              for (const log of LOGS) {
                const facts = {
                  ...{ ...WHOLE, inventory, beyondPreDump, whole, listed, closed },
                  ...{ ...sign, log, lacking: whole ? [] : ['files.img is empty'] },
                }
                const { dump, signs } = kindOf(facts)
                const wanted = ROWS.find(([, fits]) => fits(facts))?.[0]
                if (dump !== wanted) wrong.push({ facts, dump, wanted })
                if (signs.length === 0 && dump !== 'whole' && dump !== 'pre-dump')
                  wrong.push({ facts, dump, signs })
                seen.add(dump)
                count += 1
              }
  t.strictSame(wrong, [])
  t.equal(seen.size, 6, [...seen].join())
  t.equal(count, 2 * 2 * 2 * (2 + 1 + 1 + 1) * SIGNS.length * LOGS.length)
})

const dump = (facts: Partial<KindFacts>): unknown => {
  const { dump, signs } = kindOf({ ...WHOLE, ...facts })
  return [dump, ...signs]
}

test('a whole dump, a pre-dump', (t) => {
  t.strictSame(dump({}), ['whole'])
  t.strictSame(dump({ inventory: 'pre-dump', beyondPreDump: false }), ['pre-dump'])
  for (const ended of ['finished', 'unknown'] as const)
    for (const of of ['this', 'later', 'another'] as const)
      t.strictSame(dump({ log: log({ ended, of }) }), ['whole'], `${ended} ${of}`)
})

test('each sign of two dumps says what it is', (t) => {
  t.strictSame(dump({ coreless: [7] }), ['mixed', 'task 7 has no core-7.img'])
  t.strictSame(dump({ strays: [9] }), ['mixed', 'ids-9.img is of no task in pstree.img'])
  t.strictSame(dump({ newer: [{ name: 'ids-1.img', by: 3.25 }] }), [
    'mixed',
    'ids-1.img was written 3.3 s after inventory.img, and not before it',
  ])
  t.strictSame(dump({ inventory: 'pre-dump' }), ['mixed', 'inventory.img is that of a pre-dump'])
  t.strictSame(dump({ log: log({ ended: 'failed', of: 'later' }) }), [
    'mixed',
    'dump.log ends with "Dumping FAILED", and began after these images were written',
  ])
  t.strictSame(dump({ log: log({ ended: 'failed', of: 'another' }) }), [
    'mixed',
    'dump.log ends with "Dumping FAILED", and is that of another dump',
  ])
})

test('of very many a few are named', (t) => {
  t.strictSame(dump({ coreless: Array.from({ length: 100_000 }, (_, i) => i) }), [
    'mixed',
    'task 0 has no core-0.img',
    'task 1 has no core-1.img',
    'task 2 has no core-2.img',
    'and 99997 more such',
  ])
})

test('what is later than an inventory that is broken was written before it all the same', (t) => {
  const newer = [{ name: 'ids-1.img', by: 3 }]
  const lacking = ['inventory.img is empty']
  t.strictSame(dump({ inventory: 'broken', whole: false, newer, lacking }), ['killed', ...lacking])
})

test('a dump that CRIU gave up', (t) => {
  const failed = log({ ended: 'failed' })
  const says = 'dump.log ends with "Dumping FAILED"'
  t.strictSame(dump({ log: failed }), ['failed', says], 'a post-dump script failed')
  const lacking = ['inventory.img is missing']
  const absent = { inventory: 'absent', whole: false, lacking } as const
  t.strictSame(dump({ ...absent, log: failed }), ['failed', says, ...lacking])
  t.strictSame(dump({ ...absent, listed: false, log: failed }), ['failed', says, ...lacking])
  t.match(dump({ ...absent }), ['failed', /^every image was closed/, ...lacking])
})

test('a dump that was killed', (t) => {
  const lacking = ['inventory.img is missing']
  const absent = { inventory: 'absent', whole: false, lacking } as const
  t.strictSame(dump({ ...absent, closed: false }), ['killed', ...lacking])
  t.strictSame(dump({ ...absent, log: log() }), ['killed', 'dump.log breaks off', ...lacking])
  t.strictSame(dump({ ...absent, log: log({ tells: false }) }), ['killed', ...lacking])
  t.strictSame(dump({ ...absent, listed: false }), [
    'blind',
    'no image lists a file or a link',
    ...lacking,
  ])
})
