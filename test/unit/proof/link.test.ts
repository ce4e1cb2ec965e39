import fc from 'fast-check'
import { DOUBTS, type Doubt } from '../../../src/proof/doubts.js'
import { judgeLink, type LinkFacts, type LinkVerdict } from '../../../src/proof/link.js'
import type { When } from '../../../src/proof/window.js'
import { test } from '../support/check.js'
import { holds } from '../support/property.js'
import { product, walk, type Row } from './table.js'

const WHENS = ['before', 'within', 'restored', 'after'] as const satisfies readonly When[]
const BOTH = [false, true] as const

const FACTS = {
  born: [undefined, ...WHENS],
  changed: WHENS,
  directoryChanged: WHENS,
  place: ['the-one', 'possible'],
  isType: BOTH,
  isMountpoint: BOTH,
  isImmutable: BOTH,
  isMode: BOTH,
  isSize: BOTH,
} as const
const ALL: readonly LinkFacts[] = product(FACTS)

const known = (why: 'type' | 'mountpoint' | 'immutable'): LinkVerdict => ({ is: 'known', why })
const doubt = (
  name: Doubt,
  why: 'born' | 'link' | 'directory' | 'both' | 'mode' | 'size',
): LinkVerdict => ({ is: 'doubt', doubt: name, why })
const OWN: LinkVerdict = { is: 'own' }
const FIT = { isMode: [true], isSize: [true] }

/** As in the head of the file. */
const ROWS: readonly Row<LinkFacts, LinkVerdict>[] = [
  [{ isType: [false] }, known('type')],
  [{ isMountpoint: [true] }, known('mountpoint')],
  [{ isImmutable: [true] }, known('immutable')],
  [{ born: ['after'] }, doubt('newer', 'born')],
  [{ changed: ['before'] }, doubt('older', 'link')],
  [{ directoryChanged: ['before'] }, doubt('older', 'directory')],
  [{ directoryChanged: ['within'], place: ['the-one'] }, OWN],
  [{ changed: ['within', 'restored'], ...FIT }, OWN],
  [{ directoryChanged: ['within', 'restored'], changed: ['after'], ...FIT }, OWN],
  [{ directoryChanged: ['after'], changed: ['after'] }, doubt('newer', 'both')],
  [{ isMode: [false] }, doubt('mismatch', 'mode')],
  [{ isSize: [false] }, doubt('mismatch', 'size')],
]

const judge = (facts: LinkFacts, accepted: readonly Doubt[] = []): LinkVerdict =>
  judgeLink(facts, (name) => accepted.includes(name))

test('the whole table, without consent', (t) => {
  t.equal(ALL.length, 5 * 4 * 4 * 2 * 2 ** 5)
  walk(t, ROWS, ALL, (facts) => judge(facts))
})

/** The doubts that a link can be in. */
const OF_LINKS = ['newer', 'older', 'mismatch'] as const
const consents = product({ newer: BOTH, older: BOTH, mismatch: BOTH }).map((one) =>
  OF_LINKS.filter((name) => one[name]),
)

test('the whole table, with every consent: it strikes the rows of its doubts and no other', (t) => {
  t.equal(consents.length, 8)
  for (const accepted of consents.slice(1)) {
    const rows = ROWS.filter(([, is]) => is.is !== 'doubt' || !accepted.some((a) => a === is.doubt))
    walk(t, [...rows, [{}, OWN]], ALL, (facts) => judge(facts, accepted))
  }
})

const facts: fc.Arbitrary<LinkFacts> = fc.record({
  born: fc.constantFrom(undefined, ...WHENS),
  changed: fc.constantFrom(...WHENS),
  directoryChanged: fc.constantFrom(...WHENS),
  place: fc.constantFrom('the-one', 'possible'),
  isType: fc.boolean(),
  isMountpoint: fc.boolean(),
  isImmutable: fc.boolean(),
  isMode: fc.boolean(),
  isSize: fc.boolean(),
})
const consent = fc.subarray([...DOUBTS])

test('what is known to be wrong stays, whatever is accepted', (t) => {
  holds(
    t,
    'known is known with every consent, and for the same reason',
    fc.property(facts, consent, (of, accepted) => {
      const plain = judge(of)
      const isWrong = !of.isType || of.isMountpoint || of.isImmutable
      if ((plain.is === 'known') !== isWrong) return false
      return plain.is !== 'known' || JSON.stringify(judge(of, accepted)) === JSON.stringify(plain)
    }),
    3000,
  )
})

test('consents are narrow', (t) => {
  holds(
    t,
    'a doubt is overcome by its own name alone',
    fc.property(facts, consent, (of, accepted) => {
      const plain = judge(of)
      if (plain.is !== 'doubt' || accepted.includes(plain.doubt)) return true
      return JSON.stringify(judge(of, accepted)) === JSON.stringify(plain)
    }),
    3000,
  )
  holds(
    t,
    'what is in doubt with a consent is in a doubt that it does not name',
    fc.property(facts, consent, (of, accepted) => {
      const left = judge(of, accepted)
      return left.is !== 'doubt' || !accepted.includes(left.doubt)
    }),
    3000,
  )
  for (const accepted of ['elsewhere', 'gone', 'unseen'] as const)
    t.strictSame(
      ALL.filter((of) => judge(of, [accepted]) !== judge(of)),
      [],
      `--accept ${accepted} says nothing of a link`,
    )
})

test('more consent never keeps what less would remove', (t) => {
  holds(
    t,
    'own stays own',
    fc.property(facts, consent, consent, (of, some, more) => {
      const isOwn = (accepted: readonly Doubt[]): boolean => judge(of, accepted).is === 'own'
      return !isOwn(some) || isOwn([...some, ...more])
    }),
    3000,
  )
})

test('with every consent there is nothing between its own and known', (t) => {
  t.strictSame(
    ALL.filter((of) => judge(of, DOUBTS).is === 'doubt'),
    [],
  )
})
