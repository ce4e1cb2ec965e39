// All that a killed dump or restore may have left beside links: in a living container, and on the host.
import type { Host } from '../host/host.js'
import type { Living } from '../host/living/living.js'
import type { Sys } from '../sys/sys.js'
import { Descriptors } from './descriptors.js'
import type { Facts } from './facts.js'
import { findFrozen } from './freezer.js'
import { findLitter } from './litter.js'
import { findLocks } from './network.js'
import { lookAtTasks } from './tasks.js'
import { Unread } from './unread.js'

/**
 * `folders` are absolute, those in which CRIU worked. Starts programs: only before privileges are dropped.
 * @throws SyscallError where we cannot get back into our own network namespace.
 */
export const findResidue = (
  sys: Sys,
  host: Host,
  { pids }: Pick<Living, 'pids'>,
  folders: readonly string[],
): Facts => {
  const unread = new Unread()
  const descriptors = new Descriptors(sys, unread)
  descriptors.look(pids)
  return {
    locks: findLocks(sys, pids, unread),
    repaired: descriptors.repaired,
    frozen: findFrozen(pids, unread),
    ...lookAtTasks(pids, unread),
    parasites: descriptors.parasites,
    ...findLitter(sys, host, folders, unread),
    unread: unread.found,
  }
}
