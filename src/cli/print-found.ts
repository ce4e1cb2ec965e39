// The reports of `scan` as they are printed.
import type { NetworkScan } from '../network-scan.js'
import type { FoundReport } from '../report/found.js'
import { foundToJson } from '../report/found-json.js'
import { foundLines, foundSummary, foundTree, foundWarnings } from '../report/found-text.js'
import { piecesOf } from '../report/json.js'
import {
  networkLines,
  networkScanSummary,
  networkToJson,
  networkTree,
  networkWarnings,
} from '../report/network.js'
import type { Arguments } from './arguments.js'
import type { Log } from './output.js'
import { print } from './print.js'

export const printFound = (
  report: FoundReport,
  options: Pick<Arguments, 'json' | 'plain'>,
  log: Log,
  terminal: boolean,
): void => {
  print(
    {
      json: () => piecesOf(foundToJson(report)),
      say: () => {
        for (const warning of foundWarnings(report)) log.line(warning)
      },
      lines: () => foundLines(report),
      tree: (how) => foundTree(report, how),
      summary: () => foundSummary(report),
    },
    options,
    log,
    terminal,
  )
}

/** The same of `scan --network`. */
export const printNetwork = (
  report: NetworkScan,
  options: Pick<Arguments, 'json' | 'plain'>,
  log: Log,
  terminal: boolean,
): void => {
  print(
    {
      json: () => piecesOf(networkToJson(report)),
      say: () => {
        for (const warning of networkWarnings(report)) log.line(warning)
      },
      lines: () => networkLines(report),
      tree: (how) => networkTree(report, how),
      summary: () => networkScanSummary(report),
    },
    options,
    log,
    terminal,
  )
}
