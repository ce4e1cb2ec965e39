import { parseExternals, parseGone, type Externals } from '../../../src/plan/external.js'
import { refuses, test, type Test } from '../support/check.js'

const parse = (...values: readonly string[]): Externals =>
  parseExternals(values.map((value) => ({ option: 'external', value })))

const parseOld = (...values: readonly string[]): Externals =>
  parseExternals(values.map((value) => ({ option: 'ext-mount-map', value })))

const shown = ({ mapped, devices, auto }: Externals) => ({
  mapped: Object.fromEntries(mapped),
  devices: Object.fromEntries(devices),
  auto,
})

const NOTHING = { mapped: {}, devices: {}, auto: false }

test('nothing given', (t) => {
  t.strictSame(shown(parse()), NOTHING)
})

test('mnt[KEY]:PATH', (t) => {
  t.strictSame(shown(parse('mnt[/data]:/srv/data', 'mnt[k]:/x')), {
    ...NOTHING,
    mapped: { '/data': '/srv/data', k: '/x' },
  })
})

test('keys and values may contain colons', (t) => {
  t.strictSame(shown(parse('mnt[a:b]:/x:y')).mapped, { 'a:b': '/x:y' })
  t.strictSame(shown(parse('mnt[k]:/:')).mapped, { k: '/:' })
})

test('a key ends at the first bracket, a value may have more', (t) => {
  t.strictSame(shown(parse('mnt[k]:/x]:y[')).mapped, { k: '/x]:y[' })
})

test('the last given for a key wins, of either form', (t) => {
  t.strictSame(shown(parse('mnt[k]:/one', 'mnt[k]:/two')).mapped, { k: '/two' })
  t.strictSame(
    shown(
      parseExternals([
        { option: 'external', value: 'mnt[k]:/one' },
        { option: 'ext-mount-map', value: 'k:/two' },
      ]),
    ).mapped,
    { k: '/two' },
  )
})

/** What a mistake is told to be written as. */
const advice = (t: Test, value: string, message: RegExp): string | undefined =>
  refuses(t, () => parse(value), 'usage', message)?.next

test('a key without a value', (t) => {
  for (const value of ['mnt[/data]', 'mnt[/data]:'])
    t.equal(
      advice(t, value, /^--external mnt\[\/data\]:?: nothing is given for it$/),
      "write --external 'mnt[/data]:PATH', with the host directory of that mount",
    )
  for (const value of ['dev[vol]', 'dev[vol]:'])
    t.equal(
      advice(t, value, /nothing is given/),
      "write --external 'dev[vol]:/dev/NAME', with the device on this host",
    )
})

test('what is no resource is a mistake, told with what to write', (t) => {
  const meant = "write --external 'mnt[/data]:/tmp'"
  for (const value of ['/data:/tmp', 'mnt[/data]=/tmp', 'mnt[/data]/tmp', 'mnt[/data] /tmp'])
    t.equal(advice(t, value, /: not a resource, such as mnt\[KEY\]:PATH$/), meant, value)
  for (const value of [
    'x',
    '',
    'auto',
    'mnt',
    'mnt k:/x',
    'mnt[k:/x',
    '[k]:/x',
    'MNT[k]:/x',
    '/data',
  ])
    t.equal(advice(t, value, /not a resource/), "write --external 'mnt[KEY]:PATH'", value)
})

test('mnt[] lets mounts be found', (t) => {
  for (const value of ['mnt[]', 'mnt[]:', 'mnt[]:m', 'mnt[]:s', 'mnt[]:sm'])
    t.strictSame(shown(parse(value)), { ...NOTHING, auto: true }, value)
  refuses(t, () => parse('mnt[]:x'), 'usage', /only "m" or "s"/)
  refuses(t, () => parse('mnt[]:/srv'), 'usage', /only "m" or "s"/)
})

test('dev[NAME]:DEVICE', (t) => {
  t.strictSame(shown(parse('dev[vol]:/dev/vdb')), { ...NOTHING, devices: { vol: '/dev/vdb' } })
})

test('other kinds are CRIU’s and of no use here', (t) => {
  const others = ['tty[1:2]', 'unix[5]', 'net[1]:x', 'file[1:2]', 'pid[1]:x', 'veth[a]:b', 'new[]']
  for (const value of others) t.strictSame(shown(parse(value)), NOTHING, value)
  t.strictSame(shown(parse('xmnt[k]:/x')), NOTHING)
})

test('-M KEY:PATH splits at the first colon', (t) => {
  t.strictSame(shown(parseOld('/data:/srv:data')).mapped, { '/data': '/srv:data' })
  t.strictSame(shown(parseOld('auto')), { ...NOTHING, auto: true })
  refuses(t, () => parseOld('nothing'), 'usage', /neither KEY:PATH nor "auto"/)
  refuses(t, () => parseOld(':/x'), 'usage', /neither/)
  refuses(t, () => parseOld('/data:'), 'usage', /neither/)
})

test('names beyond ASCII are bytes', (t) => {
  t.strictSame([...parse('mnt[é]:/ü').mapped], [['Ã©', '/Ã¼']])
})

test('the two forms are not read as one another', (t) => {
  t.strictSame(shown(parseOld('mnt[k]:/x')), { ...NOTHING, mapped: { 'mnt[k]': '/x' } })
  refuses(t, () => parse('/data:/srv'), 'usage', /not a resource/)
})

test('a path is made absolute, and has no slash at its end, which would follow a link', (t) => {
  const given = parse('mnt[a]:sub', 'mnt[b]:/x/sub/', 'mnt[c]:/', 'dev[d]:/dev//vda')
  const { mapped, devices } = shown(given)
  t.strictSame(mapped, { a: `${process.cwd()}/sub`, b: '/x/sub', c: '/' })
  t.strictSame(devices, { d: '/dev/vda' })
})

test('what is gone: places, written in any way, and keys as they are', (t) => {
  const gone = parseGone(['/data/', '/a/./b/../c', '/', 'vol/', 'dev[x]', '/é'], false)
  t.strictSame([...gone], ['/data', '/a/c', '/', 'vol/', 'dev[x]', '/\xc3\xa9'])
  t.strictSame([...parseGone([], true)], [])
})

test('a root is not given and gone', (t) => {
  for (const root of ['/', '//', '/x/..']) {
    const error = refuses(t, () => parseGone(['/data', root], true), 'usage', /gone by --gone \/$/)
    t.match(error?.next, /leave out one/)
  }
  t.strictSame([...parseGone(['/data'], true)], ['/data'], 'others may be')
})
