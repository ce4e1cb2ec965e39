import fc from 'fast-check'
import type { Outcome, Verdict } from '../../../src/collect/outcome.js'
import { EXIT } from '../../../src/errors.js'
import { exitOf, isProven, totalsOf, VERDICTS } from '../../../src/report/report.js'
import { test } from '../support/check.js'
import { holds } from '../support/property.js'
import { OUTCOMES, report, reported, UNPROVEN } from './build.js'

const ALL: Readonly<Record<Verdict | 'alarm' | 'unproven' | 'died?', Outcome>> = {
  ...OUTCOMES,
  alarm: { ...OUTCOMES.failed, alarm: true },
  unproven: UNPROVEN,
  'died?': { ...OUTCOMES.vanished, proven: false },
}
const ANY = Object.keys(ALL) as (keyof typeof ALL)[]

const exitOfAll = (outcomes: readonly (keyof typeof ALL)[], complete = true): number =>
  EXIT[
    exitOf(
      report(
        outcomes.map((one) => reported(ALL[one])),
        { checkpoint: { complete } },
      ),
    )
  ]

test('every verdict is counted', (t) => {
  t.strictSame([...VERDICTS].sort(), Object.keys(OUTCOMES).sort())
  holds(
    t,
    'totals add up',
    fc.property(fc.array(fc.constantFrom(...VERDICTS)), (verdicts) => {
      const { remaps, ...counts } = totalsOf(
        report(verdicts.map((verdict) => reported(OUTCOMES[verdict]))),
      )
      return (
        remaps === verdicts.length &&
        Object.values(counts).reduce((a, b) => a + b, 0) === remaps &&
        VERDICTS.every((one) => counts[one] === verdicts.filter((other) => other === one).length)
      )
    }),
  )
})

test('a signal weighs more than what is left, and less than an alarm', (t) => {
  const ended = (outcome: Outcome): string =>
    exitOf(report([reported(outcome)], { interrupted: 'SIGTERM' }))
  t.equal(ended(OUTCOMES.removed), 'interrupted')
  t.equal(ended(OUTCOMES.kept), 'interrupted')
  t.equal(ended(ALL.alarm), 'alarm')
})

test('each verdict by itself', (t) => {
  t.equal(exitOfAll([]), EXIT.clean)
  t.equal(exitOfAll(['removed']), EXIT.clean)
  t.equal(exitOfAll(['absent']), EXIT.clean)
  t.equal(exitOfAll(['vanished']), EXIT.clean)
  t.equal(exitOfAll(['kept']), EXIT.leftovers)
  t.equal(exitOfAll(['failed']), EXIT.leftovers)
  t.equal(exitOfAll(['would-remove']), EXIT.leftovers)
  t.equal(exitOfAll(['alarm']), EXIT.alarm)
})

test('incomplete images', (t) => {
  t.equal(exitOfAll([], false), EXIT.incomplete)
  t.equal(exitOfAll(['removed', 'absent', 'vanished'], false), EXIT.incomplete)
})

test('an absence that is not proven', (t) => {
  t.equal(exitOfAll(['unproven']), EXIT.incomplete)
  t.equal(exitOfAll(['died?']), EXIT.incomplete, 'nor is a death')
  t.equal(exitOfAll(['removed', 'absent', 'unproven', 'vanished']), EXIT.incomplete)
  t.equal(isProven(report([reported(UNPROVEN)])), false)
  t.equal(isProven(report(Object.values(OUTCOMES).map((one) => reported(one)))), true)
  t.equal(isProven(report([])), true)
  t.strictSame(
    totalsOf(report([reported(UNPROVEN), reported(OUTCOMES.absent)])).absent,
    2,
    'they are counted together',
  )
})

test('alarm before leftovers before incomplete before clean', (t) => {
  t.equal(exitOfAll(['removed', 'kept', 'alarm'], false), 9)
  t.equal(exitOfAll(['removed', 'kept'], false), 3)
  t.equal(exitOfAll(['removed'], false), 4)
  t.equal(exitOfAll(['removed']), 0)
  t.equal(exitOfAll(['unproven', 'alarm', 'kept']), 9)
  for (const one of ['kept', 'failed', 'would-remove'] as const)
    t.equal(exitOfAll(['unproven', one]), 3, one)
  t.equal(exitOfAll(['unproven', 'removed']), 4)
  const rank = [9, 3, 4, 0]
  holds(
    t,
    'one more remap never makes it better',
    fc.property(
      fc.array(fc.constantFrom(...ANY), { maxLength: 4 }),
      fc.constantFrom(...ANY),
      fc.boolean(),
      (verdicts, more, complete) =>
        rank.indexOf(exitOfAll([...verdicts, more], complete)) <=
        rank.indexOf(exitOfAll(verdicts, complete)),
    ),
  )
})

test('an alarm is one even on a removal', (t) => {
  const alarmed: Outcome = { ...OUTCOMES.removed, alarm: true }
  t.equal(exitOf(report([reported(alarmed)])), 'alarm')
})
