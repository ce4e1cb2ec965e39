import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import t, { type Test } from 'tap'
import { diffManifest, manifest, onlyRemoved } from './manifest.js'

/** d/{kept,link_remap.4} are one inode, d/other and e/file stand beside them */
function tree(t: Test): string {
  const dir = t.testdir({
    d: { kept: 'content', other: 'x' },
    e: { file: 'y' },
    s: t.fixture('symlink', 'e'),
  })
  linkSync(`${dir}/d/kept`, `${dir}/d/link_remap.4`)
  return dir
}

/** what onlyRemoved says when act was done where only the link should have gone */
function verdict(t: Test, act: (dir: string) => void, expected = ['d/link_remap.4']): string[] {
  const dir = tree(t)
  const before = manifest(dir)
  act(dir)
  const paths = expected.map((path) => `${dir}/${path}`)
  return onlyRemoved(before, manifest(dir), paths).map((line) => line.replaceAll(`${dir}/`, ''))
}

const removeLink = (dir: string): void => unlinkSync(`${dir}/d/link_remap.4`)

t.test('exactly the link went', (t) => {
  t.strictSame(verdict(t, removeLink), [])
  t.end()
})

t.test('nothing happened, and nothing was wanted', (t) => {
  t.strictSame(
    verdict(t, () => undefined, []),
    [],
  )
  t.end()
})

const wrong: [title: string, act: (dir: string) => void, expect: RegExp][] = [
  ['the link stayed', () => undefined, /^still there: d\/link_remap.4$/],
  ['another file went too', (dir) => unlinkSync(`${dir}/d/other`), /^removed: d\/other$/],
  ['the last name went too', (dir) => unlinkSync(`${dir}/d/kept`), /^removed: d\/kept$/],
  ['a file came', (dir) => writeFileSync(`${dir}/e/new`, ''), /^added: e\/new$/],
  ['a directory came', (dir) => mkdirSync(`${dir}/d/new`), /^added: d\/new$/],
  ['content changed', (dir) => writeFileSync(`${dir}/d/other`, 'z'), /^changed: d\/other: sha256 /],
  [
    'content of the survivor',
    (dir) => writeFileSync(`${dir}/d/kept`, 'CONTENT'),
    /d\/kept: sha256 /,
  ],
  ['it grew', (dir) => writeFileSync(`${dir}/e/file`, 'yy'), /^changed: e\/file: size 1 -> 2$/],
  ['the mode changed', (dir) => chmodSync(`${dir}/e/file`, 0o600), /^changed: e\/file: mode /],
  [
    'the link count rose',
    (dir) => linkSync(`${dir}/d/other`, `${dir}/e/o`),
    /d\/other: nlink 1 -> 2$/,
  ],
  ['another directory touched', (dir) => utimesSync(`${dir}/e`, 1, 1), /^changed: e: mtimeNs /],
  [
    'the survivor touched',
    (dir) => utimesSync(`${dir}/d/kept`, 1, 1),
    /^changed: d\/kept: mtimeNs /,
  ],
  [
    'ctime of a stranger',
    (dir) => chmodSync(`${dir}/e/file`, 0o644),
    /^changed: e\/file: ctimeNs /,
  ],
  ['a symbolic link turned', (dir) => retarget(`${dir}/s`), /^changed: s: target e -> d$/],
  ['replaced by an equal file', (dir) => replace(`${dir}/e/file`, 'y'), /^changed: e\/file: ino /],
]

function retarget(path: string): void {
  unlinkSync(path)
  symlinkSync('d', path)
}

function replace(path: string, content: string): void {
  writeFileSync(`${path}~`, content)
  renameSync(`${path}~`, path)
}

for (const [title, act, expect] of wrong) {
  t.test(`red: ${title}`, (t) => {
    const stays = title === 'the link stayed'
    const lines = verdict(t, (dir) => {
      if (!stays) removeLink(dir)
      act(dir)
    })
    t.ok(
      lines.some((line) => expect.test(line)),
      lines.join('; '),
    )
    t.end()
  })
}

t.test('red: the link had never been there', (t) => {
  t.strictSame(verdict(t, removeLink, ['d/link_remap.4', 'd/link_remap.5']), [
    `never there: d/link_remap.5`,
  ])
  t.end()
})

t.test('red: another name of the inode went in its place', (t) => {
  const lines = verdict(t, (dir) => unlinkSync(`${dir}/d/kept`))
  t.match(lines, [/^still there: d\/link_remap.4$/, /^removed: d\/kept$/])
  t.end()
})

t.test('names that are not UTF-8 are seen', (t) => {
  const dir = t.testdir({})
  const odd = Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff, 0xfe])])
  const before = manifest(dir)
  writeFileSync(odd, '')
  t.strictSame(diffManifest(before, manifest(dir)).added, [odd.toString('latin1')])
  t.end()
})
