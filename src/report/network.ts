// The report of `scan --network`: which network namespaces are closed, by what, and what became of it.
import type { ExitName } from '../errors.js'
import { groupBy } from '../group.js'
import type { NetworkScan } from '../network-scan.js'
import { exit, type Json, SCHEMA } from './json.js'
import { networkLine } from './plain.js'
import { isLeft } from './report.js'
import { draw, networkLeaf, type TreeOptions } from './tree.js'
import { countsOf, unreadOf } from './words.js'

/** Precedence: interrupted, leftovers, incomplete, clean. */
export const networkExit = ({ rows, unread, interrupted }: NetworkScan): ExitName => {
  if (interrupted !== undefined) return 'interrupted'
  if (rows.some(isLeft)) return 'leftovers'
  return unread.length > 0 ? 'incomplete' : 'clean'
}

export const networkToJson = (report: NetworkScan): Json => ({
  schema: SCHEMA,
  command: 'scan',
  exit: exit(networkExit(report), report.interrupted),
  networkNamespaces: report.namespaces,
  network: report.rows,
  networkUnread: report.unread,
})

export const networkLines = ({ rows }: NetworkScan): string[] => rows.map(networkLine)

export const networkTree = ({ rows, namespaces }: NetworkScan, options: TreeOptions): string[] =>
  draw(
    {
      text: countText(namespaces),
      children: [...groupBy(rows, ({ where }) => where)].map(([where, own]) => ({
        text: where,
        children: own.map((row) => networkLeaf(row, options.colour)),
      })),
    },
    '',
  )

export const networkScanSummary = ({ rows, namespaces }: NetworkScan): string =>
  rows.length === 0
    ? `no lock of CRIU's in ${countText(namespaces)}`
    : `locks in ${countText(namespaces)}: ${countsOf(rows)}`

export const networkWarnings = ({ unread }: NetworkScan): string[] =>
  unreadOf(unread, 'a lock may be left')

const countText = (count: number): string => `${count} network namespace${count === 1 ? '' : 's'}`
