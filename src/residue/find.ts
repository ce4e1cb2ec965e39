// All that a killed dump or restore may have left beside links and locks: in a living container, and on the host.
import type { Host } from '../host/host.js'
import type { Living } from '../host/living/living.js'
import type { Descriptors } from '../network/descriptors.js'
import type { Unread } from '../network/unread.js'
import type { Sys } from '../sys/sys.js'
import type { Facts } from './facts.js'
import { findFrozen } from './freezer.js'
import { findLitter } from './litter.js'
import { lookAtTasks } from './tasks.js'

type OfTree = Pick<Facts, 'frozen' | 'muted' | 'stopped' | 'broken' | 'parasites'>

export const NO_TREE: OfTree = { frozen: [], muted: [], stopped: [], broken: [], parasites: [] }

export const findOfTree = (
  { pids }: Pick<Living, 'pids'>,
  { parasites }: Pick<Descriptors, 'parasites'>,
  unread: Unread,
): OfTree => ({ frozen: findFrozen(pids, unread), ...lookAtTasks(pids, unread), parasites })

/** `folders` are absolute, those in which CRIU worked. */
export const findOnHost = (
  sys: Sys,
  host: Host,
  folders: readonly string[],
  unread: Unread,
): Pick<Facts, 'kerndat' | 'yards'> => findLitter(sys, host, folders, unread)
