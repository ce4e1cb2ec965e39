import {
  judgeFound,
  momentOf,
  type FoundFacts,
  type FoundVerdict,
} from '../../../src/proof/found.js'
import { test } from '../support/check.js'
import { at } from '../support/model.js'
import { product, walk, type Row } from './table.js'

const BOTH = [false, true] as const
const MOMENTS = ['before', 'within', 'after'] as const

const ALL: readonly FoundFacts[] = product({
  isName: BOTH,
  isType: BOTH,
  isMountpoint: BOTH,
  isImmutable: BOTH,
  isSameInode: BOTH,
  isWanted: BOTH,
  held: ['no', 'yes', 'unknown'],
  changed: MOMENTS,
  directoryChanged: MOMENTS,
})

const known = (why: string): FoundVerdict => ({ is: 'known', why }) as FoundVerdict
const LEFTOVER: FoundVerdict = { is: 'leftover' }

/** As in the head of the file, `last` for what may be consented to. */
const rows = (last: FoundVerdict): readonly Row<FoundFacts, FoundVerdict>[] => [
  [{ isType: [false] }, known('type')],
  [{ isMountpoint: [true] }, known('mountpoint')],
  [{ isImmutable: [true] }, known('immutable')],
  [{ isSameInode: [false] }, known('inode')],
  [{ isName: [false] }, known('name')],
  [{ isWanted: [true] }, known('wanted')],
  [{ held: ['yes'] }, known('held')],
  [{ changed: ['before'] }, known('older')],
  [{ directoryChanged: ['before'] }, known('older')],
  [{ changed: ['after'] }, known('newer')],
  [{ held: ['unknown'] }, last],
  [{}, LEFTOVER],
]

test('the whole table', (t) => {
  walk(t, rows({ is: 'doubt', doubt: 'unseen' }), ALL, (facts) => judgeFound(facts, () => false))
})

test('with all consents: nothing but what was not seen', (t) => {
  walk(t, rows(LEFTOVER), ALL, (facts) => judgeFound(facts, () => true))
  for (const facts of ALL)
    judgeFound(facts, (doubt) => {
      t.equal(doubt, 'unseen')
      return false
    })
})

test('moments, also of file systems with whole seconds', (t) => {
  const span = { from: at(10, 5), to: at(12, 5) }
  for (const [sec, nsec, is] of [
    [10, 4, 'before'],
    [10, 5, 'within'],
    [12, 5, 'within'],
    [12, 6, 'after'],
    [10, 0, 'before'],
    [11, 0, 'within'],
    [12, 0, 'after'],
  ] as const)
    t.equal(momentOf(at(sec, nsec), span), is, `${sec}.${nsec}`)
})
