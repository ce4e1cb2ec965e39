// `scan --network` from its arguments to its exit code.
import type { ExitName } from '../errors.js'
import { scanNetwork, type NetworkScanOptions } from '../network-scan.js'
import { networkExit } from '../report/network.js'
import type { Sys } from '../sys/sys.js'
import type { Arguments } from './arguments.js'
import { STDOUT, type Log } from './output.js'
import { printNetwork } from './print-found.js'

/** `explain` says what the options came to, once messages have their place. */
export const lookAtNetwork = (
  sys: Sys,
  options: Arguments & NetworkScanOptions,
  log: Log,
  explain: () => void,
): ExitName => {
  log.open(sys, options)
  explain()
  const report = scanNetwork(sys, options)
  printNetwork(report, options, log, sys.isatty(STDOUT))
  return networkExit(report)
}
