import fc from 'fast-check'
import { judgeAbsence, type Absence, type AbsenceFacts } from '../../../src/proof/absence.js'
import type { When } from '../../../src/proof/window.js'
import { test } from '../support/check.js'
import { holds } from '../support/property.js'
import { product, walk, type Row } from './table.js'

const WHENS = ['before', 'within', 'restored', 'after'] as const satisfies readonly When[]
const BOTH = [false, true] as const
const PLACES = ['the-one', 'possible', 'elsewhere'] as const

const ALL: readonly AbsenceFacts[] = product({
  place: PLACES,
  isReached: BOTH,
  isDirectoryThere: BOTH,
  changed: WHENS,
  born: [undefined, ...WHENS],
  isOurAct: BOTH,
  isRolledBack: BOTH,
})

const SINCE: readonly When[] = ['within', 'restored', 'after']
const NOT_AFTER: readonly (When | undefined)[] = [undefined, 'before', 'within', 'restored']

/** As in the head of the file. */
const ROWS: readonly Row<AbsenceFacts, Absence>[] = [
  [{ place: ['elsewhere'] }, 'elsewhere'],
  [{ isOurAct: [true], isDirectoryThere: [true] }, 'proven'],
  [
    {
      isRolledBack: [true],
      isReached: [true],
      isDirectoryThere: [true],
      changed: SINCE,
      born: NOT_AFTER,
    },
    'proven',
  ],
  [{ isRolledBack: [true] }, 'unproven'],
  [{ isReached: [false] }, 'unreached'],
  [{ changed: ['before'] }, 'unchanged'],
  [{ born: ['after'] }, 'made-later'],
  [{ place: ['the-one'], isDirectoryThere: [true] }, 'proven'],
  [{ place: ['possible'], isDirectoryThere: [true] }, 'unproven'],
  [{ isDirectoryThere: [false] }, 'unproven'],
]

test('the whole table', (t) => {
  t.equal(ALL.length, 3 * 2 * 2 * 4 * 5 * 2 * 2)
  walk(t, ROWS, ALL, judgeAbsence)
})

const facts: fc.Arbitrary<AbsenceFacts> = fc.constantFrom(...ALL)

test('proven is what somebody did, or a directory that can be no other', (t) => {
  holds(
    t,
    'never where the directory is gone, or is known to be another',
    fc.property(facts, (of) => {
      if (judgeAbsence(of) !== 'proven') return true
      if (!of.isDirectoryThere || of.place === 'elsewhere') return false
      if (of.isOurAct) return true
      const isSeen = of.isReached && of.changed !== 'before' && of.born !== 'after'
      return isSeen && (of.isRolledBack || of.place === 'the-one')
    }),
    2000,
  )
})

test('to know who did it makes nothing less sure', (t) => {
  const rank = (absence: Absence): number =>
    absence === 'proven' ? 2 : absence === 'unproven' ? 1 : 0
  holds(
    t,
    'an act of ours, and one of CRIU',
    fc.property(facts, (of) => {
      const plain = rank(judgeAbsence({ ...of, isOurAct: false, isRolledBack: false }))
      const ours = rank(judgeAbsence({ ...of, isOurAct: true, isRolledBack: false }))
      const criu = rank(judgeAbsence({ ...of, isOurAct: false, isRolledBack: true }))
      return ours >= plain && criu >= plain
    }),
    2000,
  )
})
