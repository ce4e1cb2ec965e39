// The library. `show` and `clean` run the command as a child with a clean environment, because the
// work moves its thread into other mount namespaces; the pure steps are exported as they are.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromText } from './bytes.js'
import { checkCheckpoint, checkDirectories, checkImagesDir, checkOptions } from './calls.js'
import { readCheckpoint as read } from './checkpoint/checkpoint.js'
import type { Checkpoint } from './checkpoint/model.js'
import { EXIT, GcError, type ExitName } from './errors.js'
import type { Doubt } from './proof/doubts.js'
import { readClocks, toNow } from './host/clock.js'
import { hostView, type HostView } from './host/view.js'
import { parseExternals, parseGone } from './plan/external.js'
import type { Plan } from './plan/planned.js'
import { planCollection as planPure } from './plan/plan.js'
import type { JsonDocument } from './report/document.js'
import type { JsonError } from './report/error-schema.js'
import type { JsonList } from './report/list-schema.js'
import type { JsonNetworkScan } from './report/network-schema.js'
import type { JsonScan } from './report/scan-schema.js'
import type { JsonLinks } from './report/links-schema.js'
import type { JsonReport } from './report/schema.js'

export type { Checkpoint, LinkRemap, Mount, MountNamespace } from './checkpoint/model.js'
export type { Plan, PlannedRemap, Provider } from './plan/planned.js'
export type { JsonFoundLink, JsonScan } from './report/scan-schema.js'
export type { JsonLink, JsonLinks } from './report/links-schema.js'
export type { JsonList, JsonListedContainer } from './report/list-schema.js'
export type { JsonNetworkScan } from './report/network-schema.js'
export type { JsonReport } from './report/schema.js'
export { GcError }

export interface Options {
  /** Directory with the images of the dump. */
  readonly imagesDir: string
  /** A process of the container, which lives. */
  readonly pid?: number
  /** With `pid`: when the dump began, as --since takes it. */
  readonly since?: string
  /** With `pid`: images of checkpoints that are wanted. */
  readonly keep?: readonly string[]
  /** Host path of the root task's rootfs. */
  readonly root?: string
  /** In CRIU's syntax, such as `mnt[/data]:/srv/data` or `mnt[]`. */
  readonly external?: readonly string[]
  readonly mounts?: 'remaps' | 'all'
  /** For good: places in the container, or keys, of mounts; "/" for the root. */
  readonly gone?: readonly string[]
  /** Doubts to which the caller consents; see the manual. */
  readonly accept?: readonly Doubt[]
  /** All of them. */
  readonly force?: boolean
  /** What else a dump left that is to be undone, as --repair takes it. */
  readonly repair?: readonly string[]
  readonly dumpLog?: string
  readonly restoreLog?: string
  readonly keepLastLink?: boolean
  /** More link remaps than the usual limit. */
  readonly maxRemaps?: number
}

/** For a living container images need not be there. */
export interface LivingOptions extends Omit<Options, 'imagesDir'> {
  readonly imagesDir?: string
  readonly pid: number
}

/** The same of a container, by what its runtime keeps of it. What is given beside wins. */
export interface ContainerOptions extends Omit<Options, 'imagesDir'> {
  readonly imagesDir?: string
  /** Its bundle, or its id or name. */
  readonly bundle?: string
  readonly container?: string
  /** With `container`: which runtime, and where it keeps its containers. */
  readonly runtime?: string
  readonly runtimeRoot?: string
  /** Of several checkpoints the name of the one. */
  readonly checkpoint?: string
}

export interface ListOptions extends Pick<ContainerOptions, 'runtime' | 'runtimeRoot'> {
  /** Those given up, such as "7d", but for the last ones of each container. */
  readonly olderThan?: string
  readonly keepLast?: number
}

export interface ScanOptions extends Pick<
  Options,
  'keep' | 'accept' | 'keepLastLink' | 'maxRemaps'
> {
  /** Looked below, on one file system each. */
  readonly directories: readonly string[]
  /** Images that may list what is found, whole or not. */
  readonly imagesDirs?: readonly string[]
  /** Since when, and until when, the dump may have made links, as --since takes it. */
  readonly since?: string
  readonly until?: string
  /** Those of that time. */
  readonly remove?: boolean
}

/** Locks of the network in the place of links. */
export interface NetworkScanOptions {
  readonly network: true
  /** Only these network namespaces, by their paths. */
  readonly netns?: readonly string[]
  /** In those of `netns`. */
  readonly remove?: boolean
}

export interface PlanOptions extends Pick<Options, 'root' | 'external' | 'mounts' | 'gone'> {
  /** What is mounted here; read from /proc where not given. */
  readonly host?: HostView
}

type AnyOptions = Options | LivingOptions | ContainerOptions

/** Looks, changes nothing. Needs root. @throws GcError where the run as a whole could not be done. */
export const show = (options: AnyOptions): Promise<JsonReport> =>
  runCommand(() => argumentsOf('show', checked(options))) as Promise<JsonReport>

/** Deletes. Needs root. @throws GcError where the run as a whole could not be done. */
export const clean = (options: AnyOptions): Promise<JsonReport> =>
  runCommand(() => argumentsOf('clean', checked(options))) as Promise<JsonReport>

/** Where on this host the links are. Changes nothing. Needs root. @throws GcError likewise. */
export const links = (options: Options | LivingOptions): Promise<JsonLinks> =>
  runCommand(() => argumentsOf('links', checked(options))) as Promise<JsonLinks>

/** The containers that the runtimes of this host know, and their checkpoints. Needs root. @throws GcError likewise. */
export const list = (options: ListOptions = {}): Promise<JsonList> =>
  runCommand(() => {
    checkOptions(options)
    return listArgumentsOf(options)
  }) as Promise<JsonList>

/** Locks in network namespaces, or links below directories; deletes with `remove`. Needs root. @throws GcError likewise. */
export function scan(options: NetworkScanOptions): Promise<JsonNetworkScan>
export function scan(options: ScanOptions): Promise<JsonScan>
export function scan(options: ScanOptions | NetworkScanOptions): Promise<Document> {
  return runCommand(() => {
    checkOptions(options)
    if (isOfNetwork(options)) return networkArgumentsOf(options)
    checkDirectories(options.directories)
    return scanArgumentsOf(options)
  })
}

/**
 * The dump in a directory. Needs no privilege but to read the images, and changes nothing.
 * @throws GcError bad-images (not CRIU's, unsupported, corrupt, over a limit), usage (no directory).
 */
export const readCheckpoint = (imagesDir: string): Checkpoint => {
  checkImagesDir(imagesDir)
  return read(imagesDir, { clocks: toNow(readClocks()) })
}

/** What would be attached, and how each remap is reached. Pure but for reading /proc by default. */
export const planCollection = (checkpoint: Checkpoint, options: PlanOptions = {}): Plan => {
  checkCheckpoint(checkpoint)
  checkOptions(options)
  return planPure(checkpoint, {
    root: options.root === undefined ? undefined : fromText(path.resolve(options.root)),
    externals: parseExternals(
      (options.external ?? []).map((value) => ({ option: 'external', value })),
    ),
    mounts: options.mounts ?? 'remaps',
    gone: parseGone(options.gone ?? [], options.root !== undefined),
    host: options.host ?? hostView(),
  })
}

const COMMAND = fileURLToPath(new URL('criu-gc.cjs', import.meta.url))

const argumentsOf = (command: string, options: AnyOptions & ContainerOptions): string[] => [
  command,
  '--json',
  '--no-default-config',
  ...(options.imagesDir === undefined ? [] : [`--images-dir=${options.imagesDir}`]),
  ...(options.pid === undefined ? [] : [`--pid=${options.pid}`]),
  ...containerArgumentsOf(options),
  ...(options.since === undefined ? [] : [`--since=${options.since}`]),
  ...(options.keep ?? []).map((value) => `--keep=${value}`),
  ...(options.root === undefined ? [] : [`--root=${options.root}`]),
  ...(options.external ?? []).map((value) => `--external=${value}`),
  ...(options.mounts === undefined ? [] : [`--mounts=${options.mounts}`]),
  ...(options.maxRemaps === undefined ? [] : [`--max-remaps=${options.maxRemaps}`]),
  ...(options.gone ?? []).map((value) => `--gone=${value}`),
  ...(options.accept ?? []).map((value) => `--accept=${value}`),
  ...(options.dumpLog === undefined ? [] : [`--dump-log=${options.dumpLog}`]),
  ...(options.restoreLog === undefined ? [] : [`--restore-log=${options.restoreLog}`]),
  ...(options.repair ?? []).map((value) => `--repair=${value}`),
  ...(options.force === true ? ['--force'] : []),
  ...(options.keepLastLink === true ? ['--keep-last-link'] : []),
]

const containerArgumentsOf = (options: ContainerOptions): string[] => [
  ...(options.bundle === undefined ? [] : [`--bundle=${options.bundle}`]),
  ...(options.container === undefined ? [] : [`--container=${options.container}`]),
  ...(options.runtime === undefined ? [] : [`--runtime=${options.runtime}`]),
  ...(options.runtimeRoot === undefined ? [] : [`--runtime-root=${options.runtimeRoot}`]),
  ...(options.checkpoint === undefined ? [] : [`--checkpoint=${options.checkpoint}`]),
]

const listArgumentsOf = (options: ListOptions): string[] => [
  'list',
  '--json',
  '--no-default-config',
  ...containerArgumentsOf(options),
  ...(options.olderThan === undefined ? [] : [`--older-than=${options.olderThan}`]),
  ...(options.keepLast === undefined ? [] : [`--keep-last=${options.keepLast}`]),
]

const scanArgumentsOf = (options: ScanOptions): string[] => [
  'scan',
  '--json',
  '--no-default-config',
  ...(options.imagesDirs ?? []).map((value) => `--images-dir=${value}`),
  ...(options.keep ?? []).map((value) => `--keep=${value}`),
  ...(options.since === undefined ? [] : [`--since=${options.since}`]),
  ...(options.until === undefined ? [] : [`--until=${options.until}`]),
  ...(options.maxRemaps === undefined ? [] : [`--max-remaps=${options.maxRemaps}`]),
  ...(options.accept ?? []).map((value) => `--accept=${value}`),
  ...(options.remove === true ? ['--remove'] : []),
  ...(options.keepLastLink === true ? ['--keep-last-link'] : []),
  '--',
  ...options.directories,
]

const isOfNetwork = (options: ScanOptions | NetworkScanOptions): options is NetworkScanOptions =>
  (options as Partial<NetworkScanOptions>).network === true

const networkArgumentsOf = ({ netns = [], remove }: NetworkScanOptions): string[] => [
  'scan',
  '--json',
  '--no-default-config',
  '--network',
  ...netns.map((value) => `--netns=${value}`),
  ...(remove === true ? ['--remove'] : []),
]

const checked = (options: AnyOptions & ContainerOptions): AnyOptions & ContainerOptions => {
  checkOptions(options)
  const { imagesDir, pid, bundle, container } = options
  if (imagesDir !== undefined || (pid ?? bundle ?? container) === undefined)
    checkImagesDir(imagesDir)
  return options
}

/** The document of the command. `makeArguments` may find a mistake in the call. */
const runCommand = (makeArguments: () => string[]): Promise<Document> =>
  new Promise((resolve, reject) => {
    const settings = {
      // Nothing of ours reaches a process of root: no NODE_OPTIONS, no LD_PRELOAD.
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      maxBuffer: 1 << 30,
    }
    execFile(process.execPath, [COMMAND, ...makeArguments()], settings, (error, stdout) => {
      try {
        resolve(reportFrom(stdout))
      } catch (cause) {
        reject(
          cause instanceof GcError ? cause : new GcError('internal', message(error), { cause }),
        )
      }
    })
  })

const message = (error: Error | null): string =>
  `criu-gc gave no report: ${error?.message.split('\n')[0] ?? 'its output is not JSON'}`

type Document = Exclude<JsonDocument, JsonError>

const reportFrom = (stdout: string): Document => {
  const document = JSON.parse(stdout) as JsonDocument
  if (!('error' in document)) return document
  const exit = document.exit.name in EXIT ? document.exit.name : ('internal' satisfies ExitName)
  throw new GcError(exit, document.error.message, document.error)
}
