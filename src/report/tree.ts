// The checkpoint as a tree for a terminal: namespaces, their mounts that matter, the remaps on each.
import type { Mount } from '../checkpoint/model.js'
import type { Outcome } from '../collect/outcome.js'
import type { NetworkRow } from '../network/undo.js'
import { ASSUMED } from '../plan/assumed.js'
import { toIso } from '../time.js'
import { groupBy } from '../group.js'
import { escape, escapeText } from '../escape.js'
import { askedRows } from './residue.js'
import { toldRows, type Report, type ReportedRemap } from './report.js'
import {
  ageText,
  explanation,
  originalText,
  providerText,
  sizeText,
  verdictWord,
  WORDS,
} from './words.js'

export interface TreeOptions {
  readonly colour: boolean
  /** Seconds since 1970. */
  readonly now: number
}

export interface Node {
  readonly text: string
  readonly children: readonly Node[]
}

/** Without newlines. */
export const treeLines = (report: Report, options: TreeOptions): string[] => {
  const { checkpoint } = report
  const dumped =
    checkpoint.times.written === undefined
      ? ''
      : `, ${toIso(checkpoint.times.written).slice(0, 19)}Z`
  const tasks = `${checkpoint.tasks} task${checkpoint.tasks === 1 ? '' : 's'}`
  const head =
    checkpoint.directory === undefined
      ? livingText(report)
      : `${escapeText(checkpoint.directory)} (${tasks}${dumped})`
  const nodes = [
    ...children(report, options),
    ...networkNodes(report, options),
    ...residueNodes(report, options),
  ]
  return draw({ text: head, children: nodes }, '')
}

export const draw = (node: Node, indent: string): string[] => [
  node.text,
  ...node.children.flatMap((child, index) => {
    const last = index === node.children.length - 1
    const [first = '', ...rest] = draw(child, indent)
    return [
      `${last ? '└─ ' : '├─ '}${first}`,
      ...rest.map((line) => `${last ? '   ' : '│  '}${line}`),
    ]
  }),
]

const children = (report: Report, options: TreeOptions): Node[] => {
  const byNamespace = groupBy(report.remaps, ({ planned }) => planned.mount?.nsId)
  return [...byNamespace].map(([nsId, remaps]) => {
    if (nsId === undefined) {
      const text =
        report.checkpoint.tree === 'host' ? "the host's mount namespace" : 'mount unknown'
      return { text, children: leaves(remaps, options) }
    }
    const byMount = groupBy(remaps, ({ planned }) => planned.mount as Mount)
    return {
      text: namespaceText(nsId, report),
      children: [...byMount].sort(byMountpoint).map(([mount, onMount]) => ({
        text: mountText(mount, report),
        children: leaves(onMount, options),
      })),
    }
  })
}

const livingText = ({ living }: Report): string =>
  living === undefined ? 'this host' : `process ${living.pid} (${living.pids.length} processes)`

const residueNodes = (report: Report, { colour }: TreeOptions): Node[] => {
  const rows = askedRows(report)
  if (rows.length === 0) return []
  const children = rows.map((row) =>
    networkLeaf({ ...row, what: `${row.where}: ${row.what}` }, colour),
  )
  return [{ text: 'residue', children }]
}

const networkNodes = (report: Report, { colour }: TreeOptions): Node[] =>
  [...groupBy(toldRows(report), ({ where }) => where)].map(([where, rows]) => ({
    text: where === '' ? 'network' : where,
    children: rows.map((row) => networkLeaf(row, colour)),
  }))

export const networkLeaf = (
  { what, verdict, message }: Pick<NetworkRow, 'what' | 'verdict' | 'message'>,
  colour: boolean,
): Node => ({
  text: `${paint(WORDS[verdict].padEnd(12), { verdict }, colour)}  ${what}`,
  children: message === undefined ? [] : [{ text: escapeText(message), children: [] }],
})

const namespaceText = (nsId: number, { checkpoint, living }: Report): string => {
  const namespace = living?.namespaces.find(({ id }) => id === nsId)
  if (namespace !== undefined)
    return namespace.isOurs
      ? "the host's mount namespace"
      : `mount namespace of process ${namespace.pid}`
  if (nsId === ASSUMED)
    return 'places in the container, by the options alone: no image has its mounts'
  const dumped = checkpoint.namespaces.find(({ id }) => id === nsId)
  return `mount namespace ${nsId}${dumped?.isRoot === true ? ' (root)' : ''}`
}

/** As in a listing of the tree, its root first. */
const byMountpoint = ([a]: readonly [Mount, unknown], [b]: readonly [Mount, unknown]): number =>
  a.mountpoint < b.mountpoint ? -1 : a.mountpoint > b.mountpoint ? 1 : 0

const mountText = (mount: Mount, report: Report): string => {
  const constructed = report.mounts.find(({ attachment }) => attachment.mount === mount)
  const from =
    constructed === undefined ? '' : ` ← ${providerText(constructed.attachment.provider)}`
  const fstype = mount.nsId === ASSUMED ? '' : ` (${fstypeText(mount)})`
  return `${escape(mount.mountpoint)}${fstype}${from}`
}

/** What CRIU calls unsupported is a disk, which it does not mount itself. */
const fstypeText = ({ fstype }: Mount): string =>
  fstype === 'unsupported' ? 'disk' : escapeText(fstype)

const leaves = (remaps: readonly ReportedRemap[], options: TreeOptions): Node[] => {
  const links = remaps.map(
    ({ planned }) => escape(planned.remap.link) || `(id ${planned.remap.remapId})`,
  )
  const width = Math.min(
    40,
    links.reduce((longest, { length }) => Math.max(longest, length), 0),
  )
  return remaps.map(({ planned, outcome }, index) => ({
    text: [
      paint(verdictWord(outcome).padEnd(12), outcome, options.colour),
      (links[index] as string).padEnd(width),
      ...facts(outcome, originalText(planned.remap.original), options.now),
    ].join('  '),
    children: details(outcome),
  }))
}

const facts = ({ size, ctime, nlink }: Outcome, original: string, now: number): string[] => [
  ...(original === '' ? [] : [`was ${original}`]),
  ...(size === undefined ? [] : [sizeText(size)]),
  ...(ctime === undefined ? [] : [ageText(ctime, now)]),
  ...(nlink === 1 ? ['last name of its file'] : []),
]

const details = (outcome: Outcome): Node[] => {
  const text = explanation(outcome)
  return text === undefined ? [] : [{ text, children: [] }]
}

const COLOURS: Readonly<Record<Outcome['verdict'], number>> = {
  removed: 32,
  'would-remove': 33,
  absent: 32,
  vanished: 2,
  kept: 33,
  failed: 31,
}

export const paint = (
  text: string,
  { verdict }: Pick<Outcome, 'verdict'>,
  colour: boolean,
): string => (colour ? `\x1b[${COLOURS[verdict]}m${text}\x1b[0m` : text)
