import {
  placeOf,
  type GivenPlace,
  type Place,
  type PlaceFacts,
  type RecordedPlace,
} from '../../../src/proof/place.js'
import { test } from '../support/check.js'
import { b } from '../support/model.js'
import { product, walk, type Row } from './table.js'

const BOTH = [false, true] as const
const DISK = '254:0'
const NUMBERLESS = '0:41'
const upper = b('/var/lib/upper')

const common = { root: [undefined, b('/'), b('/vol')] } as const
const RECORDED: readonly (RecordedPlace | undefined)[] = [
  undefined,
  ...product({ ...common, fstype: ['unsupported'], device: [DISK], upper: [undefined] }),
  ...product({ ...common, fstype: ['tmpfs'], device: [NUMBERLESS], upper: [undefined] }),
  ...product({ ...common, fstype: ['overlay'], device: [NUMBERLESS], upper: [undefined, upper] }),
  ...product({ ...common, fstype: ['btrfs', 'nfs'], device: [NUMBERLESS], upper: [undefined] }),
]
const GIVEN: readonly (GivenPlace | undefined)[] = [
  undefined,
  ...product({
    device: [DISK, '254:1', NUMBERLESS, '0:50'],
    path: [b('/'), b('/vol')],
    upper: [undefined, upper, b('/var/lib/other')],
    isUpper: BOTH,
  }),
]
const ALL: readonly PlaceFacts[] = product({
  isHostTree: BOTH,
  isStillMounted: BOTH,
  recorded: RECORDED,
  given: GIVEN,
  isThisBoot: BOTH,
  isMountedSince: BOTH,
  isRecordedMounted: BOTH,
})

/** The facts in the words of the table. */
interface Words {
  readonly facts: PlaceFacts
  readonly isKnown: boolean
  readonly isHost: boolean
  readonly mount: 'unknown' | 'overlay' | 'tmpfs' | 'disk' | 'numberless'
  readonly isGiven: boolean
  readonly isOnDisk: boolean
  readonly device: 'same' | 'other'
  readonly path: 'same' | 'other'
  readonly upper: 'same' | 'other'
  readonly isUpper: boolean
  readonly isThisBoot: boolean
  readonly isMountedSince: boolean
  readonly isRecordedMounted: boolean
}

const kindOf = (recorded: RecordedPlace | undefined): Words['mount'] => {
  if (recorded?.root === undefined) return 'unknown'
  if (recorded.upper !== undefined) return 'overlay'
  if (recorded.fstype === 'tmpfs') return 'tmpfs'
  return recorded.device === DISK ? 'disk' : 'numberless'
}

const inWords = (facts: PlaceFacts): Words => {
  const { recorded, given, isHostTree, isStillMounted } = facts
  const { isThisBoot, isMountedSince, isRecordedMounted } = facts
  return {
    facts,
    isHost: isHostTree,
    isKnown: isStillMounted,
    mount: kindOf(recorded),
    isGiven: given !== undefined,
    isOnDisk: given?.device.startsWith('254:') ?? false,
    device: given?.device === recorded?.device ? 'same' : 'other',
    path: given?.path === recorded?.root ? 'same' : 'other',
    upper: given?.upper === recorded?.upper ? 'same' : 'other',
    isUpper: given?.isUpper ?? false,
    isThisBoot,
    isMountedSince,
    isRecordedMounted,
  }
}

const THE_ONE: Place = { is: 'the-one' }
const POSSIBLE: Place = { is: 'possible' }
const not = (why: 'path' | 'device' | 'kind' | 'upper'): Place => ({ is: 'elsewhere', why })

/** As in the head of the file. */
const ROWS: readonly Row<Words, Place>[] = [
  [{ isHost: [true] }, THE_ONE],
  [{ isKnown: [true] }, THE_ONE],
  [{ mount: ['unknown'] }, POSSIBLE],
  [{ isGiven: [false] }, POSSIBLE],
  [{ mount: ['overlay'], isUpper: [true] }, THE_ONE],
  [{ mount: ['overlay'], upper: ['same'], path: ['same'] }, THE_ONE],
  [{ mount: ['overlay'], upper: ['same'] }, not('path')],
  [{ mount: ['overlay'] }, not('upper')],
  [{ mount: ['tmpfs'], isOnDisk: [true] }, not('kind')],
  [{ mount: ['disk'], isOnDisk: [false] }, not('kind')],
  [{ mount: ['disk'], path: ['other'] }, not('path')],
  [{ mount: ['disk'], device: ['same'], isThisBoot: [true], isMountedSince: [false] }, THE_ONE],
  [{ mount: ['disk'], device: ['same'] }, POSSIBLE],
  [{ mount: ['disk'], isThisBoot: [true], isRecordedMounted: [true] }, not('device')],
  [{ mount: ['disk'] }, POSSIBLE],
  [{ mount: ['tmpfs', 'numberless'], device: ['same'], path: ['other'] }, not('path')],
  [{ mount: ['tmpfs', 'numberless'] }, POSSIBLE],
]

test('the whole table', (t) => {
  walk(t, ROWS, ALL.map(inWords), ({ facts }) => placeOf(facts))
})

const FACTS: PlaceFacts = {
  isHostTree: false,
  isStillMounted: false,
  recorded: { fstype: 'unsupported', device: DISK, root: b('/vol'), upper: undefined },
  given: { device: DISK, path: b('/vol'), upper: undefined, isUpper: false },
  isThisBoot: true,
  isMountedSince: false,
  isRecordedMounted: true,
}

test('a path is the same as a whole, and a number as a whole', (t) => {
  const at = (device: string, path: string): Place['is'] =>
    placeOf({ ...FACTS, given: { device, path: b(path), upper: undefined, isUpper: false } }).is
  t.equal(at(DISK, '/vol'), 'the-one')
  for (const path of ['/vol/sub', '/vo', '/', '/volume']) t.equal(at(DISK, path), 'elsewhere', path)
  t.equal(at('254:00', '/vol'), 'elsewhere')
  t.equal(at('0:2540', '/vol'), 'elsewhere', 'no disk, whatever follows the 0')
})

test('what is in the directory plays no part, nor does what its file system is called now', (t) => {
  t.strictSame(
    placeOf({ ...FACTS, recorded: { ...FACTS.recorded!, fstype: 'ext4' } }),
    placeOf(FACTS),
  )
})
