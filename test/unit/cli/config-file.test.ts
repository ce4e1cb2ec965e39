import fs from 'node:fs'
import path from 'node:path'
import { parseConfig, readConfiguration } from '../../../src/cli/config-file.js'
import { getopt } from '../../../src/cli/getopt.js'
import { GcError } from '../../../src/errors.js'
import { refuses, test, type Test } from '../support/check.js'

/** Each line as words of a command line. */
const parse = (text: string): string[] =>
  parseConfig(text, '/etc/criu/x.conf').map(({ args }) => args.join(' | '))

/** The arguments of the files. */
const configArguments = (...args: Parameters<typeof readConfiguration>): string[] =>
  readConfiguration(...args).lines.map(({ args: [name = '', value] }) => `${name}=${value}`)

test('one option a line', (t) => {
  t.strictSame(parse('tcp-established\nroot /rootfs\n\nv4\n'), [
    '--tcp-established',
    '--root | /rootfs',
    '--v4',
  ])
  t.strictSame(parse(''), [])
  t.strictSame(parse('link-remap'), ['--link-remap'], 'without a newline at the end')
  t.strictSame(parse('root /rootfs\r\nlink-remap\r\n'), ['--root | /rootfs', '--link-remap'])
  t.strictSame(parse('# all\n  # blank before\n \t\nlink-remap'), ['--link-remap'])
})

// What CRIU 4.2.1 made of each line as its --config, tried with log-file in the place of root: the name that its log had
// then, or undefined where it did not start.
const VALUES: readonly (readonly [line: string, value: string | undefined])[] = [
  ['root=/a', '/a'],
  ['root /a', '/a'],
  ['root\t/a', '/a'],
  ['  root   /a  ', '/a'],
  ['root "/a"', '/a'],
  ['root "/a b"', '/a b'],
  ['root " /a "', ' /a '],
  ['root "/a\tb"', '/a\tb'],
  ['root=/a b', '/a'],
  ['root=/a\tb', '/a'],
  ['root=/a "b"', '/a'],
  ['root = /a', undefined],
  ['root =/a', '=/a'],
  ['root= /a', ''],
  ['root=/a=b', '/a=b'],
  ['root /a=b', '/a=b'],
  ['root=', ''],
  ['root ""', ''],
  ['root "" x', ''],
  ['root', undefined],
  ['root #c', undefined],
  ['root# /a', undefined],
  ['root /a #c', '/a'],
  ['root /a#c', '/a'],
  ['root "/a"#c', '/a'],
  ['root "/a" #c', '/a'],
  ['root "/a#b"', '/a'],
  ['root "/a#b c"', '/a'],
  ['root "/a #b"', '/a '],
  ['root "#b"', ''],
  ['root=/a#b', '/a#b'],
  ['root=#b', '#b'],
  ['root=/a #b', '/a'],
  ['root "/a\\"b"', '/a"b'],
  ['root "\\"/a"', '"/a'],
  ['root "/a\\"b c\\"d" e', '/a"b c"d'],
  ['root "/a\\nb"', '/a\\nb'],
  ['root "/a\\\\b"', '/a\\\\b'],
  ['root /a /b', undefined],
  ['root /a "b"', undefined],
  ['root /a "b', undefined],
  ["root '/a b'", undefined],
  ['root "/a', undefined],
  ['root "/a\\"', undefined],
  ['root "/a" b', '/a'],
  ['root "/a"b', '/a'],
  ['root "/a b" "c d"', undefined],
  ['root "/a" "b', undefined],
  ['root /a"b"', '/a"b"'],
  ['root="/a"', '"/a"'],
  ['roo=/a', '/a'],
  ['root --link-remap', '--link-remap'],
  ['root -v4', '-v4'],
  ['root é', 'é'],
  ['root=é', 'é'],
  ['link-remap --root=/a', '/a'],
  ['link-remap "--root=/a"', '/a'],
  ['verbosity --root=/a', '/a'],
  ['--root /a', undefined],
  ['-r /a', undefined],
  ['r /a', undefined],
  ['"root" /a', undefined],
  ['root\v/a', undefined],
  ['=/a', undefined],
  ['"" /a', undefined],
  ['!x', undefined],
  ['nonsense', undefined],
  ['nonsense=x', undefined],
  ['a b c', undefined],
]

/** As the command takes a file with that line; undefined where it refuses. */
const valueOf = (line: string): string | undefined => {
  try {
    return parseConfig(line, 'f')
      .flatMap(({ args }) => getopt(args).options)
      .findLast(({ option }) => option.long === 'root')?.value
  } catch (error) {
    if (error instanceof GcError && error.exit === 'usage') return undefined
    throw error
  }
}

test('a value is what CRIU takes it for', (t) => {
  for (const [line, value] of VALUES) t.equal(valueOf(line), value, JSON.stringify(line))
})

test('options whose value is optional, or that have none', (t) => {
  const given = (line: string): [string, string | undefined][] =>
    parseConfig(line, 'f')
      .flatMap(({ args }) => getopt(args).options)
      .map(({ option, value }) => [option.long, value])
  for (const [line, name, value] of [
    ['verbosity', 'verbosity', undefined],
    ['verbosity=4', 'verbosity', '4'],
    // CRIU takes none that stands behind a blank: this is -v.
    ['verbosity 4', 'verbosity', undefined],
    ['verbosity "4"', 'verbosity', undefined],
    ['manage-cgroups', 'manage-cgroups', undefined],
    ['manage-cgroups=soft', 'manage-cgroups', 'soft'],
    ['manage-cgroups soft', 'manage-cgroups', undefined],
    ['cpu-cap=all', 'cpu-cap', 'all'],
    ['cpu-cap all', 'cpu-cap', undefined],
    ['ext-unix-sk 5', 'ext-unix-sk', undefined],
    ['tcp-established', 'tcp-established', undefined],
    ['tcp-established yes', 'tcp-established', undefined],
    ['tcp-established # c', 'tcp-established', undefined],
    ['no-tcp-established', 'tcp-established', undefined],
    ['link-remap\ttrue', 'link-remap', undefined],
    ['\f tcp-close', 'tcp-close', undefined],
  ] as const)
    t.strictSame(given(line), [[name, value]], line)
  for (const line of ['tcp-established=1', 'tcp-established#c', 'v4', 'v', 'v 4', 'vvvv'])
    refuses(t, () => given(line), 'usage', /not known|takes no value|ambiguous/, line)
})

test('what is neither is said with its place', (t) => {
  const error = refuses(
    t,
    () => parse('link-remap\nroot /a /b\n'),
    'usage',
    /^neither "option" nor "option value"$/,
  )
  t.equal(error?.where, '/etc/criu/x.conf: line 2')
})

/** Where /etc has a file of CRIU, it comes first; the tests are about what follows. */
const SYSTEM = configArguments(undefined, true, {})

const setting = (t: Test) => {
  const dir = t.testdir({
    home: { '.criu': { 'default.conf': 'root /home' } },
    'named.conf': 'root /named',
    'explicit.conf': 'root /explicit',
    'bad.conf': 'a b c',
  })
  return { dir, home: path.join(dir, 'home'), file: (name: string) => path.join(dir, name) }
}

test('the order of files, of which later ones override', (t) => {
  const { home, file } = setting(t)
  const env = { HOME: home, CRIU_CONFIG_FILE: file('named.conf') }
  t.strictSame(configArguments(undefined, true, env), [...SYSTEM, '--root=/home', '--root=/named'])
  t.strictSame(
    configArguments(file('explicit.conf'), true, env),
    ['--root=/named', '--root=/explicit'],
    'an explicit one takes the place of the defaults',
  )
})

test('without the defaults CRIU_CONFIG_FILE is still read', (t) => {
  const { home, file } = setting(t)
  const env = { HOME: home, CRIU_CONFIG_FILE: file('named.conf') }
  t.strictSame(configArguments(undefined, false, env), ['--root=/named'])
  t.strictSame(configArguments(undefined, false, { HOME: home }), [])
  t.strictSame(configArguments(undefined, false, { CRIU_CONFIG_FILE: '' }), [])
})

test('each line knows its place, and each file that was there is named', (t) => {
  t.strictSame(parseConfig('# x\n\nroot /r\nlink-remap', 'f'), [
    { args: ['--root', '/r'], where: 'f: line 3' },
    { args: ['--link-remap'], where: 'f: line 4' },
  ])
  const { home, file } = setting(t)
  const env = { HOME: home, CRIU_CONFIG_FILE: file('nothing') }
  const system = readConfiguration(undefined, true, {}).files
  t.strictSame(readConfiguration(undefined, true, env).files, [
    ...system,
    path.join(home, '.criu/default.conf'),
  ])
  t.strictSame(readConfiguration(file('explicit.conf'), true, env).files, [file('explicit.conf')])
})

test('files that are missing', (t) => {
  const { dir, file } = setting(t)
  const env = { HOME: file('nobody'), CRIU_CONFIG_FILE: file('nothing') }
  t.strictSame(configArguments(undefined, true, env), SYSTEM)
  t.strictSame(
    configArguments(undefined, false, { CRIU_CONFIG_FILE: path.join(dir, 'named.conf/x') }),
    [],
  )
  const error = refuses(
    t,
    () => configArguments(file('nothing'), true, {}),
    'usage',
    /cannot be read \(ENOENT\)/,
    'but one that was named with --config has to be there',
  )
  t.equal(error?.where, file('nothing'))
  t.match(error?.next, /^nothing was touched;/)
})

test('files that cannot be read, or understood', (t) => {
  const { dir, file } = setting(t)
  refuses(
    t,
    () => configArguments(undefined, false, { CRIU_CONFIG_FILE: dir }),
    'usage',
    /cannot be read \(EISDIR\)/,
  )
  const error = refuses(
    t,
    () => configArguments(undefined, false, { CRIU_CONFIG_FILE: file('bad.conf') }),
    'usage',
    /neither/,
  )
  t.equal(error?.where, `${file('bad.conf')}: line 1`)
})

test('a home that is not absolute is none', (t) => {
  const { dir } = setting(t)
  const before = process.cwd()
  try {
    process.chdir(path.join(dir, 'home'))
    fs.mkdirSync('home')
    for (const HOME of ['', '.', 'home'])
      t.strictSame(configArguments(undefined, true, { HOME }), SYSTEM)
  } finally {
    process.chdir(before)
  }
})
