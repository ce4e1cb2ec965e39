// The whole order of a run: images → checkpoint → plan → namespaces → collect → report.
import type { Checkpoint } from './checkpoint/model.js'
import { collect } from './collect/collect.js'
import { Acts } from './host/acts.js'
import { lockImages, whileIdle } from './host/lock.js'
import { mountpointTest } from './host/mountpoints.js'
import { openNotes, PLACE } from './host/notes.js'
import { openImages } from './images/open.js'
import type { ImageSource } from './images/source.js'
import { undoNetwork } from './network/undo.js'
import { prepare, type PrepareOptions } from './prepare.js'
import { isAnyAsked, NO_REPAIRS } from './residue/repairs.js'
import { undoResidue } from './residue/undo.js'
import { dropPrivileges } from './privilege/drop.js'
import type { Command, Report } from './report/report.js'
import { notedSignal, noteSignals } from './sys/signals.js'
import type { Sys } from './sys/sys.js'

export interface RunOptions extends PrepareOptions {
  readonly command: Command
  readonly keepLastLink: boolean
  /** The command line, for the one that undoes what was only named. */
  readonly words?: readonly string[]
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
  const { imagesDir } = options
  const images = imagesDir === undefined ? undefined : openImages(imagesDir)
  if (images !== undefined) lockImages(sys, images)
  options.onLocked()
  const { checkpoint, living, network, residue, derived, directories, plan, ready } =
    images === undefined
      ? prepare(sys, images, options)
      : whileIdle(sys, images, () => prepare(sys, images, options))
  // Up to here nothing was done, and a signal just ends us.
  noteSignals(sys)
  const interrupted = (): ReturnType<typeof notedSignal> => notedSignal(sys)
  // Programs can be started as long as nothing was given up.
  const how = { remove, isInterrupted: () => interrupted() !== undefined }
  const unlocked = network && {
    rows: undoNetwork(sys, network, how),
    unread: network.unread,
  }
  const undone = {
    // Of most runs there is nothing, and what undoes it is not loaded.
    rows: residue.findings.length === 0 ? [] : undoResidue(sys, residue.findings, how),
    unread: residue.unread,
    isAsked: isAnyAsked(options.repairs ?? NO_REPAIRS),
  }
  const left = {
    ...{ command, living, network: unlocked, residue: undone, derived, directories },
    ...{ only: options.only, words: options.words ?? [] },
  }
  if (ready === undefined)
    return { ...left, checkpoint, mounts: [], remaps: [], others: [], interrupted: interrupted() }

  const { host, window, constructed } = ready
  const hostRoot = host.root()
  const name = nameOf(checkpoint, images, living?.pid)
  const memory = new Acts(remove ? openNotes(name, acts) : undefined, acts)
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
    interrupted,
    hostRoot,
    spans: ready.spans,
    toldSpans: ready.toldSpans,
    deaths: ready.deaths,
    rolledBack: checkpoint.hints.rolledBack || checkpoint.dump === 'failed',
  })
  const { files, found } = ready.ghosts ?? NO_GHOSTS
  const rows = [...undone.rows, ...(files?.remove(found, memory, how) ?? [])]
  return {
    ...left,
    residue: { ...undone, rows, unread: [...undone.unread, ...(files?.unread.found ?? [])] },
    checkpoint,
    mounts: [...constructed.mounts.values()],
    remaps: plan.remaps.map((planned, index) => ({
      planned,
      outcome: collected.outcomes[index] ?? { verdict: 'failed', message: 'not looked at' },
    })),
    others: collected.others,
    interrupted: interrupted(),
  }
}

const NO_GHOSTS = { files: undefined, found: [] } as const

/** Of a file for these images: the name of the run that wrote them, or that of their directory. */
const nameOf = ({ runId }: Checkpoint, images: ImageSource | undefined, pid = 0): string => {
  if (runId !== undefined && /^[\w-]{1,64}$/.test(runId)) return runId
  return images?.inode() ?? `pid-${pid}`
}
