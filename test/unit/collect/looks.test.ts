import { lookAgain, LOOKS, type Looked } from '../../../src/collect/looks.js'
import { kept, type Outcome } from '../../../src/collect/outcome.js'
import type { PlannedRemap } from '../../../src/plan/planned.js'
import { test } from '../support/check.js'
import { mount, remap } from '../support/model.js'

const planned = (id: number): PlannedRemap => ({
  kind: 'vanished',
  remap: remap(id, '/dev/shm', { mntId: 12 }),
  mount: mount(12, '/dev/shm'),
})
const [FIRST, SECOND] = [planned(6), planned(8)]

const ALIVE = kept('unreachable', 'it is still mounted', 'stop what keeps it')
const DEAD: Outcome = { verdict: 'vanished' }
const MISSING: Outcome = { verdict: 'absent' }

const looked = (outcomes: readonly Outcome[], unseen?: string): Looked => ({
  others: { tables: [], unseen },
  deaths: new Map(outcomes.map((outcome, i) => [i === 0 ? FIRST : SECOND, outcome])),
})

/** What comes of these looks, one after the other, and "look" or "pause" for each step. */
const run = (...looks: readonly Looked[]): { last: Looked; steps: string[] } => {
  const steps: string[] = []
  const look = (): Looked => {
    const one = looks[steps.filter((step) => step === 'look').length]
    if (one === undefined) throw new Error('a look too many')
    steps.push('look')
    return one
  }
  return { last: lookAgain(look, () => void steps.push('pause')), steps }
}

test('where nothing lives on, one look is enough', (t) => {
  for (const outcomes of [[], [DEAD], [MISSING], [DEAD, MISSING]]) {
    const first = looked(outcomes)
    const { last, steps } = run(first, looked([ALIVE]))
    t.equal(last, first)
    t.strictSame(steps, ['look'])
  }
})

test('what goes away before the second look leaves no doubt', (t) => {
  const second = looked([DEAD])
  const { last, steps } = run(looked([ALIVE]), second, looked([ALIVE]))
  t.equal(last, second)
  t.strictSame(steps, ['look', 'pause', 'look'])
})

test('what goes away before the last look leaves none either', (t) => {
  const third = looked([DEAD, MISSING])
  const { last } = run(looked([ALIVE, ALIVE]), looked([DEAD, ALIVE]), third)
  t.equal(last, third)
})

test('what is there each time lives on', (t) => {
  const looks = [looked([DEAD, ALIVE]), looked([ALIVE, DEAD]), looked([DEAD, ALIVE])]
  t.equal(looks.length, LOOKS)
  const { last, steps } = run(...looks)
  t.equal(last, looks[LOOKS - 1], 'as it was seen last')
  t.strictSame(steps, ['look', 'pause', 'look', 'pause', 'look'])
})

test('what cannot be seen is not looked at again', (t) => {
  const blind = looked([ALIVE], 'a mount namespace cannot be looked at: EACCES')
  const { last, steps } = run(blind, looked([DEAD]))
  t.equal(last, blind)
  t.strictSame(steps, ['look'])
  const second = run(looked([ALIVE]), blind, looked([DEAD]))
  t.equal(second.last, blind)
})

test('the pause is there without being asked for', (t) => {
  let looks = 0
  const last = lookAgain(() => looked([++looks === 2 ? DEAD : ALIVE]))
  t.equal(looks, 2)
  t.strictSame(last, looked([DEAD]))
})
