// All that a killed dump or restore may have left beside links and locks, in a living container and on the host, and what is
// to be done about it.
import type { Checkpoint } from '../checkpoint/model.js'
import type { Host } from '../host/host.js'
import type { Living } from '../host/living/living.js'
import type { ImageSource } from '../images/source.js'
import type { Unread } from '../network/unread.js'
import type { Sys } from '../sys/sys.js'
import { claimOf, NO_CLAIM } from './claim.js'
import type { Facts } from './facts.js'
import { findFrozen } from './freezer.js'
import { findLitter } from './litter.js'
import { masksOf, type Masks } from './masks.js'
import { planResidue, type Finding } from './plan.js'
import type { Repairs } from './repairs.js'
import { lookAtTasks } from './tasks.js'

export interface Wanted {
  readonly host: Host
  /** Undefined where only the host is looked at. */
  readonly living: Living | undefined
  readonly checkpoint: Checkpoint
  readonly images: ImageSource | undefined
  /** Absolute ones, in which CRIU worked. */
  readonly folders: readonly string[]
  readonly repairs: Repairs
}

const UNKNOWN: Masks = new Map()

export const findResidue = (
  sys: Sys,
  { host, living, checkpoint, images, folders, repairs }: Wanted,
  seen: Pick<Facts, 'parasites' | 'sockets' | 'isLocked'>,
  unread: Unread,
): Finding[] => {
  const pids = living?.pids ?? []
  const frozen = pids.length === 0 ? [] : findFrozen(pids, unread)
  const found = { ...lookAtTasks(pids, unread), ...findLitter(sys, host, folders, unread) }
  const claim = living === undefined ? NO_CLAIM : claimOf(checkpoint, living)
  const isOf = living !== undefined && images !== undefined && found.muted.length > 0
  const masks = isOf ? masksOf(images, living, found.muted, unread) : UNKNOWN
  return planResidue({ ...seen, ...found, masks, frozen }, claim, repairs)
}
