import { getopt } from '../../../src/cli/getopt.js'
import { OPTIONS } from '../../../src/cli/options.js'
import { refuses, test } from '../support/check.js'

/** Options as "name" or "name=value", then the words. */
const parse = (...args: readonly string[]): string[] => {
  const { options, words } = getopt(args)
  return [
    ...options.map(({ option, value }) =>
      value === undefined ? option.long : `${option.long}=${value}`,
    ),
    ...words.map((word) => `"${word}"`),
  ]
}

test('nothing', (t) => {
  t.strictSame(parse(), [])
})

test('a value behind, glued or after an equals sign', (t) => {
  for (const args of [['-D', 'DIR'], ['-DDIR'], ['--images-dir', 'DIR'], ['--images-dir=DIR']])
    t.strictSame(parse(...args), ['images-dir=DIR'])
  t.strictSame(parse('--external=mnt[k]:/a=b'), ['external=mnt[k]:/a=b'], 'the first equals sign')
  t.strictSame(parse('--root='), ['root='], 'an empty value is a value')
  t.strictSame(parse('-D', '-r'), ['images-dir=-r'], 'what follows is the value, whatever it is')
  t.strictSame(parse('-D', '--'), ['images-dir=--'])
})

test('an optional value is glued, or there is none', (t) => {
  t.strictSame(parse('-v4'), ['verbosity=4'])
  t.strictSame(parse('-v', '4'), ['verbosity', '"4"'])
  t.strictSame(parse('-vv'), ['verbosity=v'])
  t.strictSame(parse('-vvv'), ['verbosity=vv'])
  t.strictSame(parse('--verbosity=3'), ['verbosity=3'])
  t.strictSame(parse('--verbosity', '3'), ['verbosity', '"3"'])
})

test('several letters behind one dash', (t) => {
  t.strictSame(parse('-jl'), ['shell-job', 'file-locks'])
  t.strictSame(parse('-jDDIR'), ['shell-job', 'images-dir=DIR'])
  t.strictSame(parse('-jD', 'DIR'), ['shell-job', 'images-dir=DIR'])
  t.strictSame(parse('-jv4'), ['shell-job', 'verbosity=4'])
})

test('words and options in any order', (t) => {
  t.strictSame(parse('show', '-D', 'x', 'more', '--json'), [
    'images-dir=x',
    'json',
    '"show"',
    '"more"',
  ])
  t.strictSame(parse('-'), ['"-"'], 'a dash alone is a word')
})

test('-- ends the options', (t) => {
  t.strictSame(parse('clean', '--json', '--', '--force', '-D'), [
    'json',
    '"clean"',
    '"--force"',
    '"-D"',
  ])
  t.strictSame(parse('--'), [])
})

test('unambiguous beginnings of a name', (t) => {
  t.strictSame(parse('--images', 'x'), ['images-dir=x'])
  t.strictSame(parse('--externa=x'), ['external=x'])
  t.strictSame(parse('--js'), ['json'])
  t.strictSame(parse('--no-default'), ['no-default-config'])
  t.strictSame(parse('--root', 'x'), ['root=x'])
})

test('a name that is the beginning of another is itself', (t) => {
  // --tls, --tls-cert, …
  t.strictSame(parse('--tls'), ['tls'])
  t.strictSame(parse('--cgroup-props', 'x'), ['cgroup-props=x'])
})

test('ambiguous and unknown names', (t) => {
  refuses(t, () => parse('--ext'), 'usage', /option --ext is ambiguous/)
  refuses(t, () => parse('--tcp'), 'usage', /ambiguous/)
  refuses(t, () => parse('--nonsense'), 'usage', /option --nonsense is not known/)
  refuses(t, () => parse('--images-dirs', 'x'), 'usage', /not known/)
  refuses(t, () => parse('-z'), 'usage', /option -z is not known/)
  refuses(t, () => parse('-jz'), 'usage', /option -z is not known/)
  t.match(refuses(t, () => parse('--nonsense'), 'usage', /not known/)?.next, /--help/)
})

test('--no-X of what CRIU can negate, and of nothing else', (t) => {
  t.strictSame(parse('--no-shell-job', '--no-mntns-compat-mode'), [
    'shell-job',
    'mntns-compat-mode',
  ])
  refuses(t, () => parse('--no-root', 'x'), 'usage', /not known/)
  refuses(t, () => parse('--no-json'), 'usage', /not known/)
  refuses(t, () => parse('--no-force'), 'usage', /not known/)
  refuses(t, () => parse('--no-manage-cgroups'), 'usage', /not known/)
})

test('values where there are none, and none where there have to be', (t) => {
  refuses(t, () => parse('--json=x'), 'usage', /--json takes no value/)
  refuses(t, () => parse('--images-dir'), 'usage', /--images-dir needs a value/)
  refuses(t, () => parse('-D'), 'usage', /-D needs a value/)
  refuses(t, () => parse('-jD'), 'usage', /-D needs a value/)
})

test('what is not UTF-8 names something else', (t) => {
  const error = refuses(t, () => parse('-D', 'ok', 'x\ufffd'), 'usage', /is not UTF-8/)
  t.match(error?.next, /cd and leave out -D, or bind-mount/)
})

test('a value that is not UTF-8 is refused like a word', (t) => {
  refuses(t, () => parse('-D', 'x\ufffd'), 'usage', /is not UTF-8/)
  refuses(t, () => parse('--root', 'x\ufffd'), 'usage', /is not UTF-8/)
})

test('mistakes may be passed over', (t) => {
  const found: string[] = []
  const args = ['--nonsense', '-jz', 'show', 'x\ufffd', '--json', '-D']
  const { options, words } = getopt(args, ({ message }) => found.push(message))
  t.strictSame(
    options.map(({ option }) => option.long),
    ['json'],
  )
  t.strictSame(words, ['show', 'x\ufffd'])
  t.equal(found.length, 4)
})

test('odd names are told in one line', (t) => {
  refuses(t, () => parse('--a\n\x1b'), 'usage', /^option --a\\n\\x1b is not known$/)
  refuses(t, () => parse('-\n'), 'usage', /^option -\\n is not known$/)
})

test('every option, in every form that it has', (t) => {
  for (const { long, short, argument } of OPTIONS) {
    const required = argument === 'required'
    t.strictSame(parse(`--${long}`, ...(required ? ['v'] : [])), [required ? `${long}=v` : long])
    if (argument !== 'none') t.strictSame(parse(`--${long}=v`), [`${long}=v`])
    if (short === undefined) continue
    t.strictSame(parse(`-${short}`, ...(required ? ['v'] : [])), [required ? `${long}=v` : long])
    if (argument !== 'none') t.strictSame(parse(`-${short}7`), [`${long}=7`])
  }
})

test('only what is known where it is asked', (t) => {
  const known = OPTIONS.filter(({ neverInFile }) => neverInFile !== true)
  const names = (arg: string): string[] =>
    getopt([arg], undefined, known).options.map(({ option }) => option.long)
  t.strictSame(names('--force'), ['force-irmap'])
  refuses(t, () => names('--accept=newer'), 'usage', /^option --accept is not known$/)
  refuses(t, () => names('--gone=/'), 'usage', /^option --gone is not known$/)
  refuses(t, () => getopt(['--forc']), 'usage', /ambiguous/, 'on the command line it is one of two')
  t.strictSame(
    getopt(['--force']).options.map(({ option }) => option.long),
    ['force'],
  )
})
