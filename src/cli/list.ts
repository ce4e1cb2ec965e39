// `list`, and show and clean with --all, from their arguments to the exit code. Each checkpoint that is given up gets a
// run of its own, as a child: a run ends in mount namespaces of its own, without privileges.
import path from 'node:path'
import { GcError, type ExitName } from '../errors.js'
import { prepareList, type ListedCheckpoint } from '../prepare-list.js'
import { errorToJson } from '../report/json.js'
import { listExit, wordsFor, type ListReport, type RunDocument } from '../report/list.js'
import { notedSignal, noteSignals } from '../sys/signals.js'
import type { Sys } from '../sys/sys.js'
import type { Arguments } from './arguments.js'
import type { ListArguments } from './list-arguments.js'
import { STDOUT, type Log } from './output.js'
import { printList, printListed, printRun } from './print-list.js'

/** `directory`: where the command is. */
export const listAll = (
  sys: Sys,
  options: Arguments & { readonly list: ListArguments },
  log: Log,
  directory: string,
): ExitName => {
  log.open(sys, options)
  const list = prepareList(sys, options.list)
  const { command } = options
  const terminal = sys.isatty(STDOUT)
  if (command !== 'show' && command !== 'clean') {
    const report: ListReport = { ...list, command: 'list', runs: new Map(), interrupted: undefined }
    printList(report, options, log, terminal)
    return listExit(report)
  }
  const runs = new Map<ListedCheckpoint, RunDocument>()
  const selected = list.containers.flatMap((listed) =>
    listed.checkpoints.filter(({ isSelected }) => isSelected).map((one) => ({ listed, one })),
  )
  const reportNow = (): ListReport => ({
    ...list,
    command,
    runs,
    interrupted: notedSignal(sys),
  })
  // What will be done comes before it is.
  printListed(reportNow(), options, log, terminal)
  noteSignals(sys)
  for (const { listed, one } of selected) {
    if (notedSignal(sys) !== undefined) break
    const words = wordsFor(command, listed, one)
    const document = runOne(words, options, directory)
    runs.set(one, document)
    printRun(words, document, options, log)
  }
  const report = reportNow()
  printList(report, options, log, terminal)
  return listExit(report)
}

/** Its document, and nothing else of it. */
const runOne = (
  words: readonly string[],
  { accept, keepLastLink, maxRemaps, mounts }: Arguments,
  directory: string,
): RunDocument => {
  const more = [
    ...[...accept].map((doubt) => `--accept=${doubt}`),
    ...(keepLastLink ? ['--keep-last-link'] : []),
    ...(maxRemaps === undefined ? [] : [`--max-remaps=${maxRemaps}`]),
    `--mounts=${mounts}`,
  ]
  // Not imported: whatever else comes with a list would pay for it.
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const { stdout, error } = spawnSync(
    process.execPath,
    [path.join(directory, 'criu-gc.cjs'), '--json', '--no-default-config', ...more, ...words],
    // Nothing of ours reaches a process of root: no NODE_OPTIONS, no LD_PRELOAD.
    {
      encoding: 'utf8',
      maxBuffer: 1 << 29,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  try {
    return JSON.parse(stdout) as RunDocument
  } catch {
    const failure = new GcError('internal', error?.message ?? 'it gave no report')
    return errorToJson(failure, words[0] === 'clean' ? 'clean' : 'show')
  }
}
