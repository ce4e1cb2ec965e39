// Everything that comes before the first deletion: the dump, this host, and a plan that is carried out as far as its
// mounts.
import { fromText } from './bytes.js'
import { readFrom, withoutImages } from './checkpoint/checkpoint.js'
import { Ghosts } from './checkpoint/ghosts.js'
import type { Checkpoint } from './checkpoint/model.js'
import { ghostFilesOn, type FoundGhost, type GhostFiles } from './collect/ghosts.js'
import { usage, type GcError } from './errors.js'
import { lookAgain, type Looked } from './collect/looks.js'
import { isLikeVanished, lookForSurvivors } from './collect/survivors.js'
import { whoTraces } from './host/at-work.js'
import { readClocks, toNow, type Clocks } from './host/clock.js'
import { hostOf, type Host } from './host/host.js'
import { refuseTraced, type Living } from './host/living/living.js'
import { refuseAtWork } from './host/lock.js'
import { isOnLink } from './host/mountpoints.js'
import { otherNamespaces, type AllNamespaces } from './host/namespaces.js'
import { hostView } from './host/view.js'
import type { ImageSource } from './images/source.js'
import { construct, type Constructed } from './namespaces/construct.js'
import { enter } from './namespaces/enter.js'
import { idInName } from './link-name.js'
import { openRoot } from './namespaces/root.js'
import { splitLast } from './paths.js'
import { planCollection } from './plan/plan.js'
import type { Plan, PlanOptions } from './plan/planned.js'
import { prepareLeft, seeksSockets, type LeftOptions, type Residue } from './prepare-left.js'
import { prepareLiving, type LivingOptions } from './prepare-living.js'
import type { Consent } from './proof/doubts.js'
import { derive, processOfDump, type Derived } from './runtimes/derive.js'
import { derivedNetns } from './runtimes/netns.js'
import { archivedContainer } from './runtimes/archive.js'
import type { Container } from './runtimes/container.js'
import { directoriesOf } from './runtimes/directories.js'
import { beginAndEnd, dumpWindow, type Span, type Window } from './proof/window.js'
import { NO_REPAIRS } from './residue/repairs.js'
import { refuseBusy } from './network/busy.js'
import type { NetworkFound } from './network/find.js'
import type { Sys } from './sys/sys.js'
import type { Time } from './time.js'

export interface PrepareOptions
  extends
    Omit<LivingOptions, 'isLogCopied' | 'seeksLinks'>,
    LeftOptions,
    Omit<PlanOptions, 'root' | 'host'> {
  readonly dumpLog: string | undefined
  readonly restoreLog: string | undefined
  readonly root: string | undefined
  readonly maxRemaps: number | undefined
  readonly accept: Consent
  /** A living container: of this process. */
  readonly pid: number | undefined
  /** An option of the caller's, not of a file's, that says where mounts are. */
  readonly typedMounts?: string | undefined
  /** That of the caller's --bundle or --container. */
  readonly container?: Container | undefined
}

export interface Prepared {
  readonly checkpoint: Checkpoint
  readonly living: Living | undefined
  /** Undefined where the dump closed nothing, or nothing is to be opened. */
  readonly network: NetworkFound | undefined
  readonly residue: Residue
  /** Options that the container's runtime told. */
  readonly derived: readonly Derived[]
  /** Of its container, where these images are of two dumps: the later one wrote over what the earlier one had listed. */
  readonly directories: readonly string[]
  readonly plan: Plan
  /** Undefined where there is nothing to do. */
  readonly ready: Ready | undefined
}

export interface Ready extends Looked {
  readonly host: Host
  readonly window: Window
  /** When somebody wrote the images, for links that they do not list. */
  readonly spans: readonly Span[]
  /** When a log was written that names each file which its dump came to. */
  readonly toldSpans: readonly Span[]
  readonly constructed: Constructed
  /** Undefined where the images list none. */
  readonly ghosts: GhostsFound | undefined
}

/** @throws GcError for whatever ends a run as a whole, with nothing touched. */
export const prepare = (
  sys: Sys,
  images: ImageSource | undefined,
  options: PrepareOptions,
): Prepared => {
  const prepared = prepareAll(sys, images, options)
  // As late as can be: from here on links and locks go.
  if (prepared.network !== undefined) refuseBusy(prepared.network)
  if (prepared.living !== undefined) refuseTraced(prepared.living)
  return prepared
}

const prepareAll = (sys: Sys, images: ImageSource | undefined, given: PrepareOptions): Prepared => {
  const asked = given.container?.isInArchives === true ? undefined : given.container
  const options = { ...given, container: asked ?? containerOf(images) }
  const clocks = readClocks()
  const reading = { ...options, clocks: toNow(clocks), isLiving: mayLive(options) }
  const checkpoint = images === undefined ? withoutImages(reading) : readFrom(images, reading)
  const host = hostOf(sys, hostView(clocks))
  const window = windowOf(checkpoint, clocks)
  const { to: end } = beginAndEnd(window)
  const wanted = inScope(checkpoint, options)
  const told = fromContainer(sys, host, checkpoint, options, end, clocks)
  const found =
    told.pid === undefined
      ? undefined
      : prepareLiving(sys, host, livingOptions(options, told.pid), wanted, end, clocks)
  const { living, spans, toldSpans } = found ?? { living: undefined, spans: [], toldSpans: [] }
  const { derived } = told
  const left = {
    ...prepareLeft(sys, host, living, checkpoint, images, { ...options, netns: told.netns }),
    ...{ living, derived, directories: directoriesToScan(sys, host, checkpoint, options) },
  }
  const isPlanned = options.only.has('links') || wanted.ghosts.length > 0
  const plan = isPlanned
    ? (found?.plan ?? planImages(sys, host, wanted, { ...options, ...told }))
    : NO_PLAN
  const isNothing = plan.remaps.length + plan.ghosts.length + plan.namespaces.length === 0
  if (isNothing) return { checkpoint, ...left, plan, ready: undefined }
  if (checkpoint.tree === 'host' && living === undefined)
    refuseAtWork(whoTraces(checkpoint.pids, host, end), checkpoint.directory ?? '')
  const { others, deaths } = lookAgain(() => {
    const others = othersOf(sys, plan)
    return { others, deaths: lookForSurvivors(sys, plan, host, others, options.accept, end) }
  })
  const findGhosts =
    images === undefined || plan.ghosts.length === 0
      ? undefined
      : ghostFinder(sys, plan, host, images, options)
  const constructed =
    living === undefined ? construct(sys, plan, { host, end }) : enter(sys, plan, living.namespaces)
  return {
    checkpoint: withoutHeld(checkpoint, plan),
    ...left,
    plan,
    ready: {
      ...{ host, window, spans, toldSpans, others, deaths, constructed },
      ghosts: findGhosts?.(constructed),
    },
  }
}

/** What of the images is looked for. */
const inScope = (checkpoint: Checkpoint, { only }: Pick<PrepareOptions, 'only'>): Checkpoint => ({
  ...checkpoint,
  remaps: only.has('links') ? checkpoint.remaps : [],
  ghosts: only.has('residue') ? checkpoint.ghosts : [],
})

export interface GhostsFound {
  readonly files: GhostFiles
  readonly found: readonly FoundGhost[]
}

const ghostFinder = (
  sys: Sys,
  plan: Plan,
  host: Host,
  images: ImageSource,
  { repairs = NO_REPAIRS, accept }: PrepareOptions,
): ((constructed: Constructed) => GhostsFound) => {
  const filesOf = ghostFilesOn(sys, host)
  const ghosts = new Ghosts(images)
  return (constructed) => {
    const files = filesOf(constructed)
    return { files, found: files.look(plan.ghosts, ghosts, repairs, accept) }
  }
}

const containerOf = (images: ImageSource | undefined): Container | undefined =>
  images?.what === 'archive' ? archivedContainer(images) : undefined

const livingOptions = (
  options: PrepareOptions,
  pid: number,
): Parameters<typeof prepareLiving>[2] => {
  const { dumpLog, container } = options
  const isLogCopied = dumpLog !== undefined && dumpLog === container?.failedLog
  const { only } = options
  const seeks = { seeksLinks: only.has('links'), seeksSockets: seeksSockets(only) }
  return { ...options, pid, isLogCopied, ...seeks }
}

const mayLive = ({ pid, container }: PrepareOptions): boolean =>
  pid !== undefined || container?.process !== undefined

type FromContainer = Pick<
  PrepareOptions,
  'pid' | 'root' | 'externals' | 'lostRoot' | 'lost' | 'netns'
> & {
  readonly derived: readonly Derived[]
}

/** The caller's options, and what they leave open by the container's runtime. */
const fromContainer = (
  sys: Sys,
  host: Host,
  checkpoint: Checkpoint,
  { container, pid, root, externals, gone, typedMounts, netns, only }: PrepareOptions,
  end: Time,
  clocks: Clocks,
): FromContainer => {
  if (container === undefined || pid !== undefined)
    return { pid, root, externals, netns, derived: [] }
  const process = processOfDump(container, checkpoint, end, clocks)
  if (process !== undefined) {
    if (typedMounts !== undefined) throw livesOn(typedMounts, process.pid)
    const derived = [{ words: ['--pid', String(process.pid)], from: process.from } as const]
    return { pid: process.pid, root, externals, netns, derived }
  }
  const { mapped } = externals
  const found = derive(sys, host, container, checkpoint, { root, mapped, gone })
  const isOpen = netns.length === 0 && only.has('network')
  const place = isOpen ? derivedNetns(container, host.mounts) : undefined
  return {
    pid,
    root: found.root,
    lostRoot: found.lostRoot,
    lost: found.lost,
    externals: { ...externals, mapped: found.mapped },
    netns: place === undefined ? netns : [place.words[1]],
    derived: place === undefined ? found.derived : [...found.derived, place],
  }
}

const directoriesToScan = (
  sys: Sys,
  host: Host,
  { dump }: Checkpoint,
  { container }: PrepareOptions,
): string[] =>
  container !== undefined && dump === 'mixed' ? directoriesOf(sys, host, container) : []

/** As beside --pid; what files say is for dumps and restores too, and is of no use then. */
const livesOn = (option: string, pid: number): GcError =>
  usage(
    `--${option} is of no use: the container runs (process ${pid}), and its mounts are looked at themselves`,
    {
      next: `nothing was touched; leave out --${option}. If it was started again since the dump, leave out --container or --bundle instead, and give --images-dir with --root and --external`,
    },
  )

const NO_PLAN: Plan = { tree: 'host', remaps: [], ghosts: [], namespaces: [] }

/** What the living container shows is not lost any more. */
const withoutHeld = (checkpoint: Checkpoint, { remaps }: Plan): Checkpoint => {
  const held = new Set(
    remaps.flatMap(({ remap }) => (remap.held === undefined ? [] : [remap.link])),
  )
  if (held.size === 0 || checkpoint.unlisted.length === 0) return checkpoint
  const names = new Set([...held].map((link) => idInName(splitLast(link).base)))
  const unlisted = checkpoint.unlisted.filter(({ id, link }) =>
    link === undefined ? !names.has(id) : !held.has(link),
  )
  return { ...checkpoint, unlisted }
}

const planImages = (
  sys: Sys,
  host: Host,
  checkpoint: Checkpoint,
  options: PrepareOptions,
): Plan => {
  const root =
    options.root === undefined ? undefined : openRoot(sys, fromText(options.root), host.mounts)
  return planCollection(checkpoint, { ...options, root, host })
}

/** What other mount namespaces have that may be a link's file system, or in the way of a deletion. */
const othersOf = (sys: Sys, plan: Plan): AllNamespaces => {
  if (plan.remaps.length === 0) return { tables: [], unseen: undefined }
  const isLike = isLikeVanished(plan)
  return otherNamespaces(
    sys,
    isLike === undefined ? isOnLink : (row) => isOnLink(row) || isLike(row),
  )
}

/** When the dump was by this machine's clock, and when restores of it failed. */
const windowOf = ({ times, hints }: Checkpoint, clocks: Clocks): Window =>
  dumpWindow({ ...times, logBegun: hints.dumpLog?.begun }, hints.failedRestores, clocks)
