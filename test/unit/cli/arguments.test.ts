import fs from 'node:fs'
import path from 'node:path'
import { parseExternals } from '../../../src/plan/external.js'
import { glance, parseArguments, type Arguments } from '../../../src/cli/arguments.js'
import { SCOPES } from '../../../src/prepare-left.js'
import { DOUBTS } from '../../../src/proof/doubts.js'
import { refuses, test, type Test } from '../support/check.js'

/** Without the configuration of whoever runs the tests. */
const parse = (...argv: readonly string[]): Arguments =>
  parseArguments(['--no-default-config', ...argv], {})

/** The same with a configuration file. */
const parseWith = (t: Test, config: string, ...argv: readonly string[]): Arguments => {
  const file = path.join(t.testdir({ 'x.conf': config }), 'x.conf')
  return parseArguments(['--no-default-config', ...argv], { CRIU_CONFIG_FILE: file })
}

test('defaults', (t) => {
  t.strictSame(parse('show'), {
    command: 'show',
    shell: undefined,
    imagesDir: process.cwd(),
    workDir: process.cwd(),
    root: undefined,
    typedMounts: undefined,
    externals: parseExternals([]),
    mounts: 'remaps',
    maxRemaps: undefined,
    gone: new Set(),
    dumpLog: undefined,
    restoreLog: undefined,
    accept: new Set(),
    pid: undefined,
    asked: undefined,
    since: undefined,
    keep: [],
    only: new Set(SCOPES),
    repairs: { kinds: new Set(), cgroups: new Set() },
    netns: [],
    scan: undefined,
    list: undefined,
    network: undefined,
    keepLastLink: false,
    allowEnvironment: false,
    json: false,
    plain: false,
    null: false,
    verbosity: 2,
    logFile: undefined,
    words: ['--no-default-config', 'show'],
    configFiles: [],
    passedOver: [],
    ignored: [],
  })
})

test('everything', (t) => {
  const argv = [
    'clean', '-D', '/i', '-W', '/w', '-r', '/r', '--external', 'mnt[k]:/k', '-M', 'l:/l',
    '--mounts', 'all', '--max-remaps', '200000', '--gone', '/g', '--gone', 'k', '-L', '/l/dump.log', '--restore-log', 'r.log',
    '--accept', 'newer,gone', '--accept', 'older', '--keep-last-link', '--allow-environment', '--json', '--plain',
    '-v4', '-o', 'x.log', '--tcp-established', '--only', 'links', '--only', 'network', '--netns', '/n',
    '-J', 'net:/run/netns/pod,x', '--join-ns', 'net:12', '-J', 'ipc:12',
  ] // prettier-ignore
  t.strictSame(parse(...argv), {
    command: 'clean',
    shell: undefined,
    imagesDir: '/i',
    workDir: '/w',
    root: '/r',
    typedMounts: 'root',
    externals: parseExternals([
      { option: 'external', value: 'mnt[k]:/k' },
      { option: 'ext-mount-map', value: 'l:/l' },
    ]),
    mounts: 'all',
    maxRemaps: 200000,
    gone: new Set(['/g', 'k']),
    dumpLog: '/l/dump.log',
    restoreLog: path.resolve('r.log'),
    accept: new Set(['newer', 'gone', 'older']),
    pid: undefined,
    asked: undefined,
    since: undefined,
    keep: [],
    only: new Set(['links', 'network']),
    repairs: { kinds: new Set(), cgroups: new Set() },
    netns: ['/n', '/run/netns/pod', '/proc/12/ns/net'],
    scan: undefined,
    list: undefined,
    network: undefined,
    keepLastLink: true,
    allowEnvironment: true,
    json: true,
    plain: true,
    null: false,
    verbosity: 4,
    logFile: 'x.log',
    words: ['--no-default-config', ...argv],
    configFiles: [],
    passedOver: [],
    ignored: ['tcp-established'],
  })
})

test('paths are absolute, from where the caller is', (t) => {
  const { imagesDir, workDir, root } = parse('show', '-D', 'i/./j/..', '-r', 'r')
  t.strictSame(
    [imagesDir, workDir, root],
    [path.resolve('i'), path.resolve('i'), path.resolve('r')],
    'the work directory is that of the images',
  )
})

test('a current directory whose name is not UTF-8 is found nevertheless', (t) => {
  const dir = Buffer.concat([Buffer.from(`${t.testdir({})}/`), Buffer.from([0xff])])
  fs.mkdirSync(dir)
  const before = process.cwd()
  t.teardown(() => {
    process.chdir(before)
  })
  // chdir() of Node takes text alone: a symbolic link leads there.
  fs.symlinkSync(dir, path.join(t.testdirName, 'link'))
  process.chdir(path.join(t.testdirName, 'link'))
  fs.mkdirSync('sub')
  fs.writeFileSync('sub/file', '')
  for (const argv of [
    ['-D', 'sub'],
    ['-D', './sub/../sub'],
    ['-W', 'sub', '-D', '/'],
  ])
    t.ok(fs.existsSync(`${parse('show', ...argv).workDir}/file`), argv.join(' '))
  t.ok(fs.existsSync(`${parse('show').imagesDir}/sub`))
})

test('the last one counts, externals all', (t) => {
  const found = parse('show', '-r', '/a', '-r', '/b', '--external', 'tty[]', '--external', 'mnt[]')
  t.equal(found.root, '/b')
  t.ok(found.externals.auto)
})

test('two -D are one too many', (t) => {
  for (const argv of [
    ['-D', '/a', '-D', '/b'],
    ['-D/a', '--images-dir=/a'],
  ]) {
    const error = refuses(t, () => parse('show', ...argv), 'usage', /given 2 times/)
    t.match(error?.next, /nothing was touched/)
  }
})

test('a configuration file, which the command line overrides', (t) => {
  const config = 'root /config\nimages-dir /i\nexternal mnt[a]:/a\ntcp-established\n'
  const found = parseWith(t, config, 'show', '-r', '/line', '--external', 'mnt[a]:/b')
  t.hasStrict(found, { root: '/line', imagesDir: '/i', ignored: ['tcp-established'] })
  t.strictSame([...found.externals.mapped], [['a', '/b']], 'of which the last wins')
})

test('--config', (t) => {
  const dir = t.testdir({ a: 'root /a', b: 'root /b' })
  const found = parseArguments(['show', '--config', path.join(dir, 'a'), `--config=${dir}/b`], {})
  t.equal(found.root, '/b', 'the last one named')
  refuses(t, () => parse('show', '--config', path.join(dir, 'c')), 'usage', /cannot be read/)
})

test('the home’s configuration, unless --no-default-config', (t) => {
  const HOME = t.testdir({ '.criu': { 'default.conf': 'root /home' } })
  t.equal(parseArguments(['show'], { HOME }).root, '/home')
  t.equal(parseArguments(['show', '--no-default-config'], { HOME }).root, undefined)
})

test('an unknown option in a file is a mistake too', (t) => {
  refuses(t, () => parseWith(t, 'nonsense', 'show'), 'usage', /--nonsense is not known/)
  refuses(t, () => parseWith(t, 'json=yes', 'show'), 'usage', /--json takes no value/)
})

test('a mistake in a file is told with its line', (t) => {
  const mistakes = {
    nonsense: /--nonsense is not known/,
    pidfile: /needs a value/,
    'images-dir ""': /--images-dir is empty/,
    'root ""': /--root is empty/,
    'mounts some': /^--mounts some: either/,
    'verbosity=x': /a number/,
    'external /data:/tmp': /not a resource/,
    'ext-mount-map x': /neither KEY:PATH/,
  }
  for (const [line, message] of Object.entries(mistakes)) {
    const config = `tcp-established\n${line}\n`
    const error = refuses(t, () => parseWith(t, config, 'show'), 'usage', message)
    t.match(error?.where, /\/x\.conf: line 2$/, line)
  }
  const next = refuses(t, () => parseWith(t, 'nonsense', 'show'), 'usage', /not known/)?.next
  t.match(next, /--help/)
  const own = refuses(t, () => parseWith(t, 'mounts all', 'show', '--mounts', 'x'), 'usage', /x/)
  t.equal(own?.where, undefined, 'but not one of the command line')
})

test('where a clean-up writes is said on the command line alone', (t) => {
  const config = 'log-file dump.log\nroot /r\nwork-dir=/w\n'
  const found = parseWith(t, config, 'show', '-D', '/i')
  t.hasStrict(found, { logFile: undefined, workDir: '/i', root: '/r' })
  t.equal(found.passedOver.length, 2)
  t.match(found.passedOver[0], /\/x\.conf: line 1: log-file is taken from the command line alone$/)
  t.match(found.passedOver[1], /\/x\.conf: line 3: work-dir is taken from the command line alone$/)
  const line = parseWith(t, config, 'show', '-W', '/mine', '-o', 'x')
  t.hasStrict(line, { logFile: 'x', workDir: '/mine' })
})

test('the files that were read', (t) => {
  t.match(parseWith(t, '', 'show').configFiles[0], /\/x\.conf$/)
})

test('an option without its value in a file does not take the next line for it', (t) => {
  refuses(t, () => parseWith(t, 'pidfile\nroot /rootfs\n', 'show'), 'usage', /needs a value/)
})

test('no word of a file is a command', (t) => {
  refuses(t, () => parseWith(t, 'link-remap\n'), 'usage', /no command/)
})

test('commands', (t) => {
  refuses(t, () => parse(), 'usage', /no command/)
  refuses(t, () => parse('gc'), 'usage', /command gc is not known/)
  refuses(t, () => parse('CLEAN'), 'usage', /not known/)
  refuses(t, () => parse('show', 'clean'), 'usage', /clean is one word too many/)
  refuses(t, () => parse('x\n\x1b'), 'usage', /^command x\\n\\x1b is not known/)
  t.equal(
    parse('show', '--exec-cmd', '--', 'sh', '-c').command,
    'show',
    'a command for CRIU to run',
  )
})

test('help and version before all else', (t) => {
  for (const argv of [
    ['-h'],
    ['--help'],
    ['help'],
    ['clean', '-h'],
    ['-h', '-V'],
    ['nonsense', '-h'],
  ])
    t.equal(parse(...argv).command, 'help', argv.join(' '))
  for (const argv of [['-V'], ['--version'], ['version'], ['clean', '--version']])
    t.equal(parse(...argv).command, 'version', argv.join(' '))
  t.equal(
    parseArguments(['-h'], { CRIU_CONFIG_FILE: t.testdir({}) }).command,
    'help',
    'whatever the configuration',
  )
})

test('a bad configuration is in the way of neither, in whatever form', (t) => {
  for (const word of ['help', '-h', 'version', '-V'])
    t.doesNotThrow(() => parseWith(t, 'nonsense', word), word)
})

test('what has to be seen to before a file is read', (t) => {
  const begin = (): void => {
    throw new Error('begun')
  }
  const env = { CRIU_CONFIG_FILE: t.testdir({}) }
  t.throws(() => parseArguments(['show'], env, begin), { message: 'begun' })
  for (const word of ['help', '-h', 'version', '-V'])
    t.doesNotThrow(() => parseArguments([word], env, begin), word)
  refuses(t, () => parseArguments(['shwo'], env, begin), 'usage', /not known/)
  refuses(t, () => parseArguments(['show', '--nonsense'], env, begin), 'usage', /not known/)
})

test('what a line with mistakes says nevertheless', (t) => {
  const clean = { command: 'clean', json: true }
  for (const argv of [
    ['clean', '--json', '--nonsense'],
    ['--nonsense', '--js', 'clean', 'show'],
    ['-z', 'clean', '--json=x', '--json', '-D'],
    ['clean', '-D', '\ufffd', '--json'],
  ])
    t.strictSame(glance(argv), clean, argv.join(' '))
  t.strictSame(glance(['-D', '--json', '-r', 'clean']), { command: 'unknown', json: false })
  t.strictSame(glance(['shwo']), { command: 'unknown', json: false })
  t.strictSame(glance(['show', 'clean']), { command: 'show', json: false })
})

test('verbosity', (t) => {
  const level = (...argv: readonly string[]): number => parse('show', ...argv).verbosity
  t.equal(level('-v'), 3)
  t.equal(level('-vv'), 4)
  t.equal(level('-vvv'), 5)
  t.equal(level('-v', '-v'), 4)
  t.equal(level('-v4'), 4)
  t.equal(level('-v0'), 0)
  t.equal(level('-v0', '-v'), 1)
  t.equal(level('--verbosity=3'), 3)
  t.equal(level('--verbosity'), 3)
  for (const argv of [['-vx'], ['-v4x'], ['--verbosity='], ['-v-1']])
    refuses(t, () => level(...argv), 'usage', /a number, or more "v"s/)
})

test('values that mean nothing', (t) => {
  refuses(t, () => parse('show', '--mounts', 'some'), 'usage', /--mounts some: either/)
  refuses(t, () => parse('show', '--root', ''), 'usage', /--root is empty/)
  refuses(t, () => parse('show', '-M', 'nothing'), 'usage', /neither KEY:PATH nor "auto"/)
  refuses(t, () => parse('show', '--external', 'mnt[]:x'), 'usage', /only "m" or "s"/)
})

test('an images directory that is empty is not the current one', (t) => {
  refuses(t, () => parse('clean', '-D', ''), 'usage', /empty/)
})

test('what means nothing here is listed', (t) => {
  t.strictSame(parse('show', '-j', '--no-link-remap', '-t', '5', '-x').ignored, [
    'shell-job',
    'link-remap',
    'tree',
    'ext-unix-sk',
  ])
})

const accepted = (...argv: readonly string[]): string[] => [...parse('clean', ...argv).accept]

test('each doubt by its name, in lists and one after the other', (t) => {
  t.strictSame([...DOUBTS].sort(), [
    'elsewhere', 'gone', 'mismatch', 'newer', 'older', 'shared', 'undated', 'unlogged', 'unseen',
  ]) // prettier-ignore
  for (const doubt of DOUBTS) {
    t.strictSame(accepted('--accept', doubt), [doubt])
    t.strictSame(accepted(`--accept=${doubt}`), [doubt])
  }
  t.strictSame(accepted('--accept', 'newer,older,newer', '--accept', 'gone'), [
    'newer',
    'older',
    'gone',
  ])
  t.strictSame(accepted(), [])
})

test('--force is all of them, whatever else is named', (t) => {
  t.strictSame(accepted('--force').sort(), [...DOUBTS].sort())
  t.strictSame(accepted('--force', '--accept', 'newer').sort(), [...DOUBTS].sort())
})

test('a word that is no doubt is a mistake, told with all that are', (t) => {
  for (const value of ['new', 'NEWER', 'newer,', ',', 'newer, older', 'newer,type', 'all', 'x\n']) {
    const error = refuses(t, () => accepted('--accept', value), 'usage', /there is no such doubt$/)
    t.match(
      error?.next,
      'write one or more of newer, older, mismatch, elsewhere, gone, unseen, undated, shared, unlogged, with commas between',
    )
  }
  refuses(t, () => accepted('--accept', 'newer,x\n'), 'usage', /^--accept x\\n: /, 'which it names')
  refuses(t, () => accepted('--force', '--accept', 'x'), 'usage', /no such doubt/)
  refuses(t, () => accepted('--accept', ''), 'usage', /--accept is empty/)
  refuses(t, () => accepted('--accept'), 'usage', /needs a value/)
})

test('no consent is read from a file', (t) => {
  for (const line of ['force', 'force-irmap', 'force-i']) {
    const found = parseWith(t, `${line}\n`, 'clean')
    t.strictSame([...found.accept], [], line)
    t.strictSame(found.ignored, ['force-irmap'], `${line}: CRIU's, also in short`)
  }
  for (const line of ['accept newer', 'gone /data', 'accept', 'gone', 'acc newer', 'gon /']) {
    const config = `tcp-established\n${line}\n`
    const error = refuses(t, () => parseWith(t, config, 'clean'), 'usage', /is not known$/, line)
    t.match(error?.where, /\/x\.conf: line 2$/, line)
  }
  t.strictSame(
    [...parseWith(t, 'force\n', 'clean', '--accept', 'older').accept],
    ['older'],
    'what the command line says counts',
  )
})

test('what is gone', (t) => {
  const gone = (...argv: readonly string[]): string[] => [...parse('clean', ...argv).gone]
  t.strictSame(gone('--gone', '/data/', '--gone=vol', '--gone', '/'), ['/data', 'vol', '/'])
  refuses(t, () => gone('--gone', ''), 'usage', /--gone is empty/)
  refuses(t, () => gone('--gone', '/', '-r', '/rootfs'), 'usage', /given with --root, and gone/)
  refuses(
    t,
    () => parseWith(t, 'root /rootfs\n', 'clean', '--gone', '/'),
    'usage',
    /given with --root/,
    'from wherever the root is',
  )
})

test('-L is CRIU’s directory of plugins where it names a directory', (t) => {
  const dir = t.testdir({ 'dump.log': 'x', plugins: {} })
  const file = path.join(dir, 'dump.log')
  const plugins = path.join(dir, 'plugins')
  fs.symlinkSync('plugins', path.join(dir, 'link'))
  const logs = (...argv: readonly string[]) => {
    const { dumpLog, ignored } = parse('show', ...argv)
    return { dumpLog, ignored }
  }
  for (const argv of [['-L', file], [`-L${file}`], ['--dump-log', file]])
    t.strictSame(logs(...argv), { dumpLog: file, ignored: [] })
  for (const argv of [
    ['-L', plugins],
    [`--dump-log=${plugins}`],
    ['-L', path.join(dir, 'link')],
    ['--libdir', plugins],
  ])
    t.strictSame(logs(...argv), { dumpLog: undefined, ignored: ['libdir'] }, argv.join(' '))
  for (const argv of [
    ['-L', plugins, '-L', file],
    ['-L', file, '-L', plugins],
  ])
    t.strictSame(logs(...argv), { dumpLog: file, ignored: ['libdir'] }, 'a log may be named too')
  const nowhere = path.join(dir, 'nowhere')
  t.equal(logs('-L', nowhere).dumpLog, nowhere, 'one that is not there is told when it is read')
  t.equal(logs('-L', `${file}/x`).dumpLog, `${file}/x`)
  t.strictSame(logs('--libdir', file), { dumpLog: undefined, ignored: ['libdir'] })
  refuses(t, () => logs('-L', ''), 'usage', /--dump-log is empty/)
  t.equal(parseWith(t, `dump-log ${file}\n`, 'show').dumpLog, file, 'also in a file')
})

test('a limit is a number that can be', (t) => {
  t.equal(parse('show', '--max-remaps=1').maxRemaps, 1)
  t.equal(parse('show', '--max-remaps', '1000000').maxRemaps, 1_000_000)
  for (const value of ['0', '1000001', '-1', '1e5', '', 'x', '0x10', '1.5'])
    refuses(t, () => parse('show', `--max-remaps=${value}`), 'usage', /a number from 1 to 1000000/)
})

test('a living container', (t) => {
  const alone = parse('clean', '--pid', '123')
  t.equal(alone.pid, 123)
  t.equal(alone.imagesDir, undefined, 'the current directory is not meant')
  t.equal(alone.workDir, process.cwd())
  const all = parse('show', '--pid=7', '-D', '/i', '--since', '@5.5', '--keep', 'a', '--keep', '/b')
  t.equal(all.imagesDir, '/i')
  t.strictSame(all.since, { sec: 5, nsec: 500_000_000 })
  t.strictSame(all.keep, [path.resolve('a'), '/b'])
  for (const value of ['', '0', '-1', '1.5', 'x', '2147483648', '99999999999'])
    refuses(t, () => parse('show', '--pid', value), 'usage', /^--pid/, value)
  refuses(t, () => parse('show', '--keep', '/k'), 'usage', /^--keep is for a living container$/)
  refuses(t, () => parse('show', '--since', '5m'), 'usage', /^--since is for a living container$/)
})

test('--null is for links, and one form of its report', (t) => {
  const parse = (...words: string[]) => parseArguments([...words, '--no-default-config'], {})
  t.equal(parse('links').null, false)
  t.match(parse('links', '--null', '-D', '/i'), { command: 'links', null: true, imagesDir: '/i' })
  for (const command of ['show', 'clean', 'scan'])
    refuses(
      t,
      () => parse(command, '/', '--null'),
      'usage',
      /--null is for links|one word too many/,
    )
  refuses(t, () => parse('show', '--null'), 'usage', /--null is for links/)
  refuses(t, () => parse('links', '--null', '--json'), 'usage', /two forms of one report/)
  refuses(t, () => parse('links', '/x'), 'usage', /one word too many/)
  t.equal(glance(['links', '--nul', '--json']).command, 'links')
})

test('what is looked for', (t) => {
  t.strictSame(parse('show', '--only', 'network,links').only, new Set(['network', 'links']))
  t.strictSame(parse('show', '--only=residue', '--pid=1').only, new Set(['residue']))
  refuses(t, () => parse('show', '--only', 'links,locks'), 'usage', /--only locks/)
})

test('what is left on the host alone needs no images', (t) => {
  t.equal(parse('show', '--only', 'residue').imagesDir, undefined)
  t.equal(parse('show', '--only', 'residue', '-D', '/i').imagesDir, '/i')
  t.not(parse('show', '--only', 'residue,links').imagesDir, undefined)
})

test('what is to be undone', (t) => {
  const repairs = (...values: readonly string[]) =>
    parse('clean', '--pid=1', ...values.map((value) => `--repair=${value}`)).repairs
  t.strictSame(repairs(), { kinds: new Set(), cgroups: new Set() })
  t.strictSame(repairs('signals,yards', 'kerndat,freezer:/c/a,yards/'), {
    kinds: new Set(['signals', 'yards', 'kerndat']),
    cgroups: new Set(['/c/a,yards']),
  })
  t.strictSame(repairs('freezer:/'), { kinds: new Set(), cgroups: new Set(['/']) })
  for (const wrong of ['links', 'signals,', 'Freezer', 'freezer=/c', ',signals'])
    refuses(t, () => repairs(wrong), 'usage', /there is no such kind/)
  for (const wrong of ['freezer:', 'freezer:c', 'signals,freezer:./c'])
    refuses(t, () => repairs(wrong), 'usage', /an absolute path of a cgroup/)
  for (const [line, why] of [
    [['links', '--repair', 'yards'], /for show and clean/],
    [['list', '--repair', 'yards'], /for show and clean/],
    [['scan', '/x', '--repair', 'yards'], /for show and clean/],
    [['clean', '--all', '--older-than', '7d', '--repair', 'yards'], /for show and clean/],
    [['clean', '--only', 'links', '--repair', 'yards'], /--only without residue/],
  ] as const)
    refuses(t, () => parse(...line), 'usage', why)
})

test('a container by its bundle or its name', (t) => {
  const asked = {
    ...{ bundle: undefined, id: undefined, runtime: undefined, runtimeRoot: undefined },
    checkpoint: undefined,
  }
  t.strictSame(parse('show', '--bundle', '/b').asked, { ...asked, bundle: '/b', hasWorkDir: false })
  t.strictSame(
    parse('show', '--container', 'c', '--runtime', 'runc', '--runtime-root', '/r', '-W', '/w')
      .asked,
    { ...asked, id: 'c', runtime: 'runc', runtimeRoot: '/r', hasWorkDir: true },
  )
  t.equal(parse('show', '--bundle', '/b').imagesDir, undefined, 'its runtime tells where they are')
  t.equal(parse('show', '--bundle', '/b', '-D', '/i').imagesDir, '/i')
  t.ok(parse('show', '--container', 'c', '--since', '10m', '--keep', '/k').since)
  for (const [argv, message] of [
    [['--bundle', '/b', '--container', 'c'], /both/],
    [['--bundle', ''], /--bundle is empty/],
    [['--container', ''], /--container is empty/],
    [['--runtime', 'runc'], /--runtime without --container/],
    [['--runtime-root', '/r'], /--runtime-root without --container/],
    [['--container', 'c', '--runtime', 'rkt'], /--runtime rkt is not known/],
    [['--container', 'c', '--runtime-root', '/r'], /without --runtime/],
  ] as const)
    refuses(t, () => parse('show', ...argv), 'usage', message)
  refuses(t, () => parse('scan', '/d', '--container', 'c'), 'usage', /means nothing to scan/)
  t.equal(parseWith(t, 'container c', 'show').asked, undefined, 'never from a file')
})

test('a look at all network namespaces', (t) => {
  t.strictSame(parse('scan', '--network').network, { remove: false })
  const removing = parse('scan', '--network', '--remove', '--netns', '/run/netns/a', '-J', 'net:7')
  t.strictSame(removing.network, { remove: true })
  t.strictSame(removing.netns, ['/run/netns/a', '/proc/7/ns/net'])
  for (const [argv, message] of [
    [['scan', '--network', '--remove'], /without --netns/],
    [['scan', '--network', '/d'], /a directory means nothing/],
    [['scan', '--network', '--since', '10m'], /--since means nothing/],
    [['scan', '/d', '--netns', '/n'], /--netns means nothing to scan/],
    [['scan', '/d', '--only', 'links'], /--only means nothing to scan/],
    [['show', '--network'], /--network is for scan/],
  ] as const)
    refuses(t, () => parse(...argv), 'usage', message)
})

test('the mounts of a living container are its own', (t) => {
  const wrong = [
    ['-r', '/r'],
    ['--external', 'mnt[/data]:/srv/data'],
    ['--external=mnt[]'],
    ['-M', 'auto'],
    ['--mounts', 'all'],
    ['--gone', '/data'],
  ]
  for (const [option = '', ...value] of wrong) {
    const argv = [option, ...value]
    refuses(t, () => parse('show', '--pid', '7', ...argv), 'usage', /of no use with --pid/)
    refuses(
      t,
      () => parse('clean', ...argv, '--pid=7', '-D', '/i'),
      'usage',
      /of no use with --pid/,
    )
  }
  refuses(t, () => parse('show', '--pid', '7', '-M', 'auto'), 'usage', /^--ext-mount-map /)
  const text = 'root /r\nexternal mnt[/data]:/srv/data\next-mount-map auto\ntcp-established\n'
  const found = parseWith(t, text, 'show', '--pid', '7')
  t.match(found, { root: undefined, externals: parseExternals([]) }, 'files are for CRIU, too')
  t.strictSame(
    found.passedOver.map((one) => one.replace(/^.*x\.conf: /, '')),
    [1, 2, 3].map(
      (line) =>
        `line ${line}: ${['root', 'external', 'ext-mount-map'][line - 1]} is of no use with --pid`,
    ),
  )
  t.strictSame(found.ignored, ['tcp-established'])
  t.equal(parseWith(t, text, 'show').root, '/r', 'and are what they were without --pid')
})
