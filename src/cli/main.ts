// argv to exit code. Synchronous from end to end, because namespaces belong to a thread.
import { errorCode, EXIT, GcError, type ExitName } from '../errors.js'
import { run } from '../gc.js'
import { lacking, parseCapabilities, threadStatus, TO_CONSTRUCT } from '../host/capabilities.js'
import { closeInherited } from '../host/descriptors.js'
import { escapeText } from '../escape.js'
import { checkNeeds } from '../host/needs.js'
import { linksExit, linksOf } from '../report/links.js'
import { exitOf } from '../report/report.js'
import { loadAddon } from '../sys/addon.js'
import { endBySignal, notedSignal } from '../sys/signals.js'
import { Sys } from '../sys/sys.js'
import { SyscallError } from '../sys/syscall-error.js'
import { VERSION } from '../version.js'
import { completionScript } from './completion/completion.js'
import { withContainer } from './container.js'
import { listAll } from './list.js'
import { lookAtNetwork } from './network-scan.js'
import { lookBelow } from './scan.js'
import { glance, parseArguments, runLogIn, type Arguments } from './arguments.js'
import { refuseEnvironment } from './environment.js'
import { HELP } from './help.js'
import { Log, orAlarm, printError, progressOn, STDOUT, writeInformation } from './output.js'
import { printLinks, printReport } from './print.js'

/** Runs the command and answers with its exit code; never throws. `note`: how the program was started. */
export const main = (
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  directory: string,
  note?: string,
): number => {
  let options: Arguments | undefined
  let log: Log | undefined
  let sys: Sys | undefined
  let status = ''
  const end = (exit: ExitName): number => {
    const signal = sys === undefined ? undefined : notedSignal(sys)
    // A deletion by mistake and a lost report weigh more; one that came late changes only how we end.
    if (sys !== undefined && signal !== undefined && exit !== 'alarm' && exit !== 'internal')
      endBySignal(sys, signal)
    // From the first namespace on Node's own way out is not safe any more.
    sys?.exitGroup(EXIT[exit])
    return EXIT[exit]
  }
  try {
    const runLog = runLogIn(argv)
    if (runLog !== undefined) {
      sys = new Sys(loadAddon(directory))
      closeInherited(sys)
      log = new Log()
      log.openRun(sys, runLog)
    }
    options = parseArguments(argv, env, refuseOthersThanRoot)
    if (options.command === 'help') return print(HELP)
    if (options.command === 'version') return print(`criu-gc ${VERSION}\n`)
    if (options.shell !== undefined) return print(completionScript(options.shell))
    if (!options.allowEnvironment) refuseEnvironment(env)
    sys ??= new Sys(loadAddon(directory))
    checkNeeds(sys)
    // What is open by now is ours where there is a log.
    if (log === undefined) closeInherited(sys)
    // Later capabilities are given up; a run that is refused nothing does not look which there were.
    status = threadStatus()
    log ??= new Log()
    return end(carryOut(sys, options, log, directory, note))
  } catch (error) {
    return end(explain(asGcError(error, status), options, argv, log))
  }
}

/** Before a configuration file is read, which may be one that root alone can. */
const refuseOthersThanRoot = (): void => {
  if (process.geteuid?.() === 0) return
  throw new GcError('unsupported', 'not root: mount namespaces cannot be made', {
    next: 'nothing was touched; run it as root',
  })
}

const print = (text: string): number => {
  writeInformation(text)
  return EXIT.clean
}

/** What the options came to, at debug level. */
const explainOptions = (options: Arguments, log: Log, note: string | undefined): void => {
  if (note !== undefined && options.verbosity >= 3) log.line(escapeText(note), 'debug')
  if (options.verbosity >= 4) {
    for (const file of options.configFiles)
      log.line(`configuration file ${escapeText(file)} was read`, 'debug')
    for (const place of options.passedOver) log.line(`${escapeText(place)}: ignored`, 'debug')
    for (const name of options.ignored)
      log.line(`--${name} means nothing to a clean-up: ignored`, 'debug')
  }
}

const carryOut = (
  sys: Sys,
  options: Arguments,
  log: Log,
  directory: string,
  note: string | undefined,
): ExitName => {
  const { scan, list, network } = options
  if (list !== undefined) return listAll(sys, { ...options, list }, log, directory)
  if (network !== undefined)
    return lookAtNetwork(sys, { ...options, ...network }, log, () => {
      explainOptions(options, log, note)
    })
  if (scan === undefined) return collectGarbage(sys, options, log, note)
  return lookBelow(sys, { ...options, scan }, log, () => {
    explainOptions(options, log, note)
  })
}

const collectGarbage = (
  sys: Sys,
  given: Arguments,
  log: Log,
  note: string | undefined,
): ExitName => {
  const options = withContainer(given)
  const progress = progressOn(sys, log)
  const report = run(sys, {
    ...options,
    command: options.command === 'clean' ? 'clean' : 'show',
    onLocked: () => {
      log.open(sys, options)
      explainOptions(options, log, note)
    },
    onProgress: (done, total) => {
      progress(`${done} of ${total} link remaps`)
    },
  })
  if (options.command === 'links') {
    const links = linksOf(report)
    printLinks(links, options, log, sys.isatty(STDOUT))
    return linksExit(links)
  }
  return orAlarm(exitOf(report), log, () => {
    printReport(report, options, log, sys.isatty(STDOUT))
  })
}

/** Whatever ends the run early: one clear line, no stack trace. */
const explain = (
  error: GcError,
  options: Arguments | undefined,
  argv: readonly string[],
  log: Log | undefined,
): ExitName => {
  try {
    const { command, json } = glance(argv)
    return printError(error, command, options?.json ?? json, log)
  } catch {
    return 'internal'
  }
}

/** Calls without which nothing can be constructed, and what lacks where they are refused. */
const asGcError = (error: unknown, status: string): GcError => {
  if (error instanceof GcError) return error
  if (error instanceof SyscallError) {
    const { code, syscall, message } = error
    if (code === 'ENOSYS')
      return new GcError(
        'unsupported',
        `this kernel lacks ${syscall} (ENOSYS), or something forbids it`,
        {
          next: 'nothing was deleted; Linux 5.12 or newer is needed',
          cause: error,
        },
      )
    if (code === 'EPERM')
      return notPermitted(
        syscall,
        lacking(parseCapabilities(status, 'CapEff'), TO_CONSTRUCT).join(' and '),
        error,
      )
    return new GcError('internal', message, {
      next: 'nothing more was deleted; run the same command again',
      cause: error,
    })
  }
  const code = errorCode(error)
  if (code !== undefined)
    return new GcError('internal', `the host refused: ${(error as Error).message}`, {
      next: 'see what stands in the way, then run the same command again: what was removed is then absent',
      cause: error,
    })
  return new GcError('internal', error instanceof Error ? error.message : String(error), {
    next: 'this is a bug in criu-gc; run "criu-gc show" to see what is left, and report it',
    cause: error,
  })
}

const notPermitted = (syscall: string, missing: string, cause: SyscallError): GcError =>
  missing === ''
    ? new GcError(
        'unsupported',
        `${syscall} is not permitted (EPERM), though no capability is missing`,
        {
          next: 'nothing was deleted; see whether this is the initial user namespace, and which seccomp filter or security module forbids it',
          cause,
        },
      )
    : new GcError('unsupported', `${syscall} is not permitted: ${missing} is missing`, {
        next: `nothing was deleted; run it with ${missing}`,
        cause,
      })
