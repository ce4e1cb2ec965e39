// The real CRIU: finding it, dumping with link remaps, restoring.
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, type Result } from './command.js'
import { compile } from './compile.js'
import { inRepo } from './repo.js'

/** CRIU=/path/to/criu, or what `npm run criu` unpacked */
export const criu = process.env.CRIU ?? inRepo('.criu', 'criu')

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** why tests with a real CRIU cannot run here; undefined when they can */
export function skipReason(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  if (!executable(criu)) return 'needs CRIU: run npm run criu'
  return undefined
}

/**
 * where a dump is killed: after its N-th link or child, before or after it writes an image, after it has made a file, or
 * after the N-th such request of ptrace(2) about a process
 */
export type KillAt =
  | { link: number }
  | { fork: number }
  | { before: string }
  | { after: string }
  | { made: string }
  | { request: number; pid: number; nth: number }

export interface DumpOptions {
  pid: number
  images: string
  /** --external, in the sense of dump: mnt[MOUNTPOINT]:KEY */
  external?: readonly string[]
  /** anything else, such as --leave-running */
  extra?: readonly string[]
  killAt?: KillAt
}

export interface RestoreOptions {
  images: string
  root?: string
  /** --external, in the sense of restore: mnt[KEY]:PATH */
  external?: readonly string[]
  extra?: readonly string[]
}

const repeated = (option: string, values: readonly string[] = []): string[] =>
  values.flatMap((value) => [option, value])

/** CRIU with test/criu/killer.c in it */
export function killing(at: KillAt): Record<string, string> {
  const LD_PRELOAD = compile('killer.c', '-shared', '-fPIC')
  if ('link' in at) return { LD_PRELOAD, CRIU_KILL_LINKAT: String(at.link) }
  if ('fork' in at) return { LD_PRELOAD, CRIU_KILL_FORK: String(at.fork) }
  if ('before' in at) return { LD_PRELOAD, CRIU_KILL_OPEN: at.before }
  if ('made' in at) return { LD_PRELOAD, CRIU_KILL_MADE: at.made }
  if ('request' in at) return { LD_PRELOAD, CRIU_KILL_PTRACE: `${at.request}:${at.pid}:${at.nth}` }
  return { LD_PRELOAD, CRIU_KILL_CLOSE: at.after }
}

/** the log is dump.log among the images */
export const dumpArguments = ({ pid, images, external, extra = [] }: DumpOptions): string[] => [
  ...['dump', '--tree', String(pid), '--images-dir', images],
  ...['--link-remap', '-v4', '--log-file', 'dump.log'],
  ...repeated('--external', external),
  ...extra,
]

/** does not throw when the dump fails */
export function tryDump(options: DumpOptions): Result {
  mkdirSync(options.images, { recursive: true })
  return attempt(criu, dumpArguments(options), options.killAt && killing(options.killAt))
}

/** throws unless the dump ends as it was told to: well, or killed */
export function dump(options: DumpOptions): void {
  const done = tryDump(options)
  const wanted = options.killAt ? -1 : 0
  if (done.code === wanted) return
  throw new Error(`dump: exit ${done.code}\n${errors(options, 'dump.log')}`)
}

/** the log is restore.log among the images */
export const restoreArguments = ({
  images,
  root,
  external,
  extra = [],
}: RestoreOptions): string[] => [
  ...['restore', '--images-dir', images, '--restore-detached'],
  ...['-v4', '--log-file', 'restore.log'],
  ...(root === undefined ? [] : ['--root', root]),
  ...repeated('--external', external),
  ...extra,
]

/** the tree lives on, detached; its pids are those it was dumped with */
export const tryRestore = (options: RestoreOptions): Result =>
  attempt(criu, restoreArguments(options))

export function restore(options: RestoreOptions): void {
  const done = tryRestore(options)
  if (done.code !== 0) {
    throw new Error(`restore: exit ${done.code}\n${errors(options, 'restore.log')}`)
  }
}

/** what CRIU itself calls an error in its log */
export function errors(options: { images: string }, log: string): string {
  const lines = readFileSync(join(options.images, log), 'latin1').split('\n')
  return lines.filter((line) => /\b(Error|Warn) /.test(line)).join('\n')
}
