// `scan` from its arguments to its exit code.
import type { ExitName } from '../errors.js'
import { foundExit } from '../report/found.js'
import { scan } from '../scan.js'
import type { Sys } from '../sys/sys.js'
import type { Arguments } from './arguments.js'
import { orAlarm, progressOn, STDOUT, type Log } from './output.js'
import { printFound } from './print-found.js'
import type { ScanArguments } from './scan-arguments.js'

/** `explain` says what the options came to, once messages have their place. */
export const lookBelow = (
  sys: Sys,
  options: Omit<Arguments, 'scan'> & { readonly scan: ScanArguments },
  log: Log,
  explain: () => void,
): ExitName => {
  const progress = progressOn(sys, log)
  const report = scan(sys, {
    ...options.scan,
    since: options.since,
    keep: options.keep,
    accept: options.accept,
    keepLastLink: options.keepLastLink,
    maxRemaps: options.maxRemaps,
    onLocked: () => {
      log.open(sys, options)
      explain()
    },
    onDirectories: (count) => {
      progress(`${count} directories`)
    },
    onProgress: (done, total) => {
      progress(`${done} of ${total} links`)
    },
  })
  return orAlarm(foundExit(report), log, () => {
    printFound(report, options, log, sys.isatty(STDOUT))
  })
}
