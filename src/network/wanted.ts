// Whether a dump may have closed anything of the network at all: most did not, and then nothing is looked at.
import type { Checkpoint } from '../checkpoint/model.js'

/** `asked`: the caller named a network namespace, or a living tree is in one. */
export const mayHaveLocks = (
  { network: { netns, sockets, method }, preDump }: Pick<Checkpoint, 'network' | 'preDump'>,
  asked: boolean,
): boolean => {
  if (asked || (netns !== 'own' && sockets.length > 0)) return true
  return !preDump && method !== 'skip' && (netns === 'own' || method === 'nftables')
}
