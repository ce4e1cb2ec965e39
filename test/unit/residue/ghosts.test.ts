import { planGhost, type GhostFound, type GhostPlan } from '../../../src/residue/ghosts.js'
import { NO_REPAIRS } from '../../../src/residue/repairs.js'
import type { Consent } from '../../../src/proof/doubts.js'
import { test } from '../support/check.js'
import { b } from '../support/model.js'

const FOUND: GhostFound = {
  ...{ path: b('/a\n.cr.1.ghost'), differs: undefined, heldBy: [], unseen: undefined },
}

const ASKED = { ...NO_REPAIRS, kinds: new Set(['ghosts'] as const) }

const plan = (
  found: Partial<GhostFound>,
  isRestoring = false,
  repairs = ASKED,
  accept: Consent = new Set(),
): GhostPlan => planGhost({ ...FOUND, ...found }, isRestoring, repairs, accept)

const reasonOf = ({ go, row }: GhostPlan): string =>
  `${go ? 'go' : 'kept'} ${row.reason ?? ''}`.trim()

test('one that goes', (t) => {
  t.equal(reasonOf(plan({})), 'go')
  t.match(plan({}).row, { kind: 'ghosts', where: String.raw`/a\n.cr.1.ghost`, repair: 'ghosts' })
})

test('what is in the way', (t) => {
  const cases: readonly (readonly [Partial<GhostFound>, boolean, string])[] = [
    [{ differs: 'its size is 1' }, false, 'kept foreign'],
    [{ differs: 'its size is 1', heldBy: ['x'] }, true, 'kept foreign'],
    [{ heldBy: ['descriptor 5 of process 12'] }, false, 'kept held'],
    [{ unseen: 'processes outside' }, false, 'kept unseen'],
    [{}, true, 'kept busy'],
    [{ unseen: 'processes outside' }, true, 'kept busy'],
  ]
  for (const [found, isRestoring, wanted] of cases)
    t.equal(reasonOf(plan(found, isRestoring)), wanted)
  t.match(plan({ heldBy: ['x', 'y'] }).row.message, 'held by x, y')
  t.match(plan({ differs: 'its size is 1' }).row, { message: /^its size is 1: .*by hand$/ })
  t.notHas(plan({ differs: 'its size is 1' }).row, { repair: String })
})

test('whoever knows that nobody holds it may say so', (t) => {
  const unseen = { unseen: 'processes outside' }
  t.equal(reasonOf(plan(unseen, false, ASKED, new Set(['unseen']))), 'go')
  t.equal(reasonOf(plan(unseen, true, ASKED, new Set(['unseen']))), 'kept busy')
  t.match(plan(unseen).row.message, /processes outside: if nobody does, --accept unseen/)
})

test('what nobody asked for is only named', (t) => {
  for (const isRestoring of [false, true])
    t.equal(reasonOf(plan({}, isRestoring, NO_REPAIRS as typeof ASKED)), 'kept unasked')
  const held = plan({ heldBy: ['x'] }, false, NO_REPAIRS as typeof ASKED)
  t.equal(reasonOf(held), 'kept unasked')
  t.equal(held.row.message, 'held by x')
})
