import { isAlive, judgeDeath, type Death, type Sighting } from '../../../src/proof/death.js'
import { test } from '../support/check.js'
import { product, walk, type Row } from './table.js'

const BOTH = [false, true] as const
const SIGHTINGS: readonly Sighting[] = product({
  link: ['there', 'missing', 'unseen'],
  isSameSource: BOTH,
})

/** What one mount with its number tells. */
const ALIVE: readonly Row<Sighting, boolean>[] = [
  [{ link: ['there'] }, true],
  [{ link: ['missing'] }, false],
  [{ link: ['unseen'], isSameSource: [true] }, true],
  [{ link: ['unseen'], isSameSource: [false] }, false],
]

test('one mount with the number of its file system', (t) => {
  walk(t, ALIVE, SIGHTINGS, isAlive)
})

interface Facts {
  readonly sightings: readonly Sighting[]
  readonly isAnyAlive: boolean
  readonly allSeen: boolean
}

/** As in the head of the file: what is not alive is as not there. */
const ROWS: readonly Row<Facts, Death>[] = [
  [{ isAnyAlive: [true] }, 'alive'],
  [{ isAnyAlive: [false], allSeen: [true] }, 'dead'],
  [{ isAnyAlive: [false], allSeen: [false] }, 'unknown'],
]

test('the whole table, with up to three mounts', (t) => {
  const none: Sighting[][] = [[]]
  const one = SIGHTINGS.map((sighting) => [sighting])
  const two = SIGHTINGS.flatMap((first) => one.map((rest) => [first, ...rest]))
  const three = SIGHTINGS.flatMap((first) => two.map((rest) => [first, ...rest]))
  const lists = [none, one, two, three].flat()
  t.equal(lists.length, 1 + 6 + 36 + 216)
  const all = lists.flatMap((sightings) =>
    BOTH.map((allSeen) => ({
      sightings,
      allSeen,
      isAnyAlive: sightings.some(
        ({ link, isSameSource }) => link === 'there' || (link === 'unseen' && isSameSource),
      ),
    })),
  )
  walk(t, ROWS, all, ({ sightings, allSeen }) => judgeDeath(sightings, allSeen))
})
