import type { Mount } from '../../../src/checkpoint/model.js'
import { placeOfMount } from '../../../src/collect/places.js'
import type { ConstructedMount } from '../../../src/namespaces/construct.js'
import type { Provider } from '../../../src/plan/planned.js'
import type { GivenPlace } from '../../../src/proof/place.js'
import { test } from '../support/check.js'
import { at, b, BOOTED, host, hostMount, mount, stat, window } from '../support/model.js'

const ROOTFS: Provider = { kind: 'root', path: b('/rootfs'), sub: b('/') }
const HOST: Provider = {
  kind: 'host',
  mount: hostMount('/mnt'),
  path: b('/mnt'),
  sub: b('/'),
}
const given = (device: string, path = '/vol'): GivenPlace => ({
  device,
  path: b(path),
  upper: undefined,
  isUpper: false,
})

const standing = (
  rest: Partial<ConstructedMount>,
  of: Partial<Mount> = {},
  provider: Provider = ROOTFS,
): ConstructedMount => ({
  attachment: { mount: mount(14, '/data', { root: b('/vol'), ...of }), parentId: 10, provider },
  nsId: 9,
  fd: 1,
  aside: 1,
  asideId: 1,
  stat: stat(),
  remote: false,
  reborn: false,
  given: undefined,
  contents: 'provider',
  state: 'attached',
  problem: undefined,
  next: undefined,
  loss: undefined,
  ...rest,
})

const place = (one: ConstructedMount | undefined, machine = host(), when = window()): string => {
  const found = placeOfMount(one, machine, when)
  return found.is === 'elsewhere' ? `elsewhere ${found.why}` : found.is
}

test('a host tree is where it was', (t) => {
  t.equal(place(undefined), 'the-one')
})

test('what was recorded is compared with what was given', (t) => {
  t.equal(place(standing({})), 'possible')
  t.equal(place(standing({ given: given('254:0') })), 'the-one')
  t.equal(place(standing({ given: given('254:0', '/other') })), 'elsewhere path')
  t.equal(place(standing({ given: given('254:00') })), 'possible')
  t.equal(place(standing({ given: given('0:40') }, { major: 0, minor: 40 })), 'possible')
  t.equal(place(standing({ given: given('0:40') })), 'elsewhere kind')
  t.equal(
    place(standing({ given: given('0:40') }, { major: 0, minor: 40, upper: b('/upper') })),
    'elsewhere upper',
  )
  t.equal(place(standing({ given: given('254:0') }, { root: undefined })), 'possible')
})

test('device numbers are of this boot: since the dump began', (t) => {
  const one = standing({ given: given('254:0') })
  t.equal(place(one, host({ bootedAt: BOOTED })), 'the-one')
  const { from } = window().spans[0]!
  t.equal(place(one, host({ bootedAt: at(from.sec - 1) })), 'the-one')
  t.equal(place(one, host({ bootedAt: from })), 'possible')
  t.equal(place(one, host({ bootedAt: at(from.sec + 5) })), 'possible', 'booted meanwhile')
  const both = window({ spans: [...window().spans, { from: at(5), to: at(9) }] })
  t.equal(place(one, host(), both), 'possible', 'the earliest that it may have been')
})

test('another disk, while the recorded one is mounted here', (t) => {
  const asked: string[] = []
  const machine = host({
    isMounted: (device) => {
      asked.push(device)
      return true
    },
  })
  t.equal(place(standing({ given: given('8:1') }), machine), 'elsewhere device')
  t.strictSame(asked, ['254:0'])
  t.equal(place(standing({ given: given('8:1') })), 'possible')
})

test('a mount that is still there is the one, unless it was made anew', (t) => {
  const other = { given: given('254:0', '/other') }
  t.equal(place(standing(other, {}, HOST)), 'the-one')
  t.equal(place(standing({ ...other, reborn: true }, {}, HOST)), 'elsewhere path')
})
