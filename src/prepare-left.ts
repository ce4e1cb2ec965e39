// What a dump left besides links: locks of the network, and residue.
import { fromText } from './bytes.js'
import type { Checkpoint } from './checkpoint/model.js'
import type { Host } from './host/host.js'
import type { Living } from './host/living/living.js'
import type { ImageSource } from './images/source.js'
import { lookAtSockets } from './network/descriptors.js'
import { findNetwork, type NetworkFound } from './network/find.js'
import { Unread } from './network/unread.js'
import { mayHaveLocks } from './network/wanted.js'
import { findResidue } from './residue/find.js'
import type { Finding } from './residue/plan.js'
import { isAnyAsked, NO_REPAIRS, type Repairs } from './residue/repairs.js'
import type { Sys } from './sys/sys.js'

export const SCOPES = ['links', 'network', 'residue'] as const
export type Scope = (typeof SCOPES)[number]

export interface LeftOptions {
  /** Absolute host paths. Undefined where only a living container is looked at. */
  readonly imagesDir: string | undefined
  readonly workDir: string | undefined
  /** What of a dump's leftovers is looked for. */
  readonly only: ReadonlySet<Scope>
  /** What of the residue is to be undone. */
  readonly repairs?: Repairs
  /** Network namespaces in which its locks are. */
  readonly netns: readonly string[]
}

/** What else was left than links. */
export interface Residue {
  readonly findings: readonly Finding[]
  /** What could not be looked at, a phrase each. */
  readonly unread: readonly string[]
}

/** Whether sockets of a living container matter. */
export const seeksSockets = (only: ReadonlySet<Scope>): boolean =>
  only.has('network') || only.has('residue')

interface Left {
  /** Undefined where the dump closed nothing, or nothing is to be opened. */
  readonly network: NetworkFound | undefined
  readonly residue: Residue
}

export const prepareLeft = (
  sys: Sys,
  host: Host,
  living: Living | undefined,
  checkpoint: Checkpoint,
  images: ImageSource | undefined,
  options: LeftOptions,
): Left => {
  const { only, netns, repairs = NO_REPAIRS } = options
  const unread = new Unread()
  const descriptors = living?.sockets && lookAtSockets(sys, living.sockets, unread)
  const pids = living?.pids ?? []
  const look = (): NetworkFound =>
    findNetwork(sys, checkpoint, {
      netns: netns.map(fromText),
      ...{ pids, descriptors, unread, mounts: host.mounts },
    })
  const mayBeClosed = mayHaveLocks(checkpoint, netns.length > 0 || pids.length > 0)
  const network = only.has('network') && mayBeClosed ? look() : undefined
  // Most runs want their links removed, and nothing else.
  const isWanted = living !== undefined || isResidueAsked(options)
  if (!isWanted || !only.has('residue')) return { network, residue: { findings: [], unread: [] } }
  const more = new Unread()
  const sockets = network === undefined ? (descriptors?.repaired ?? []) : []
  const isLocked = sockets.length > 0 && repairs.kinds.has('sockets') && isAnyLeft(look())
  const findings = findResidue(
    sys,
    { host, living, checkpoint, images, folders: foldersOf(images, options), repairs },
    { parasites: descriptors?.parasites ?? [], sockets, isLocked },
    more,
  )
  if (network === undefined) more.found.push(...unread.found)
  return { network, residue: { findings, unread: more.found } }
}

/** In so many words: without a living container only the host has some. */
const isResidueAsked = ({ only, repairs = NO_REPAIRS }: LeftOptions): boolean =>
  isAnyAsked(repairs) || (only.has('residue') && !only.has('links'))

const isAnyLeft = ({ planned }: NetworkFound): boolean =>
  planned.some(({ verdict }) => verdict === 'go')

/** In which CRIU worked. */
const foldersOf = (
  images: ImageSource | undefined,
  { imagesDir, workDir }: LeftOptions,
): string[] => {
  const isArchive = images?.what === 'archive'
  return [workDir, imagesDir]
    .filter((folder) => folder !== undefined)
    .filter((folder) => !isArchive || folder !== imagesDir)
}
