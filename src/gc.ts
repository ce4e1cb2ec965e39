// The whole order of a run: images → checkpoint → plan → namespaces → collect → report.
import { fromText, type Bytes } from './bytes.js'
import { readFrom } from './checkpoint/checkpoint.js'
import type { Checkpoint } from './checkpoint/model.js'
import { collect } from './collect/collect.js'
import { lookAgain, type Looked } from './collect/looks.js'
import { isLikeVanished, lookForSurvivors } from './collect/survivors.js'
import { Acts } from './host/acts.js'
import { readClocks, toNow, type Clocks } from './host/clock.js'
import { whoTraces } from './host/at-work.js'
import { hostOf, type Host } from './host/host.js'
import { lockImages, refuseAtWork, whileIdle } from './host/lock.js'
import { isOnLink, mountpointTest } from './host/mountpoints.js'
import { otherNamespaces, type AllNamespaces } from './host/namespaces.js'
import { openNotes, PLACE } from './host/notes.js'
import { hostView } from './host/view.js'
import { ImageDirectory } from './images/directory.js'
import { construct, type Constructed } from './namespaces/construct.js'
import { openRoot } from './namespaces/root.js'
import type { Externals } from './plan/external.js'
import type { Plan } from './plan/planned.js'
import { planCollection } from './plan/plan.js'
import { dropPrivileges } from './privilege/drop.js'
import type { Consent } from './proof/doubts.js'
import { beginAndEnd, dumpWindow, type Window } from './proof/window.js'
import type { Command, Report } from './report/report.js'
import { notedSignal, noteSignals } from './sys/signals.js'
import type { Sys } from './sys/sys.js'

export interface RunOptions {
  readonly command: Command
  /** Absolute host paths. */
  readonly imagesDir: string
  readonly workDir: string | undefined
  readonly dumpLog: string | undefined
  readonly restoreLog: string | undefined
  readonly root: string | undefined
  readonly externals: Externals
  readonly gone: ReadonlySet<Bytes>
  readonly mounts: 'remaps' | 'all'
  readonly maxRemaps: number | undefined
  readonly accept: Consent
  readonly keepLastLink: boolean
  /** The images are ours alone from now on. */
  readonly onLocked: () => void
  readonly onProgress: (done: number, total: number) => void
}

/**
 * One run, synchronous from end to end; the calling thread ends in a mount namespace of its own. What it did
 * is remembered in the folder `acts`.
 * @throws GcError for whatever ends a run as a whole, with nothing touched.
 */
export const run = (sys: Sys, options: RunOptions, acts = PLACE): Report => {
  const { command, accept } = options
  const remove = command === 'clean'
  const images = new ImageDirectory(options.imagesDir)
  lockImages(sys, images)
  options.onLocked()
  const { checkpoint, plan, ready } = whileIdle(sys, images, () => prepare(sys, images, options))
  if (ready === undefined)
    return { command, checkpoint, mounts: [], remaps: [], others: [], interrupted: undefined }

  const { host, window, constructed } = ready
  const hostRoot = host.root()
  const name = nameOf(checkpoint, images)
  const memory = new Acts(remove ? openNotes(name, acts) : undefined, acts)
  // Up to here nothing was done, and a signal just ends us.
  noteSignals(sys)
  dropPrivileges(sys)
  const collected = collect(sys, plan, constructed, host, memory, {
    remove,
    accept,
    keepLastLink: options.keepLastLink,
    window,
    isMountpoint: mountpointTest([host, ...ready.others.tables]),
    onProgress: (done) => {
      options.onProgress(done, plan.remaps.length)
    },
    interrupted: () => notedSignal(sys),
    hostRoot,
    deaths: ready.deaths,
    rolledBack: checkpoint.hints.rolledBack || checkpoint.dump === 'failed',
  })
  return {
    command,
    checkpoint,
    mounts: [...constructed.mounts.values()],
    remaps: plan.remaps.map((planned, index) => ({
      planned,
      outcome: collected.outcomes[index] ?? { verdict: 'failed', message: 'not looked at' },
    })),
    others: collected.others,
    interrupted: notedSignal(sys),
  }
}

/** Everything that comes before the first deletion. */
interface Prepared {
  readonly checkpoint: Checkpoint
  readonly plan: Plan
  /** Undefined where there is nothing to do. */
  readonly ready: Ready | undefined
}

interface Ready extends Looked {
  readonly host: Host
  readonly window: Window
  readonly constructed: Constructed
}

const prepare = (sys: Sys, images: ImageDirectory, options: RunOptions): Prepared => {
  const clocks = readClocks()
  const checkpoint = readFrom(images, { ...options, clocks: toNow(clocks) })
  const host = hostOf(sys, hostView(clocks))
  const root =
    options.root === undefined ? undefined : openRoot(sys, fromText(options.root), host.mounts)
  const plan = planCollection(checkpoint, { ...options, root, host })
  if (plan.remaps.length === 0 && plan.namespaces.length === 0)
    return { checkpoint, plan, ready: undefined }

  const window = windowOf(checkpoint, clocks)
  const { to: end } = beginAndEnd(window)
  if (checkpoint.tree === 'host') refuseAtWork(whoTraces(checkpoint.pids, host, end), images.path)
  const { others, deaths } = lookAgain(() => {
    const others = othersOf(sys, plan)
    return { others, deaths: lookForSurvivors(sys, plan, host, others, options.accept, end) }
  })
  const constructed = construct(sys, plan, { host, end })
  return { checkpoint, plan, ready: { host, window, others, deaths, constructed } }
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

/** Of a file for these images: the name of the run that wrote them, or that of their directory. */
const nameOf = ({ runId }: Checkpoint, images: ImageDirectory): string =>
  runId !== undefined && /^[\w-]{1,64}$/.test(runId) ? runId : images.inode()
