// THE ORACLE: everything that can be seen of a tree before and after, so that "deleted exactly these
// names and changed nothing else" is compared and not believed.
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync, type BigIntStats } from 'node:fs'

export interface Entry {
  type: 'file' | 'dir' | 'link' | 'fifo' | 'socket' | 'char' | 'block'
  mode: number
  uid: number
  gid: number
  size: bigint
  dev: bigint
  ino: bigint
  nlink: number
  mtimeNs: bigint
  ctimeNs: bigint
  /** SHA-256 of a regular file's content */
  sha256?: string
  /** where a symbolic link points */
  target?: string
}

/** by absolute path, its bytes as latin1 */
export type Manifest = Map<string, Entry>

export interface Change {
  path: string
  what: keyof Entry
  before: unknown
  after: unknown
}
export interface Difference {
  removed: string[]
  added: string[]
  changed: Change[]
}

const bytes = (path: string): Buffer => Buffer.from(path, 'latin1')

/** a path as tests write it (UTF-8 text) in the form that manifests use */
export const asBytes = (path: string): string => Buffer.from(path).toString('latin1')

function typeOf(stat: BigIntStats): Entry['type'] {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'dir'
  if (stat.isSymbolicLink()) return 'link'
  if (stat.isFIFO()) return 'fifo'
  if (stat.isSocket()) return 'socket'
  return stat.isCharacterDevice() ? 'char' : 'block'
}

function entry(path: string): Entry {
  const stat = lstatSync(bytes(path), { bigint: true })
  const type = typeOf(stat)
  return {
    type,
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: stat.size,
    dev: stat.dev,
    ino: stat.ino,
    nlink: Number(stat.nlink),
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    ...(type === 'file' && {
      sha256: createHash('sha256')
        .update(readFileSync(bytes(path)))
        .digest('hex'),
    }),
    ...(type === 'link' && { target: readlinkSync(bytes(path), 'latin1') }),
  }
}

function collect(path: string, into: Manifest): void {
  const self = entry(path)
  into.set(path, self)
  if (self.type !== 'dir') return
  for (const name of readdirSync(bytes(path), 'latin1').sort()) collect(`${path}/${name}`, into)
}

/** everything at and below each of these paths */
export function manifest(...trees: string[]): Manifest {
  const all: Manifest = new Map()
  for (const tree of trees) collect(asBytes(tree), all)
  return all
}

// In the order in which they are reported. What a change of content does to an inode's ctime is
// seen in its content, so ctime counts only where nothing else may change (see onlyRemoved).
const compared: (keyof Entry)[] = [
  ...(['type', 'mode', 'uid', 'gid', 'size', 'dev', 'ino', 'nlink', 'mtimeNs', 'ctimeNs'] as const),
  ...(['sha256', 'target'] as const),
]

export function diffManifest(before: Manifest, after: Manifest): Difference {
  const removed = [...before.keys()].filter((path) => !after.has(path))
  const added = [...after.keys()].filter((path) => !before.has(path))
  const changed: Change[] = []
  for (const [path, was] of before) {
    const is = after.get(path)
    if (!is) continue
    for (const what of compared) {
      if (was[what] !== is[what]) changed.push({ path, what, before: was[what], after: is[what] })
    }
  }
  return { removed, added, changed }
}

const parent = (path: string): string => path.slice(0, path.lastIndexOf('/'))
const inode = (one: Entry): string => `${one.dev}:${one.ino}`

/**
 * What happened besides the removal of exactly these paths (UTF-8 text); empty is good. Removal of a
 * name may take one from the link count of its inode and set that inode's ctime, and sets mtime,
 * ctime and perhaps size of the directory that lost it. All else is a violation, and so is a
 * directory left untouched that should have lost a name.
 */
export function onlyRemoved(
  before: Manifest,
  after: Manifest,
  expected: readonly string[],
): string[] {
  const wanted = new Set(expected.map(asBytes))
  const found = diffManifest(before, after)
  const violations = [
    ...[...wanted].filter((path) => !before.has(path)).map((path) => `never there: ${path}`),
    ...[...wanted].filter((path) => after.has(path)).map((path) => `still there: ${path}`),
    ...found.removed.filter((path) => !wanted.has(path)).map((path) => `removed: ${path}`),
    ...found.added.map((path) => `added: ${path}`),
  ]

  const names = new Map<string, number>()
  const directories = new Set<string>()
  for (const path of wanted) {
    const was = before.get(path)
    if (!was || after.has(path)) continue
    names.set(inode(was), (names.get(inode(was)) ?? 0) + 1)
    directories.add(parent(path))
  }

  for (const { path, what, before: was, after: is } of found.changed) {
    const self = before.get(path) as Entry
    const lost = names.get(inode(self)) ?? 0
    const isDirectory = directories.has(path) && self.type === 'dir'
    if (isDirectory && (what === 'mtimeNs' || what === 'ctimeNs' || what === 'size')) continue
    if (lost > 0 && what === 'ctimeNs') continue
    if (lost > 0 && what === 'nlink' && is === self.nlink - lost) continue
    violations.push(`changed: ${path}: ${what} ${String(was)} -> ${String(is)}`)
  }
  return violations
}
