// The reports of `scan` as they are printed.
import type { NetworkScan } from '../network-scan.js'
import { foundExit, type FoundReport } from '../report/found.js'
import { foundToJson } from '../report/found-json.js'
import { foundLines, foundSummary, foundTree, foundWarnings } from '../report/found-text.js'
import { piecesOf } from '../report/json.js'
import {
  networkExit,
  networkLines,
  networkScanSummary,
  networkToJson,
  networkTree,
  networkWarnings,
} from '../report/network.js'
import { foundTold, networkTold } from '../report/told-found.js'
import type { Arguments } from './arguments.js'
import type { Log } from './output.js'
import { asWarnings, print } from './print.js'

export const printFound = (
  report: FoundReport,
  options: Pick<Arguments, 'json' | 'plain'>,
  log: Log,
  terminal: boolean,
): void => {
  print(
    {
      json: () => piecesOf(foundToJson(report)),
      messages: () => asWarnings(foundWarnings(report)),
      told: () => foundTold(report),
      exit: () => foundExit(report),
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
      messages: () => asWarnings(networkWarnings(report)),
      told: () => networkTold(report),
      exit: () => networkExit(report),
      lines: () => networkLines(report),
      tree: (how) => networkTree(report, how),
      summary: () => networkScanSummary(report),
    },
    options,
    log,
    terminal,
  )
}
