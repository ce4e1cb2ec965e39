// Names as somebody chose them who knows that they will be printed, parsed and pasted: removed exactly,
// one line each for people, exact in JSON.
import fs from 'node:fs'
import { join } from 'node:path'
import { type Name } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { needs } from '../rig/needs.js'
import { check, newWorld, test, unchanged, type World } from './rig.js'

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)))

const names: [what: string, name: Name][] = [
  ['a newline', 'a\nremoved\t-\t9\tforged'],
  ['a carriage return and a tab', 'a\rb\tc'],
  ['an escape sequence', '\x1b[2J\x1b]0;title\x07'],
  ['a control character of eight bits', 'a\u009b31mb'],
  ['text that runs backwards', 'a\u202egpj.exe'],
  ['separators of lines and paragraphs', 'a\u2028b\u2029c'],
  ['quotes', `'"\`'`],
  ['what a shell would run', '$(touch pwned); `touch pwned`; \\'],
  ['backslashes', '\\n\\x1b\\\\'],
  ['blanks at both ends', '  a  '],
  ['a mark of the kernel', 'a (deleted)'],
  ['a leading hyphen', '-rf'],
  ['letters of other scripts', 'żółć 文件 \u{1f4be}'],
  ['bytes that are not UTF-8', bytes('caf', [0xe9])],
  ['all bytes of a kind', bytes([0x80, 0xff, 0xfe, 0xc0, 0xaf])],
  ['half of a surrogate pair', bytes('a', [0xed, 0xa0, 0x80])],
  ['a mark of byte order', bytes([0xef, 0xbb, 0xbf], 'a')],
  ['a delete character', 'a\x7fb'],
  ['a JSON string', '","verdict":"removed"},{"'],
]

/** one link in a directory of each name, whose original had the name too */
function build(world: World): Buffer[] {
  return names.map(([, name], index) => {
    const id = 100 + 2 * index
    const inside = Buffer.concat([Buffer.from('/'), Buffer.from(name)])
    const dir = Buffer.concat([Buffer.from(world.root), inside])
    const link = (at: Buffer): Buffer => Buffer.concat([at, Buffer.from(`/link_remap.${id}`)])
    fs.mkdirSync(dir)
    fs.writeFileSync(Buffer.concat([dir, Buffer.from('/precious')]), '')
    fs.writeFileSync(link(dir), '0123456789')
    world.remap(id, link(inside), { original: Buffer.concat([inside, inside]) })
    return link(dir)
  })
}

/** what a name is in JSON: as it is, or its bytes beside something to read */
const exact = (text: string, base64: string | undefined): Buffer =>
  base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64')

await inside(import.meta.url, () => {
  test('attack 26: names in JSON', (t) => {
    const world = newWorld(t, { alone: true })
    const removed = build(world)
    check(t, world, {
      verdicts: names.map((_, index) => `${100 + 2 * index} removed`),
      removed,
      afterwards: ({ report }) => {
        names.forEach(([what, name], index) => {
          const inside = Buffer.concat([Buffer.from('/'), Buffer.from(name)])
          const one = report?.remaps?.[index]
          const link = exact(one?.link ?? '', one?.linkBase64)
          const original = exact(one?.original ?? '', one?.originalBase64)
          const end = Buffer.from(`/link_remap.${100 + 2 * index}`)
          t.strictSame(link, Buffer.concat([inside, end]), `${what}: the link`)
          t.strictSame(original, Buffer.concat([inside, inside]), `${what}: the original`)
        })
      },
    })
  })

  test('attack 26: names in text', (t) => {
    const world = newWorld(t, { alone: true })
    const removed = build(world)
    world.dump()
    const run = unchanged(t, world, ['clean', ...world.args(), '-v4'], removed)
    t.equal(run.code, 0, run.stderr)
    const lines = run.stdout.split('\n')
    t.equal(lines.length, names.length + 1, 'one line a remap')
    names.forEach(([what], index) => {
      const fields = (lines[index] ?? '').split('\t')
      t.equal(fields.length, 7, `${what}: seven fields`)
      t.equal(fields[0], 'removed', what)
      t.match(fields[3] ?? '', new RegExp(`/link_remap\\.${100 + 2 * index}$`), what)
    })
    t.equal(new Set(lines.map((line) => line.split('\t')[3])).size, lines.length, 'no two alike')
    harmless(t, run.stdout + run.stderr)
  })

  test('attack 26: names on a terminal', { skip: needs('script', 'bsdutils') }, (t) => {
    const world = newWorld(t, { alone: true })
    const removed = build(world)
    world.dump()
    const log = join(world.base, 'typescript')
    // script(1) takes a command of sh: the paths of a world have nothing to quote
    const run = unchanged(t, world, ['clean', ...world.args()], removed, {
      under: ['sh', '-c', `NO_COLOR=1 script -qefc "$*" ${log}`, 'sh'],
    })
    t.equal(run.code, 0, run.stderr)
    const text = fs.readFileSync(log, 'utf8').replaceAll('\r\n', '\n')
    const leaves = text.split('\n').filter((line) => /[├└]─ .*link_remap/.test(line))
    t.equal(leaves.length, names.length, 'one line a remap')
    harmless(t, text)
  })

  test('attack 26: names in what goes wrong', (t) => {
    const world = newWorld(t, { alone: true })
    const odd = 'x\x1b[2J\n y'
    world.remap(4, `/${odd}/link_remap.6`)
    world.external(`key${odd}`, 8, { row: { source: odd, options: odd } })
    world.rows.push({
      ...{ mntId: 52, parent: 50, mountpoint: `/${odd}`, fstype: 16, fsname: odd, source: odd },
      ...{ major: 0, minor: 0xffff0 },
    })
    world.remap(10, `/${odd}/link_remap.10`, { mntId: 52 })
    world.dump()
    const run = unchanged(t, world, ['clean', ...world.args(), '-v4', '--mounts', 'all'])
    t.equal(run.code, 3, run.stderr)
    t.equal(run.stdout.split('\n').length, 4, `one line a remap: ${JSON.stringify(run.stdout)}`)
    harmless(t, run.stdout + run.stderr)
  })

  test('attack 26: names in what ends a run', (t) => {
    const odd = 'x\x1b[2J\n y\u202e'
    for (const makeArgs of [
      ['clean', '-D', `/nowhere/${odd}`],
      // images of its own: tests beside this one may have those of the machine
      (world: World) => ['clean', '-D', world.images, '-r', `/nowhere/${odd}`],
      ['clean', `--${odd}`],
      [odd],
      ['clean', '--external', `mnt[]:${odd}`],
      ['clean', '-M', odd],
      ['clean', '--mounts', odd],
      ['clean', `-v${odd}`],
      ['clean', '--config', `/nowhere/${odd}`],
    ]) {
      const world = newWorld(t, { alone: true })
      if (typeof makeArgs === 'function') world.dump()
      const args = typeof makeArgs === 'function' ? makeArgs(world) : makeArgs
      const run = unchanged(t, world, args)
      t.ok(run.code === 2 || run.code === 7, `${JSON.stringify(args)}: ${run.code}`)
      harmless(t, run.stdout + run.stderr)
    }
  })
})

/** nothing in it steers a terminal, hides or turns text */
function harmless(t: { notMatch(text: string, pattern: RegExp): unknown }, text: string): void {
  // eslint-disable-next-line no-control-regex
  t.notMatch(text, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufffd]/u)
}
