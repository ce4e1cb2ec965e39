// Undoes what was asked for, each by one call of the kernel's, so that a run that is killed at any moment leaves nothing
// half undone. Each thing is looked at again right before.
import fs from 'node:fs'
import { fromText, toBuffer } from '../bytes.js'
import { errorCode } from '../errors.js'
import { isOrphan } from '../host/orphans.js'
import { isCriu, processIds } from '../host/processes.js'
import { INTERRUPTED, undoSocket, type NetworkVerdict, type UndoOptions } from '../network/undo.js'
import { Unread } from '../network/unread.js'
import { splitLast } from '../paths.js'
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, ENOENT, O_DIRECTORY, O_PATH } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Sys } from '../sys/sys.js'
import type { FrozenCgroup } from './facts.js'
import { changesFile, isFrozen, THAWED } from './freezer.js'
import { isCriuThere, isLitter } from './litter.js'
import type { Act, Finding } from './plan.js'
import { statusOf } from './tasks.js'
import { unblock } from './unblock.js'

/** One thing, and what became of it. */
export interface ResidueRow extends Pick<Finding, 'kind' | 'what' | 'where' | 'repair' | 'undo'> {
  readonly verdict: NetworkVerdict
  readonly reason?: NonNullable<Finding['reason']> | 'busy' | 'held' | 'unseen' | 'interrupted'
  readonly message?: string
  /** The deletion did not hit the inode that was verified. */
  readonly alarm?: true
}

/** Needs privileges that are dropped later. */
export const undoResidue = (
  sys: Sys,
  findings: readonly Finding[],
  options: UndoOptions,
): ResidueRow[] => findings.map((finding) => undoOne(sys, finding, options))

const undoOne = (sys: Sys, { act, ...found }: Finding, options: UndoOptions): ResidueRow => {
  if (act === undefined) return { ...found, verdict: 'kept' }
  if (act.kind === 'socket') {
    const { verdict, message } = undoSocket(sys, act.socket, false, options)
    const why = message === undefined ? {} : { message }
    return verdict === 'kept'
      ? { ...found, verdict, reason: 'interrupted', ...why }
      : { ...found, verdict, ...why }
  }
  // One that began meanwhile may have frozen it, or may be about to fill it.
  if (BUSY[act.kind]?.() === true)
    return {
      ...{ ...found, verdict: 'kept', reason: 'busy' },
      message: 'a CRIU runs now: try again when it has ended',
    }
  if (!options.remove) return { ...found, verdict: 'would-remove' }
  if (options.isInterrupted()) return { ...found, verdict: 'kept', ...INTERRUPTED }
  const problem = DO[act.kind](sys, act as never)
  return problem === ''
    ? { ...found, verdict: 'removed' }
    : { ...found, verdict: 'failed', message: problem }
}

/** What a killed CRIU left running freezes nothing any more. */
const isCriuAtWork = (): boolean => processIds().some((pid) => isCriu(pid) && !isOrphan(pid))

const BUSY: Readonly<Partial<Record<Act['kind'], () => boolean>>> = {
  thaw: isCriuAtWork,
  unlink: isCriuThere,
  rmdir: isCriuThere,
}

type Of<K extends Act['kind']> = Extract<Act, { kind: K }>

const thaw = (cgroup: FrozenCgroup): string => {
  const file = toBuffer(changesFile(cgroup))
  try {
    const fd = fs.openSync(file, fs.constants.O_WRONLY | fs.constants.O_NOFOLLOW)
    try {
      fs.writeSync(fd, THAWED[cgroup.version])
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    const code = errorCode(error)
    if (code === undefined) throw error
    // A cgroup that is gone is not frozen.
    return code === 'ENOENT' || code === 'ENODEV' ? '' : code
  }
  return isFrozen(cgroup, new Unread()) ? 'it still is frozen' : ''
}

const letThrough = (sys: Sys, { threads, masks }: Of<'unblock'>): string => {
  const problems = threads.map(({ pid, tids }) => {
    const still = tids.filter((tid) => statusOf(pid, tid, new Unread())?.isMuted)
    return unblock(sys, still, masks)
  })
  return problems.find((problem) => problem !== '') ?? ''
}

/** By a descriptor of its folder: what is put in the place of that afterwards is not looked at. */
const removePlace = (sys: Sys, kind: 'unlink' | 'rmdir', place: string): string => {
  const { dir, base } = splitLast(fromText(place))
  const folder = sys.tryOpenat(AT_FDCWD, dir, O_PATH | O_DIRECTORY)
  if (folder < 0) return folder === ENOENT ? '' : errnoName(-folder)
  try {
    if (sys.tryStat(folder, base, AT_SYMLINK_NOFOLLOW) === ENOENT) return ''
    if (!isLitter(kind, place)) return 'it is not as it was when it was found'
    const result = kind === 'unlink' ? sys.tryUnlinkat(folder, base) : sys.tryRmdirat(folder, base)
    return result < 0 && result !== ENOENT ? errnoName(-result) : ''
  } finally {
    sys.close(folder)
  }
}

const DO: {
  readonly [K in Exclude<Act['kind'], 'socket'>]: (sys: Sys, act: Of<K>) => string
} = {
  thaw: (_, { cgroup }) => thaw(cgroup),
  unblock: letThrough,
  unlink: (sys, { place }) => removePlace(sys, 'unlink', place),
  rmdir: (sys, { place }) => removePlace(sys, 'rmdir', place),
}
