import { idsOf, Listing, type Ids } from '../../../src/host/listed.js'
import { test } from '../support/check.js'
import { encodeRow, FakeNamespaces, type FakeRow } from './fake-namespaces.js'

/** As numbers, or -errno. */
const numbers = (ids: Ids | number): number[] | number =>
  typeof ids === 'number' ? ids : [...idsOf(ids)]

const always = (): void => undefined
const ROOTFS: FakeRow = { id: 100, parent: 100, mountpoint: '' }
const row = (id: number, rest: Partial<FakeRow> = {}): FakeRow => ({
  id,
  parent: 101,
  mountpoint: `/${id}`,
  ...rest,
})
const many = (count: number): FakeRow[] =>
  Array.from({ length: count }, (_, index) => row(101 + index, index === 0 ? { parent: 100 } : {}))

test('all ids, by pages', (t) => {
  for (const count of [1, 511, 512, 513, 1024, 1500]) {
    const fake = new FakeNamespaces(t, [{ id: 9, rows: [ROOTFS, ...many(count)] }])
    const ids = new Listing(fake.sys, always).all({ id: 9, count })
    t.strictSame(
      numbers(ids),
      many(count).map(({ id }) => id),
      String(count),
    )
    t.equal(fake.addon.of('listmount').length, Math.floor(count / 512) + 1)
    t.strictSame(fake.addon.of('statmount'), [], 'the count says that these are all')
  }
})

test('where some are missing, all from the root of the namespace', (t) => {
  const rows = [
    ROOTFS,
    row(101, { parent: 100 }),
    row(102),
    row(103, { parent: 100, beside: true }),
  ]
  const fake = new FakeNamespaces(t, [{ id: 9, rows }])
  t.strictSame(
    numbers(new Listing(fake.sys, always).all({ id: 9, count: 3 })),
    [100, 101, 102, 103],
  )
  t.strictSame(
    fake.addon.of('listmount').map(({ args }) => args[0]),
    [-1, 100],
  )
})

test('a namespace that is gone has none; other errors are answered', (t) => {
  const fake = new FakeNamespaces(t, [])
  const listing = new Listing(fake.sys, always)
  t.strictSame(numbers(listing.all({ id: 9, count: 3 })), [])
  fake.addon.on('listmount', () => -1)
  t.equal(listing.all({ id: 9, count: 3 }), -1)
  t.equal(listing.hidden({ id: 9, count: 3 }, 101), -1)
})

test('what is hidden from us in our own', (t) => {
  const rows = [
    ROOTFS,
    row(101, { parent: 100 }),
    row(102),
    row(103, { parent: 100, beside: true }),
  ]
  const fake = new FakeNamespaces(t, [{ id: 9, rows }])
  const listing = new Listing(fake.sys, always)
  t.strictSame(numbers(listing.hidden({ id: 9, count: 3 }, 102)), [100, 103])
  t.strictSame(numbers(listing.hidden({ id: 9, count: 2 }, 102)), [])
  fake.addon.on('statmount', () => -13)
  t.equal(listing.hidden({ id: 9, count: 3 }, 102), -13)
})

test('a row needs more memory than there is, or more than anybody has', (t) => {
  const long = row(101, { mountpoint: `/${'x'.repeat(40_000)}`, root: '/gone//deleted' })
  const fake = new FakeNamespaces(t, [{ id: 9, rows: [long] }])
  fake.addon.on('statmount', (_id, _namespace, _mask, size) => {
    fake.addon.memory = encodeRow(long)
    return Number(size) < fake.addon.memory.length ? -75 : 0
  })
  t.match(new Listing(fake.sys, always).row(9, 101), {
    mountpoint: long.mountpoint,
    root: '/gone//deleted',
  })
  t.equal(fake.addon.of('statmount').length, 3)
  fake.addon.on('statmount', () => -75)
  t.equal(new Listing(fake.sys, always).row(9, 101), -75)
  fake.addon.on('statmount', () => -2)
  t.equal(new Listing(fake.sys, always).row(9, 101), -2)
})
