// What a CRIU that was killed leaves running: a child of it, which may wait for it for ever and holds what it held. It
// was forked and has executed nothing since, has its parent's words as its own, and belongs to nobody that is CRIU.
import { isCriu, processIds, statFields, tracerOf } from './processes.js'

/** Fields of proc_pid_stat(5), counted from the one behind the name. */
const PARENT = 1
const SESSION = 3
const FLAGS = 6
/** PF_FORKNOEXEC: whoever was started as CRIU has executed it. */
const FORKED = 0x40

/** Its CRIU is dead, as long as no other CRIU holds the same: that of a restore may have given its child away. */
export const isOrphan = (pid: number): boolean => {
  if (!isCriu(pid)) return false
  const fields = statFields(pid) ?? []
  const [parent, session, flags] = [PARENT, SESSION, FLAGS].map((at) => Number(fields[at]))
  if (parent === undefined || session === undefined || flags === undefined) return false
  if ((flags & FORKED) === 0) return false
  // A daemon of CRIU's leads a session: a page server, one for lazy pages.
  if (session === pid) return false
  // 0: it is in a pid namespace above ours, where nobody is seen.
  if (parent === 0 || isCriu(parent)) return false
  // Somebody is at work on it, or it is at work on others.
  return tracerOf(pid) === 0 && !processIds().some((other) => tracerOf(other) === pid)
}
