import fs from 'node:fs'
import path from 'node:path'
import { parseConfig, readConfiguration } from '../../../src/cli/config-file.js'
import { refuses, test, type Test } from '../support/check.js'

const parse = (text: string): string[] =>
  parseConfig(text, '/etc/criu/x.conf').map(({ arg }) => arg)

/** The arguments of the files. */
const configArguments = (...args: Parameters<typeof readConfiguration>): string[] =>
  readConfiguration(...args).lines.map(({ arg }) => arg)

test('one option a line', (t) => {
  t.strictSame(parse('tcp-established\nroot /rootfs\n\nv4\n'), [
    '--tcp-established',
    '--root=/rootfs',
    '--v4',
  ])
  t.strictSame(parse(''), [])
  t.strictSame(parse('link-remap'), ['--link-remap'], 'without a newline at the end')
})

test('blanks', (t) => {
  t.strictSame(parse('  root \t /rootfs  \n\t\n \n'), ['--root=/rootfs'])
  t.strictSame(parse('root /rootfs\r\nlink-remap\r\n'), ['--root=/rootfs', '--link-remap'])
})

test('quotes', (t) => {
  t.strictSame(parse('root "/my rootfs"'), ['--root=/my rootfs'])
  t.strictSame(parse('root "/a#b"'), ['--root=/a#b'])
  t.strictSame(parse('root ""'), ['--root='])
  t.strictSame(parse('root "say \\"x\\""'), ['--root=say "x"'])
  t.strictSame(
    parse('root "back\\slash\\n"'),
    ['--root=back\\slash\\n'],
    'and nothing else escapes',
  )
  t.strictSame(parse('external "mnt[/data]:/srv/data" # why'), ['--external=mnt[/data]:/srv/data'])
})

test('comments', (t) => {
  t.strictSame(parse('# all\n  # blank before\nlink-remap # behind\nroot /a#b\nroot /c #d'), [
    '--link-remap',
    '--root=/a',
    '--root=/c',
  ])
  t.strictSame(parse('link-remap#x'), ['--link-remap'])
})

test('what is neither', (t) => {
  const bad = [
    'root /a /b',
    'root "a',
    'root a"b"',
    'root "a" b',
    '=x',
    'root=/x',
    '"root" /x',
    '!x',
  ]
  for (const line of bad) {
    const error = refuses(
      t,
      () => parse(`link-remap\n${line}\n`),
      'usage',
      /^neither "option" nor "option value"$/,
      line,
    )
    t.equal(error?.where, '/etc/criu/x.conf: line 2')
  }
})

test('a value cannot turn into another option', (t) => {
  t.strictSame(parse('root --force'), ['--root=--force'])
  t.strictSame(parse('root "--force\\nx"'), ['--root=--force\\nx'])
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
    { arg: '--root=/r', where: 'f: line 3' },
    { arg: '--link-remap', where: 'f: line 4' },
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
