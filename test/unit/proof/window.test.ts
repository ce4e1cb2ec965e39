import fc from 'fast-check'
import type { Clocks } from '../../../src/host/clock.js'
import {
  beginAndEnd,
  dumpWindow,
  whenBorn,
  whenWas,
  type ImageFacts,
  type Span,
  type When,
  type Window,
} from '../../../src/proof/window.js'
import { isAfter, isBefore, plus, type Time, secondsBetween } from '../../../src/time.js'
import { test } from '../support/check.js'
import { holds } from '../support/property.js'
import { at } from '../support/model.js'
import { product, walk, type Row } from './table.js'

/** Halves of a second, so that sums are exact. */
const DUMPED = at(1_700_000_000, 500_000_000)
const NOW = at(1_700_100_000)
const UPTIME = 200_000

/** This machine, a day after the dump, which it never slept since. */
const CLOCKS: Clocks = { realtime: NOW, boottime: UPTIME, monotonic: UPTIME - 10 }

const kernelTime = (seconds: number): Time => plus(at(0), seconds)

/** What the kernel's clock said when the dump was at `DUMPED` by the clock of now. */
const CLOCK = {
  boottime: kernelTime(UPTIME - 99_999.5),
  monotonic: kernelTime(UPTIME - 10 - 99_999.5),
}

const images = (rest: Partial<ImageFacts> = {}): ImageFacts => ({
  written: DUMPED,
  earliest: plus(rest.written ?? DUMPED, -0.25),
  born: undefined,
  reused: false,
  tookSeconds: undefined,
  logBegun: undefined,
  clock: undefined,
  clockWritten: undefined,
  inOrder: true,
  wholeSeconds: false,
  ...rest,
})

const spans = (facts: ImageFacts, clocks = CLOCKS): readonly Span[] =>
  dumpWindow(facts, [], clocks).spans

const begin = (facts: Partial<ImageFacts>): Time => spans(images(facts))[0]!.from

interface Beginning {
  readonly tookSeconds: number | undefined
  readonly logBegun: Time | undefined
  readonly born: Time | undefined
  readonly reused: boolean
}

const EARLIEST = plus(DUMPED, -0.25)
const [LOG, OLD, YOUNG] = [plus(DUMPED, -30), plus(DUMPED, -5), plus(DUMPED, -0.125)]

/** When it began, less the doubt. */
const BEGINNINGS: readonly Row<Beginning, Time>[] = [
  [{ tookSeconds: [7] }, plus(DUMPED, -7 - 1)],
  [{ logBegun: [LOG] }, plus(LOG, -1)],
  [{ born: [OLD], reused: [false] }, plus(OLD, -2)],
  [{}, plus(EARLIEST, -2)],
]

test('the begin: what was counted, else the log, else the first image', (t) => {
  const all = product({
    tookSeconds: [undefined, 7],
    logBegun: [undefined, LOG],
    born: [undefined, OLD, YOUNG],
    reused: [false, true],
  })
  walk(t, BEGINNINGS, all, begin)
})

test('the end is the last image', (t) => {
  t.strictSame(spans(images())[0]!.to, DUMPED)
})

test('images that are all missing: what happened was after', (t) => {
  const missing = images({ written: undefined, earliest: undefined })
  t.strictSame(spans(missing), [{ from: at(-2), to: at(0) }])
  t.equal(whenWas(DUMPED, dumpWindow(missing, [], CLOCKS), false), 'after')
})

const CLOCK_STATES = [
  'none',
  'this boot',
  'this boot, read later',
  'this boot, read earlier',
  'another boot',
  'suspended since',
  'suspended less since',
] as const

interface Clock {
  readonly clock: (typeof CLOCK_STATES)[number]
  /** Seconds by which the image with the clock is later than that clock says. */
  readonly ahead: number
  readonly inOrder: boolean
  /** When the first image file was made, in seconds before the one with the clock; as none keeps it. */
  readonly born: number | undefined
  readonly wholeSeconds: boolean
}

type Kind = 'images' | 'images, to the clock' | 'clock' | 'either'

const TOOK = 4
/** Files of an original are made while the dump runs. */
const LONG = TOOK + 1

/** As in the head of the file; the images follow their clock at once. */
const KINDS: readonly Row<Clock, Kind>[] = [
  [{ clock: ['none', 'another boot', 'suspended since', 'suspended less since'] }, 'images'],
  [{ ahead: [0.03125] }, 'images'],
  [{ ahead: [-0.03125, 0], wholeSeconds: [false] }, 'images'],
  [{ ahead: [-1, -0.25, -0.03125, 0], wholeSeconds: [true] }, 'images, to the clock'],
  [{ ahead: [0.25, 1, 30, 3600], inOrder: [true], born: [LONG] }, 'either'],
  [{ ahead: [0.25, 1, 30, 3600] }, 'clock'],
  [{ ahead: [-3600, -30, -1.25, -1, -0.25] }, 'either'],
]

/** A fortieth of a second of doubt, for ticks. */
const TICK = 0.025
const BY_CLOCK: Span = { from: plus(DUMPED, -TOOK - 1), to: plus(DUMPED, TICK) }

const clockOf = (clock: Clock['clock']): ImageFacts['clock'] => {
  const { boottime, monotonic } = CLOCK
  switch (clock) {
    case 'none':
      return undefined
    case 'this boot':
      return CLOCK
    case 'another boot':
      return { boottime: kernelTime(UPTIME + 1), monotonic: kernelTime(UPTIME - 9) }
    // By as much as may lie between two looks at two clocks.
    case 'this boot, read later':
      return { boottime, monotonic: plus(monotonic, 1) }
    case 'this boot, read earlier':
      return { boottime, monotonic: plus(monotonic, -1) }
    case 'suspended since':
      return { boottime, monotonic: plus(monotonic, 1.25) }
    case 'suspended less since':
      return { boottime, monotonic: plus(monotonic, -1.25) }
  }
}

const kindOf = ({ clock, ahead, inOrder, born, wholeSeconds }: Clock): Kind | readonly Span[] => {
  const written = plus(DUMPED, ahead)
  const found = spans(
    images({
      ...{ written, clockWritten: written, inOrder, wholeSeconds },
      ...{ tookSeconds: TOOK, clock: clockOf(clock) },
      born: born === undefined ? undefined : plus(written, -born),
    }),
  )
  const byImages: Span = { from: plus(written, -TOOK - 1), to: written }
  const kinds: [Kind, Span[]][] = [
    ['images', [byImages]],
    ['images, to the clock', [{ ...byImages, to: BY_CLOCK.to }]],
    ['clock', [BY_CLOCK]],
    ['either', [BY_CLOCK, byImages]],
  ]
  const isSame = (some: Span[]): boolean => JSON.stringify(some) === JSON.stringify(found)
  return kinds.find(([, some]) => isSame(some))?.[0] ?? found
}

const CLOCK_FACTS: readonly Clock[] = product({
  clock: CLOCK_STATES,
  ahead: [-3600, -30, -1.25, -1, -0.25, -0.03125, 0, 0.03125, 0.25, 1, 30, 3600],
  inOrder: [false, true],
  born: [undefined, TOOK - 1, LONG],
  wholeSeconds: [false, true],
})

test('the whole table of images and clock', (t) => {
  walk<Clock, Kind | readonly Span[]>(t, KINDS, CLOCK_FACTS, kindOf)
})

test('a dump of this very moment', (t) => {
  const clock = { boottime: kernelTime(UPTIME), monotonic: kernelTime(UPTIME - 10) }
  const found = spans(images({ written: at(NOW.sec), clockWritten: at(NOW.sec), clock }))
  t.strictSame(found, [{ from: plus(NOW, -2.25), to: NOW }])
})

const withClock = (rest: Partial<ImageFacts>, clocks = CLOCKS): Window => {
  const facts = images({
    ...{ clock: CLOCK, clockWritten: rest.written },
    born: plus(rest.written ?? DUMPED, -LONG),
    ...rest,
  })
  return dumpWindow(facts, [], clocks)
}

test('a clock that was set by an hour since: a link of the dump is the dump’s', (t) => {
  for (const step of [-3600, 3600]) {
    // The kernel's clock runs on; by the clock of now the dump seems an hour off.
    const clocks = { ...CLOCKS, realtime: plus(NOW, step) }
    const window = withClock({ written: DUMPED, tookSeconds: TOOK }, clocks)
    t.equal(whenWas(plus(DUMPED, -2), window, false), 'within', `${step}`)
    t.equal(whenWas(plus(DUMPED, step - 2), window, false), 'within', 'by either clock')
    t.equal(whenWas(plus(DUMPED, Math.max(0, step) + 60), window, false), 'after')
    t.equal(whenWas(plus(DUMPED, Math.min(0, step) - 60), window, false), 'before')
    t.equal(whenWas(plus(DUMPED, step / 2), window, false), 'after', 'between them it is neither')
  }
})

test('copies that have not kept their times: the clock alone', (t) => {
  const copied = withClock({ written: plus(DUMPED, 600), tookSeconds: TOOK, inOrder: false })
  t.equal(whenWas(plus(DUMPED, -2), copied, false), 'within')
  t.equal(whenWas(plus(DUMPED, 60), copied, false), 'after')
  t.equal(whenWas(plus(DUMPED, 599), copied, false), 'after', 'when the copy was made')
  const unknown = withClock({ written: plus(DUMPED, 600), inOrder: false, clock: undefined })
  t.equal(whenWas(plus(DUMPED, -2), unknown, false), 'before', 'without a clock nobody knows')
})

test('copies of a slow dump that were made at once, by chance in its order: the clock alone', (t) => {
  const written = plus(DUMPED, 30)
  const copied = withClock({ written, tookSeconds: TOOK, born: plus(written, -0.5) })
  t.equal(whenWas(plus(DUMPED, -2), copied, false), 'within')
  t.equal(whenWas(plus(written, -1), copied, false), 'after', 'another dump’s link')
})

test('copies that took long, without what the dump took: as long as the copies did', (t) => {
  const written = plus(DUMPED, 600)
  const copied = withClock({ written, earliest: plus(written, -50), inOrder: false })
  t.equal(whenWas(plus(DUMPED, -49), copied, false), 'within')
  t.equal(whenWas(plus(DUMPED, -53), copied, false), 'before')
})

test('copies with the times of a slow dump: its links were made while it ran', (t) => {
  const slow = withClock({ written: DUMPED, earliest: plus(DUMPED, -1), tookSeconds: 900 })
  t.equal(whenWas(plus(DUMPED, -890), slow, false), 'within')
  t.equal(whenWas(plus(DUMPED, -902), slow, false), 'before')
  const uncounted = withClock({ written: DUMPED, earliest: plus(DUMPED, -1) })
  t.equal(whenWas(plus(DUMPED, -890), uncounted, false), 'before')
})

test('a store whose clock is some seconds behind', (t) => {
  const behind = withClock({ written: plus(DUMPED, -5), tookSeconds: TOOK })
  t.equal(whenWas(plus(DUMPED, -1), behind, false), 'within')
  t.equal(whenWas(plus(DUMPED, -8), behind, false), 'within')
  t.equal(whenWas(plus(DUMPED, 1), behind, false), 'after')
})

test('images in whole seconds: the rest of the last one is after, unless the clock says', (t) => {
  const written = at(DUMPED.sec)
  const link = at(DUMPED.sec, 250_000_000)
  const without = withClock({ written, clock: undefined })
  t.equal(whenWas(link, without, false), 'after')
  const known = withClock({ written, wholeSeconds: true })
  t.equal(whenWas(link, known, false), 'within')
  t.equal(whenWas(at(DUMPED.sec, 750_000_000), known, false), 'after')
})

test('a directory that was used before: its births are not of this dump', (t) => {
  const born = plus(DUMPED, -86_400)
  const yesterday = plus(DUMPED, -3600)
  const reused = dumpWindow(images({ born, reused: true }), [], CLOCKS)
  t.equal(whenWas(yesterday, reused, false), 'before')
  const first = dumpWindow(images({ born, reused: false }), [], CLOCKS)
  t.equal(whenWas(yesterday, first, false), 'within')
})

const FROM = at(1000, 500)
const TO = at(1020, 500)
const RESTORE: Span = { from: at(1100, 500_000_000), to: at(1101, 500_000_000) }

interface Moment {
  readonly time: Time
  readonly isRemote: boolean
  readonly isRestored: boolean
}

const NEVER = at(0)
const [BEFORE, FIRST, WHOLE_FIRST, MIDDLE, WHOLE] = [
  at(1000, 499),
  FROM,
  at(1000),
  at(1010, 7),
  at(1010),
]
const [LAST, NEXT, WHOLE_LAST] = [TO, at(1020, 501), at(1020)]
const [GRACE, PAST_GRACE, WHOLE_GRACE] = [at(1022, 500), at(1022, 501), at(1021)]
const [RESTORING, TICK_BEFORE, TICK_AFTER] = [
  at(1101, 7),
  plus(RESTORE.from, -TICK),
  plus(RESTORE.to, TICK),
]
const [BEFORE_RESTORE, AFTER_RESTORE, RESTORE_GRACE] = [
  plus(TICK_BEFORE, -1e-9),
  plus(TICK_AFTER, 1e-9),
  plus(TICK_AFTER, 2),
]
const LATER = plus(RESTORE_GRACE, 1e-9)

const MOMENTS: readonly Row<Moment, When>[] = [
  [{ time: [NEVER] }, 'within'],
  [{ time: [BEFORE, WHOLE_FIRST] }, 'before'],
  [{ time: [FIRST, MIDDLE, WHOLE, LAST] }, 'within'],
  [{ time: [NEXT, WHOLE_LAST, WHOLE_GRACE, GRACE], isRemote: [true] }, 'within'],
  [{ time: [RESTORING, TICK_BEFORE, TICK_AFTER], isRestored: [true] }, 'restored'],
  [{ time: [AFTER_RESTORE, RESTORE_GRACE], isRestored: [true], isRemote: [true] }, 'restored'],
  [{}, 'after'],
]

const TIMES: readonly Time[] = [
  ...[NEVER, BEFORE, FIRST, WHOLE_FIRST, MIDDLE, WHOLE, LAST, NEXT, WHOLE_LAST],
  ...[GRACE, PAST_GRACE, WHOLE_GRACE, RESTORING, TICK_BEFORE, TICK_AFTER],
  ...[BEFORE_RESTORE, AFTER_RESTORE, RESTORE_GRACE, LATER],
]

test('a moment: before the dump, within, within a restore that failed, after', (t) => {
  const all = product({
    time: TIMES,
    isRemote: [false, true],
    isRestored: [false, true],
  })
  walk(t, MOMENTS, all, ({ time, isRemote, isRestored }) =>
    whenWas(
      time,
      { spans: [{ from: FROM, to: TO }], restores: isRestored ? [RESTORE] : [] },
      isRemote,
    ),
  )
})

test('a birth of which nothing is known', (t) => {
  const window: Window = { spans: [{ from: FROM, to: TO }], restores: [] }
  t.equal(whenBorn(undefined, window, false), undefined)
  t.equal(whenBorn(at(0), window, false), undefined, 'as mke2fs -d leaves it')
  t.equal(whenBorn(at(0, 5), window, false), undefined)
  t.equal(whenBorn(at(1), window, false), 'before')
  t.equal(whenBorn(NEXT, window, false), 'after')
  t.equal(whenBorn(NEXT, window, true), 'within')
})

test('the first moment and the last of all spans', (t) => {
  const span = (from: number, to: number): Span => ({ from: at(from), to: at(to) })
  for (const some of [
    [span(1, 2), span(5, 6)],
    [span(5, 6), span(1, 2)],
    [span(1, 6), span(2, 3)],
  ])
    t.strictSame(beginAndEnd({ spans: some, restores: [] }), span(1, 6))
  t.strictSame(beginAndEnd({ spans: [], restores: [] }), span(0, 0))
})

const nanoseconds = fc.integer({ min: 0, max: 999_999_999 })
const time = fc
  .record({ sec: fc.integer({ min: 1_699_999_000, max: 1_700_000_000 }), nsec: nanoseconds })
  .map((one): Time => one)

test('what was made strictly between begin and end is within', (t) => {
  holds(
    t,
    'by what stats-dump says, by dump.log, or by the first image',
    fc.property(
      time,
      fc.integer({ min: 1, max: 600_000 }),
      fc.double({ min: 0, max: 1, noNaN: true, minExcluded: true, maxExcluded: true }),
      fc.constantFrom('stats', 'log', 'image'),
      fc.constantFrom(...CLOCK_STATES),
      (written, milliseconds, part, known, clock) => {
        const took = milliseconds / 1000
        const begun = plus(written, -took)
        const made = plus(begun, took * part)
        if (made.nsec === 0 || !isBefore(begun, made) || !isBefore(made, written)) return true
        // That late by the clock of the images, these are a copy which was made at once.
        const late = secondsBetween(DUMPED, written)
        if (late > 0 && late < 1) return true
        const window = dumpWindow(
          images({
            written,
            earliest: known === 'image' ? begun : written,
            tookSeconds: known === 'stats' ? took : undefined,
            logBegun: known === 'log' ? begun : undefined,
            clock: clockOf(clock),
            // The clock of now does not agree: it was set since.
            clockWritten: written,
          }),
          [],
          CLOCKS,
        )
        return whenWas(made, window, false) === 'within'
      },
    ),
    3000,
  )
})

test('what is later than all that is known of the dump is after, what is earlier is before', (t) => {
  holds(
    t,
    'whatever the clock says',
    fc.property(
      time,
      time,
      fc.boolean(),
      fc.constantFrom(...CLOCK_STATES),
      (written, moment, inOrder, clock) => {
        const facts = images({ written, earliest: written, clockWritten: written, inOrder })
        const window = dumpWindow({ ...facts, clock: clockOf(clock) }, [], CLOCKS)
        const { from, to } = beginAndEnd(window)
        const is = whenWas(moment, window, false)
        if (isAfter(moment, to)) return is === 'after'
        if (isBefore(moment, from)) return is === 'before'
        return is !== 'before'
      },
    ),
    2000,
  )
})

test('times do not run back: later is never more before', (t) => {
  const rank: Readonly<Record<When, number>> = { before: 0, within: 1, restored: 1, after: 1 }
  holds(
    t,
    'before ends once',
    fc.property(time, time, time, (written, one, other) => {
      const window = dumpWindow(images({ written, earliest: written }), [], CLOCKS)
      const [early, late] = isAfter(one, other) ? [other, one] : [one, other]
      return rank[whenWas(early, window, false)] <= rank[whenWas(late, window, false)]
    }),
    2000,
  )
})
