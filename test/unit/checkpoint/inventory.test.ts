import { readInventory } from '../../../src/checkpoint/inventory.js'
import { image } from '../../encode/images.js'
import { encode, ids, inventory, type InventorySpec } from '../../encode/messages.js'
import { refuses, test, type Test } from '../support/check.js'
import { openIn } from './dump.js'

const readEntry = (t: Test, entry: Buffer) =>
  readInventory(openIn(t, new Map([['inventory.img', image('inventory', [entry])]])))

const readSpec = (t: Test, spec: InventorySpec) => readEntry(t, inventory(spec))

test('versions 1 and 2 are read', (t) => {
  for (const version of [1, 2]) {
    const { entry, preDump, state } = readSpec(t, { version })
    t.equal(entry?.img_version, version)
    t.equal(preDump, false)
    t.equal(state.state, 'complete')
    t.equal(entry?.root_ids?.mnt_ns_id, 6)
  }
})

test('any other version is refused', (t) => {
  for (const version of [0, 3, 4, 0xffffffff]) {
    const error = refuses(
      t,
      () => readSpec(t, { version }),
      'bad-images',
      new RegExp(`version ${version} is not supported`),
    )
    t.match(error?.where, /inventory\.img$/)
    t.match(error?.next, /nothing was deleted/)
  }
})

test('images of before CRIU 1.0 are too old, and it says what tells so', (t) => {
  refuses(t, () => readSpec(t, { fdinfoPerId: false }), 'bad-images', /fdinfo_per_id is not set/)
  refuses(t, () => readSpec(t, { nsPerId: false }), 'bad-images', /: ns_per_id is not set/)
  refuses(
    t,
    () => readEntry(t, encode({ 1: 2, 3: ids(), 4: true })),
    'bad-images',
    /fdinfo_per_id is not set/,
    'absent is not set',
  )
  refuses(
    t,
    () => readEntry(t, encode({ 1: 2, 2: true, 3: ids() })),
    'bad-images',
    /: ns_per_id is not set/,
    'absent is not set',
  )
})

test('a pre-dump has a mode and no version', (t) => {
  // As CRIU writes it: img_version 0, nothing of fdinfo_per_id and root_ids.
  const { preDump } = readEntry(t, encode({ 1: 0, 9: 1 }))
  t.equal(preDump, true)
  t.equal(readEntry(t, encode({ 1: 0, 9: 0 })).preDump, true, 'mode 0 is a mode')
  t.equal(readSpec(t, { version: 2, preDumpMode: 1 }).preDump, false, 'a version says dump')
})

test('an inventory that is not there, empty or cut has no entry and refuses nothing', (t) => {
  const whole = image('inventory', [inventory()])
  const states: readonly (readonly [Buffer | undefined, string])[] = [
    [undefined, 'absent'],
    [Buffer.alloc(0), 'empty'],
    [whole.subarray(0, whole.length - 1), 'truncated'],
    [whole.subarray(0, 6), 'truncated'],
  ]
  for (const [data, state] of states) {
    const images = new Map(data === undefined ? [] : [['inventory.img', data]])
    const found = readInventory(openIn(t, images))
    t.equal(found.state.state, state)
    t.equal(found.entry, undefined)
    t.equal(found.preDump, false)
  }
})

test('the first entry counts', (t) => {
  const two = image('inventory', [inventory({ version: 2 }), inventory({ version: 3 })])
  t.equal(readInventory(openIn(t, new Map([['inventory.img', two]]))).entry?.img_version, 2)
})
