// Help, README, manual and changelog say what the source says: options, exit codes, verdicts, keys,
// limits, version.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import tap, { type Test } from 'tap'
import { getopt } from '../src/cli/getopt.js'
import { HELP } from '../src/cli/help.js'
import { OPTIONS, type Option } from '../src/cli/options.js'
import { parseArguments } from '../src/cli/arguments.js'
import { refuseEnvironment } from '../src/cli/environment.js'
import { fromText } from '../src/bytes.js'
import type { Outcome } from '../src/collect/outcome.js'
import { EXIT, GcError, type ExitName } from '../src/errors.js'
import { PLACE } from '../src/host/notes.js'
import type { ContainerOptions, ListOptions, Options } from '../src/index.js'
import { ARCHIVE_LIMITS, LIMITS } from '../src/limits.js'
import { isTooLong, pathProblem } from '../src/paths.js'
import { DOUBTS } from '../src/proof/doubts.js'
import { KINDS } from '../src/residue/plan.js'
import { VERDICTS } from '../src/report/report.js'
import type {
  JsonMount,
  JsonProvider,
  JsonRemap,
  JsonReport,
  JsonResidue,
} from '../src/report/schema.js'
import type { JsonNetworkScan } from '../src/report/network-schema.js'
import type { JsonLink, JsonLinks } from '../src/report/links-schema.js'
import type { JsonList, JsonListedContainer } from '../src/report/list-schema.js'
import type { JsonFoundLink, JsonScan } from '../src/report/scan-schema.js'
import { needs } from './rig/needs.js'
import { inRepo } from './rig/repo.js'
import { schemaProblem } from './rig/schema.js'

/** A test without promises, as the program is. */
const test = (name: string, body: (t: Test) => void, skip: string | false = false): void => {
  void tap.test(name, { skip }, (t) => {
    body(t)
    t.end()
  })
}

const read = (...parts: string[]): string => fs.readFileSync(inRepo(...parts), 'utf8')

const MAN = 'man/criu-gc.8'
const manSource = read(MAN)
const readme = read('README.md')
const manifest = JSON.parse(read('package.json')) as {
  version: string
  scripts: Record<string, string>
  engines: { node: string }
}

/** What a reader sees of roff: escapes for characters as the characters. */
const unescapeRoff = (text: string): string =>
  text
    .replaceAll('\\-', '-')
    .replaceAll('\\(aq', "'")
    .replaceAll('\\(dq', '"')
    .replaceAll('\\e', '\\')
    .replaceAll('\\&', '')

const man = unescapeRoff(manSource)

/** One section of the manual, or of the README, without its heading. */
const section = (text: string, heading: RegExp, title: string): string => {
  const parts = text.split(heading)
  const at = parts.indexOf(title)
  if (at < 0) throw new Error(`no section ${title}`)
  return parts[at + 1] as string
}
const manSection = (title: string): string => section(man, /^\.Sh (.*)$/m, title)
const readmeSection = (title: string): string => section(readme, /^## (.*)$/m, title)

/** Rows of the tables of a section: cells without their blanks and backquotes. */
const tableRows = (markdown: string): string[][] =>
  markdown
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()))

const bare = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '')

const sameMembers = (t: Test, found: string[], wanted: readonly string[], name: string): void => {
  t.strictSame([...found].sort(), [...wanted].sort(), name)
}

/** Names as they stand on a command line: "--root", "-r". */
const namesOf = ({ long, short }: Option): string[] =>
  short === undefined ? [`--${long}`] : [`-${short}`, `--${long}`]

const KNOWN = new Set(OPTIONS.flatMap((option) => namesOf(option)))

/** Options in text: a name of one letter may have its value glued to it (-vNUM), a long one not. */
const optionsIn = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/(?<![\w-])(--[a-z][\w-]*|-[A-Za-z](?![a-z-]))/g)].map(
      ([, name]) => name as string,
    ),
  )

/** Options that a line of mdoc marks up; letters after one dash are that many options. */
const flagsIn = (text: string): string[] =>
  [...text.matchAll(/\bFl (-?)([A-Za-z][\w-]*)/g)].flatMap(([, dash = '', name = '']) =>
    dash === '' ? name.replaceAll(/\w/g, '-$& ').trim().split(' ') : [`--${name}`],
  )

/** Options that the manual marks up as such, and those of its examples. */
const optionsInMan = (): Set<string> =>
  new Set([...flagsIn(man), ...commandLines(man).flatMap((line) => [...optionsIn(line)])])

/** Command lines of criu-gc: what stands before the command, and after a pipe, is another's. */
const commandLines = (text: string): string[] =>
  text
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*(?:[#$] )?criu-gc ((?:show|clean|links|scan|list)\b[^|]*)/.exec(line)
      return match === null ? [] : [match[1] as string]
    })

/** Options that a text of this program's own may not have, because it knows none of that name. */
const unknown = (names: Iterable<string>): string[] => [...names].filter((name) => !KNOWN.has(name))

const readmeOptions = tableRows(readmeSection('Options')).slice(1)
const used = OPTIONS.filter(({ kind }) => kind === 'used')

const documents: [name: string, options: Set<string>][] = [
  ['--help', optionsIn(HELP)],
  ['README, table of options', optionsIn(readmeOptions.map(([name]) => bare(name)).join('\n'))],
  [MAN, optionsInMan()],
]
for (const [name, options] of documents) {
  test(`${name} has every option that means something`, (t) => {
    for (const option of used)
      for (const one of namesOf(option)) t.ok(options.has(one), `${one} in ${name}`)
  })
  test(`${name} has no option that the program does not know`, (t) => {
    t.strictSame(unknown(options), [])
  })
}

test('the README has one row for each option, with its meaning', (t) => {
  const named = readmeOptions.flatMap(([name]) => [...optionsIn(bare(name))])
  sameMembers(
    t,
    named,
    used.flatMap((option) => namesOf(option)),
    'names',
  )
  for (const [name, meaning] of readmeOptions) t.ok((meaning ?? '') !== '', name ?? '')
})

test('the manual has one entry for each option, with its meaning', (t) => {
  const entries = [...manSection('OPTIONS').matchAll(/^\.It (Fl .*)\n(?!\.(?:It|El|Sh))./gm)]
  const named = entries.flatMap(([, head = '']) => flagsIn(head))
  sameMembers(
    t,
    named,
    used.flatMap((option) => namesOf(option)),
    'names',
  )
})

test('the manual names every option that is ignored', (t) => {
  const options = optionsInMan()
  for (const option of OPTIONS)
    if (option.kind === 'ignored') for (const one of namesOf(option)) t.ok(options.has(one), one)
})

test('what looks like an option in code of the README is one', (t) => {
  const spans = [...readme.matchAll(/`(-[^`]*)`/g)].map(([, code]) => code as string)
  t.ok(spans.length > 0)
  t.strictSame(unknown(optionsIn(spans.join('\n'))), [])
})

test('command lines in examples are ones that the program takes', (t) => {
  for (const [name, text] of [
    ['--help', HELP],
    ['README', readme],
    [MAN, man],
  ] as const) {
    const lines = commandLines(text).filter(
      (line) => !/\[-r ROOT\]|DIR\.\.\.|\[--older-than|^list {2}/.test(line),
    )
    t.ok(lines.length > 0, `${name} has an example`)
    for (const line of lines) {
      const words = (line.match(/'[^']*'|"[^"]*"|[^\s'"]+/g) ?? []).map((word) =>
        word.replace(/^(['"])(.*)\1$/, '$2').replace(/^\$pid$/, '4711'),
      )
      t.doesNotThrow(() => getopt(words), line)
      const { command } = parseArguments([...words, '--no-default-config'], {})
      t.match(command, /^(show|clean|links|scan|list)$/, line)
    }
  }
})

test('exit codes: number and name', (t) => {
  const shown = (name: string, code: number): string =>
    name === 'interrupted' ? `${code}+n` : String(code)
  const wanted = Object.entries(EXIT).map(([name, code]) => [shown(name, code), name])
  const documented = {
    README: tableRows(readmeSection('Exit codes')).slice(1),
    [MAN]: [...manSection('EXIT STATUS').matchAll(/^\.It (\S+) Ta (\S+) Ta (.+)/gm)].map((row) =>
      row.slice(1),
    ),
  }
  for (const [name, rows] of Object.entries(documented)) {
    t.strictSame(
      rows.map(([code, exit]) => [code, exit]),
      wanted,
      name,
    )
    t.ok(
      rows.every(([, , meaning]) => (meaning ?? '') !== ''),
      `${name}: meanings`,
    )
  }
  for (const [name, code] of Object.entries(EXIT))
    t.match(
      HELP.replaceAll('\n', ' '),
      `${shown(name, code)} ${name.replace('-', ' ')}`,
      `--help: ${name}`,
    )
})

/** All keys of a type: the compiler refuses one that is missing and one that is not in the type. */
const keysOf = <T>(keys: Record<keyof T & string, true>): string[] => Object.keys(keys)

const REASONS = keysOf<Record<NonNullable<Outcome['reason']>, unknown>>({
  invalid: true,
  unreachable: true,
  unseen: true,
  'wrong-mount': true,
  elsewhere: true,
  'unsafe-path': true,
  type: true,
  mountpoint: true,
  immutable: true,
  mismatch: true,
  newer: true,
  older: true,
  'last-link': true,
  wanted: true,
  inode: true,
  shared: true,
  undated: true,
  unlogged: true,
  name: true,
  held: true,
  interrupted: true,
  duplicate: true,
  'parent-gone': true,
})

test('verdicts and reasons', (t) => {
  // These two stand in the text of their verdict: they are no reasons for keeping a link.
  const inText = ['duplicate', 'parent-gone']
  const wanted = [...VERDICTS, ...REASONS.filter((reason) => !inText.includes(reason))]

  const rows = tableRows(readmeSection('Verdicts')).filter(([name]) => name?.startsWith('`'))
  sameMembers(
    t,
    rows.map(([name]) => bare(name)),
    wanted,
    'README',
  )
  const verdicts = manSection('VERDICTS')
  const items = [...verdicts.matchAll(/^\.It Li (\S+)\n(?!\.)(.+)/gm)]
  sameMembers(
    t,
    items.map(([, name]) => name as string),
    wanted,
    MAN,
  )
  for (const reason of inText) {
    t.ok(readmeSection('Verdicts').includes(`\`${reason}\``), `README: ${reason}`)
    t.match(verdicts, new RegExp(`^\\.Li ${reason}\\b`, 'm'), `${MAN}: ${reason}`)
  }
})

test('doubts: word and question', (t) => {
  const rows = tableRows(readmeSection('Doubts')).slice(1)
  const items = [...manSection('DOUBTS').matchAll(/^\.It Cm (\S+)\n(?!\.)((?:.+\n)+?)(?=\.)/gm)]
  for (const [name, found] of [
    ['README', rows.map(([word, what, question]) => [bare(word), what, question])],
    [MAN, items.map(([, word, text = '']) => [word, ...text.trim().split(/\n(?=\S[^\n]*\?$)/)])],
  ] as const) {
    t.strictSame(
      found.map(([word]) => word),
      DOUBTS,
      name,
    )
    t.ok(
      found.every(([, what = '', question = '']) => what !== '' && question.endsWith('?')),
      `${name}: what is in doubt, and what decides`,
    )
  }
  for (const doubt of DOUBTS) t.match(HELP, new RegExp(`\\b${doubt}\\b`), `--help: ${doubt}`)
})

test('each doubt that keeps a link is a consent in the table of reasons', (t) => {
  const reasons = tableRows(readmeSection('Verdicts'))
  for (const doubt of DOUBTS)
    t.ok(
      reasons.some(([, , advice]) => advice?.includes(`--accept ${doubt}`)),
      doubt,
    )
})

test('consents that are never read from a file', (t) => {
  const never = OPTIONS.filter(({ neverInFile }) => neverInFile === true).map(({ long }) => long)
  const [, readmeSays = ''] = /^(.*) are never read from a configuration file/m.exec(readme) ?? []
  sameMembers(
    t,
    [...optionsIn(readmeSays)],
    never.map((long) => `--${long}`),
    'README',
  )
  const [, manSays = ''] = /^None of\n([^]*?)\nis read from a configuration file/m.exec(man) ?? []
  for (const long of never) t.match(manSays, new RegExp(`-${long}\\b`), `${MAN}: ${long}`)
})

test('where clean notes what it removed', (t) => {
  for (const [name, text] of [
    ['README', readme],
    [MAN, man],
    ['SECURITY.md', read('SECURITY.md')],
  ] as const)
    t.ok(text.includes(PLACE), name)
})

test('options of the library', (t) => {
  const options = keysOf<Options & ContainerOptions & ListOptions>({
    bundle: true,
    container: true,
    runtime: true,
    runtimeRoot: true,
    checkpoint: true,
    olderThan: true,
    keepLast: true,
    imagesDir: true,
    root: true,
    external: true,
    mounts: true,
    gone: true,
    accept: true,
    force: true,
    dumpLog: true,
    restoreLog: true,
    keepLastLink: true,
    maxRemaps: true,
    pid: true,
    since: true,
    keep: true,
    repair: true,
  })
  const use = readmeSection('Use it from Node')
  for (const option of options) t.match(use, new RegExp(`\\b${option}\\b`), option)
})

test('files that SECURITY.md names are there', (t) => {
  for (const [, file] of read('SECURITY.md').matchAll(/`((?:src|test|native)\/[\w./-]*\w)`/g))
    t.ok(fs.existsSync(inRepo(file as string)), file as string)
})

const REPORT = keysOf<JsonReport>({
  schema: true,
  command: true,
  exit: true,
  imagesDir: true,
  living: true,
  network: true,
  networkUnread: true,
  derived: true,
  residue: true,
  residueUnread: true,
  dump: true,
  signs: true,
  complete: true,
  restorable: true,
  images: true,
  tree: true,
  tasks: true,
  preDump: true,
  writtenAt: true,
  namespaces: true,
  mounts: true,
  remaps: true,
  unlisted: true,
  others: true,
  notLinked: true,
  totals: true,
  notes: true,
})
const MOUNT = keysOf<JsonMount>({
  namespace: true,
  mntId: true,
  mountpoint: true,
  mountpointBase64: true,
  fstype: true,
  provider: true,
  contents: true,
  state: true,
  problem: true,
})
const PROVIDER = keysOf<JsonProvider>({
  kind: true,
  key: true,
  keyBase64: true,
  path: true,
  pathBase64: true,
  below: true,
  belowBase64: true,
})
const REMAP = keysOf<JsonRemap>({
  id: true,
  origId: true,
  found: true,
  heldBy: true,
  link: true,
  linkBase64: true,
  original: true,
  originalBase64: true,
  namespace: true,
  mntId: true,
  mountpoint: true,
  mountpointBase64: true,
  fstype: true,
  provider: true,
  verdict: true,
  reason: true,
  proven: true,
  accept: true,
  errno: true,
  syscall: true,
  message: true,
  next: true,
  size: true,
  mode: true,
  nlink: true,
  ctime: true,
  alarm: true,
})

const SCAN = [
  ...keysOf<JsonScan>({
    schema: true,
    command: true,
    exit: true,
    since: true,
    until: true,
    tops: true,
    directories: true,
    otherMounts: true,
    dumps: true,
    links: true,
    totals: true,
    unread: true,
  }),
  ...keysOf<JsonScan['tops'][number]>({
    path: true,
    pathBase64: true,
    device: true,
    fstype: true,
  }),
  ...keysOf<JsonScan['dumps'][number]>({
    imagesDir: true,
    dump: true,
    complete: true,
    keep: true,
    listed: true,
  }),
  ...keysOf<JsonFoundLink>({
    link: true,
    linkBase64: true,
    device: true,
    inode: true,
    mode: true,
    nlink: true,
    size: true,
    changedAt: true,
    bornAt: true,
    directoryChangedAt: true,
    heldBy: true,
    listedBy: true,
    verdict: true,
    reason: true,
    accept: true,
    errno: true,
    syscall: true,
    message: true,
    next: true,
    alarm: true,
  }),
]

const NETWORK_SCAN = keysOf<JsonNetworkScan>({
  schema: true,
  command: true,
  exit: true,
  networkNamespaces: true,
  network: true,
  networkUnread: true,
})

const LINKS = [
  ...keysOf<JsonLinks>({
    schema: true,
    command: true,
    exit: true,
    imagesDir: true,
    dump: true,
    complete: true,
    links: true,
    missing: true,
    totals: true,
    notes: true,
  }),
  ...keysOf<JsonLink>({
    id: true,
    path: true,
    pathBase64: true,
    link: true,
    linkBase64: true,
    original: true,
    originalBase64: true,
    size: true,
    mode: true,
    nlink: true,
  }),
]
const LIST = [
  ...keysOf<JsonList>({
    schema: true,
    command: true,
    exit: true,
    containers: true,
    totals: true,
    unread: true,
  }),
  ...keysOf<JsonListedContainer>({
    runtime: true,
    id: true,
    name: true,
    home: true,
    state: true,
    pid: true,
    checkpoints: true,
  }),
  ...keysOf<JsonListedContainer['checkpoints'][number]>({
    name: true,
    imagesDir: true,
    dump: true,
    complete: true,
    writtenAt: true,
    links: true,
    problem: true,
    action: true,
    next: true,
    selected: true,
    report: true,
  }),
  ...keysOf<JsonListedContainer['checkpoints'][number]['links']>({
    listed: true,
    there: true,
    lost: true,
    unknown: true,
  }),
]
const DERIVED = keysOf<JsonReport['derived'][number]>({ option: true, value: true, from: true })

const LIVING = keysOf<NonNullable<JsonReport['living']>>({
  pid: true,
  startedAt: true,
  processes: true,
  namespaces: true,
  unread: true,
})
const RESIDUE = keysOf<JsonResidue>({
  ...{ kind: true, what: true, where: true, verdict: true, reason: true, message: true },
  ...{ undo: true, alarm: true },
})
const OTHERS = keysOf<JsonReport['others'][number]>({
  directory: true,
  directoryBase64: true,
  names: true,
  namesBase64: true,
})

test('kinds of what else was left', (t) => {
  const rows = tableRows(readmeSection('Use it on a real host')).map(([kind]) => bare(kind))
  t.strictSame(
    rows.filter((kind) => (KINDS as readonly string[]).includes(kind)),
    KINDS,
    'README',
  )
  const items = [...manSection('RESIDUE').matchAll(/^\.It Li (\S+)\n(?!\.It)./gm)]
  t.strictSame(
    items.map(([, kind]) => kind),
    KINDS,
    MAN,
  )
})

test('JSON: keys', (t) => {
  const inMan = new Set(
    [...manSection('JSON').matchAll(/\bVa (.+)/g)].flatMap(([, names]) =>
      (names as string).split(/[\s,.]+|\bVa\b/).filter((name) => name !== ''),
    ),
  )
  const keys = [
    ...[
      REPORT,
      MOUNT,
      PROVIDER,
      REMAP,
      OTHERS,
      LIVING,
      DERIVED,
      RESIDUE,
      SCAN,
      NETWORK_SCAN,
      LINKS,
      LIST,
    ],
  ].flat()
  for (const key of new Set(keys)) t.ok(inMan.has(key), `${key} in ${MAN}`)
  const errors = ['error', 'message', 'where', 'next', 'code', 'name', 'signal']
  const all = new Set([...keys, ...errors])
  t.strictSame(
    [...inMan].filter((key) => !all.has(key)),
    [],
    `${MAN} has no other`,
  )
})

test('JSON: the example of the README', (t) => {
  const [, text] = /```json\n(.*?)```/s.exec(readme) ?? []
  const example = JSON.parse(text as string) as JsonReport
  // It is of a container that has ended.
  const wanted = REPORT.filter((key) => key !== 'living')
  sameMembers(t, Object.keys(example), wanted, 'all keys of a report')
  const only = (value: object, keys: readonly string[], name: string): void => {
    t.strictSame(
      Object.keys(value).filter((key) => !keys.includes(key)),
      [],
      name,
    )
  }
  for (const mount of example.mounts) {
    only(mount, MOUNT, 'mount')
    only(mount.provider, PROVIDER, 'provider')
  }
  for (const remap of example.remaps) only(remap, REMAP, 'remap')
  t.equal(example.exit.code, EXIT[example.exit.name], 'exit')
  sameMembers(t, Object.keys(example.totals), ['remaps', ...VERDICTS], 'totals')
  const { remaps, ...each } = example.totals
  t.equal(
    Object.values(each).reduce((sum, count) => sum + count, 0),
    remaps,
    'totals add up',
  )
  t.equal(schemaProblem(example), undefined, 'the published schema')
  t.ok(readme.includes(example.schema) && man.includes(example.schema), 'schema')
})

const MIB = 1024 * 1024
const bytesText = (bytes: number): string => `${bytes / MIB} MiB`
const gibText = (bytes: number): string => `${bytes / MIB / 1024} GiB`
const countText = (count: number): string => count.toLocaleString('en-US')

const LIMIT_ROWS: Record<keyof typeof LIMITS, [label: string, toText: (limit: number) => string]> =
  {
    imageBytes: ['bytes of one image', bytesText],
    totalBytes: ['bytes of all images together', bytesText],
    entryBytes: ['bytes of one entry', bytesText],
    entries: ['entries of one image', countText],
    fields: ['fields of one message', countText],
    mounts: ['mounts of all namespaces', countText],
    remaps: ['link remaps of one dump', countText],
    namespaces: ['mount namespaces of one dump', countText],
    tasks: ['tasks of one dump', countText],
  }

const ARCHIVE_ROWS: Record<
  keyof typeof ARCHIVE_LIMITS,
  [label: string, toText: (limit: number) => string]
> = {
  entries: ['entries of an archive', countText],
  nameBytes: ['bytes of names that matter in an archive', bytesText],
  headerBytes: ['bytes said of one of these', bytesText],
  decompressedBytes: ['bytes compressed in an archive', gibText],
  decompressedRate: ['least of these a second', bytesText],
  windowBytes: ['bytes that zstd looks back', bytesText],
  runtimeFileBytes: ['bytes of a file of the runtime', bytesText],
}

test('limits of the manual', (t) => {
  const limits = manSection('LIMITS')
  const rows = Object.fromEntries(
    [...limits.matchAll(/^\.It (.+)\n(.+)/gm)].map(([, label = '', value = '']) => [label, value]),
  )
  const wanted = Object.fromEntries([
    ...Object.entries(LIMIT_ROWS).map(([name, [label, toText]]): [string, string] => [
      label,
      toText(LIMITS[name as keyof typeof LIMITS]),
    ]),
    ...Object.entries(ARCHIVE_ROWS).map(([name, [label, toText]]): [string, string] => [
      label,
      toText(ARCHIVE_LIMITS[name as keyof typeof ARCHIVE_LIMITS]),
    ]),
  ])
  t.strictSame(rows, wanted)

  const longest = (pathOf: (length: number) => string): number => {
    let length = 1
    while (pathProblem(fromText(pathOf(length + 1))) === undefined) length += 1
    return length
  }
  const component = longest((length) => `/${'a'.repeat(length)}`)
  const path = longest((length) => '/a'.repeat(length / 2) + 'b'.repeat(length % 2))
  t.match(limits, `have up to ${countText(component)} bytes`)
  t.match(limits, `paths of up to ${countText(path)} bytes`)
  t.equal(limits.split(`of more than ${countText(path)} bytes`).length, 3)
  t.ok(isTooLong(fromText('x'.repeat(path + 1))) && !isTooLong(fromText('x'.repeat(path))))
})

test('variables that a run is refused for', (t) => {
  const environment = manSection('ENVIRONMENT')
  const [own = '', refused = ''] = environment.split('a run as root is refused')
  const names = (text: string): string[] =>
    [...text.matchAll(/\bEv (\w+)/g)].map(([, name]) => name as string)
  const isRefused = (name: string): boolean => {
    try {
      refuseEnvironment({ [name]: 'x' })
      return false
    } catch (error) {
      if (error instanceof GcError) return error.exit === ('refused' satisfies ExitName)
      throw error
    }
  }
  for (const name of names(own)) t.notOk(isRefused(name), name)
  for (const name of names(refused))
    t.ok(isRefused(name.endsWith('_') ? `${name}PRELOAD` : name), name)
  const inSource = [...read('src/cli/environment.ts').matchAll(/'([A-Z][A-Z0-9_]+)'/g)]
  sameMembers(
    t,
    names(refused),
    inSource.map(([, name]) => name as string),
    'all of them',
  )
  const kept = /const KEPT = \[(.*?)\]/s.exec(read('scripts/build.mjs'))?.[1] ?? ''
  sameMembers(
    t,
    names(own),
    [...kept.matchAll(/'(\w+)'/g)].map(([, name]) => name as string),
    'those that the command passes on',
  )
})

test('version', (t) => {
  const { version } = manifest
  t.match(manSource, new RegExp(`^\\.Os criu-gc ${version.replaceAll('.', '\\.')}$`, 'm'), MAN)
  t.equal(/^## (\S+)/m.exec(read('CHANGELOG.md'))?.[1], version, 'CHANGELOG.md')
})

test('scripts and files that the README names are there', (t) => {
  const scripts = [...readme.matchAll(/\bnpm (?:run ([\w:]+)|(test))/g)]
  t.ok(scripts.length > 0)
  for (const [, run, word] of scripts) {
    const name = run ?? word ?? ''
    t.ok(name in manifest.scripts, `npm run ${name}`)
  }
  for (const [, file] of readme.matchAll(/(?<![\w/])((?:src|test|man|\.ci)\/[\w./-]*\w)/g))
    t.ok(fs.existsSync(inRepo(file as string)), file as string)
  const [, engine] = /Node\.js ([\d.]+) or newer/.exec(readme) ?? []
  t.equal(`>=${engine}`, manifest.engines.node, 'Node')
})

test(
  'mandoc has nothing to say',
  (t) => {
    const lint = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', inRepo(MAN)], {
      encoding: 'utf8',
    })
    t.equal(lint.stdout + lint.stderr, '')
    t.equal(lint.status, 0)
  },
  needs('mandoc'),
)

/** What differs from run to run: the name of the folder, when it was made, and how long ago. */
const steady = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex -- colours
    .replace(/\x1b\[\d+m/g, '')
    .replaceAll('\r', '')
    .replace(/criu-gc-sample-\w{6}/g, 'criu-gc-sample-XXXXXX')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replace(/ {2}\d+ s$/gm, '  AGE')
    .trim()

const cannotSample =
  process.getuid?.() === 0 ? needs('script', 'bsdutils') : 'needs root: makes mount namespaces'

test(
  'the sample prints what the README shows',
  (t) => {
    const [, shown] = /```text\n(\n?\$ criu-gc.*?)```/s.exec(readme) ?? []
    const env = ['-i', `PATH=${process.env.PATH ?? ''}`, 'TMPDIR=/tmp']
    const command = `'${process.execPath}' '${inRepo('test', 'sample', 'run.mjs')}'`
    // A terminal of its own, because the README shows what a person sees.
    const terminal = ['script', '-qec', command, '/dev/null']
    const run = spawnSync('env', [...env, ...terminal], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.equal(run.status, 0, run.stderr)
    t.equal(steady(run.stdout), steady(shown ?? ''))
  },
  cannotSample,
)
