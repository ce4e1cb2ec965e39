// Lets signals through again to threads of which CRIU blocked all. They are traced for that, and not killed with us: when
// a run ends in the middle, however it does, the kernel lets all of them go on.
import {
  ESRCH,
  PTRACE_DETACH,
  PTRACE_GETSIGMASK,
  PTRACE_INTERRUPT,
  PTRACE_SEIZE,
  PTRACE_SETSIGMASK,
} from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Sys } from '../sys/sys.js'
import { sleep } from '../sleep.js'
import type { Masks } from './masks.js'
import { MUTED } from './tasks.js'

const SIZE = 8

/** In ms: a thread that the kernel does not stop in so long is in a call that cannot be interrupted. */
const PATIENCE = 2000

interface Stopped {
  readonly tid: number
  /** That it was about to get. */
  readonly signal: number
}

/**
 * An empty text, or why one of them still blocks its signals. All are stopped before the first one goes on: what waited may
 * end the process.
 */
export const unblock = (
  sys: Sys,
  tids: readonly number[],
  masks: Masks,
  patience = PATIENCE,
): string => {
  const stopped: Stopped[] = []
  const problems: string[] = []
  for (const tid of tids) {
    const result = stop(sys, tid, patience)
    if (typeof result === 'object') stopped.push(result)
    else if (result !== '') problems.push(`thread ${tid}: ${result}`)
  }
  for (const { tid } of stopped) problems.push(change(sys, tid, masks.get(tid) ?? 0n))
  for (const { tid, signal } of stopped) sys.tryPtrace(PTRACE_DETACH, tid, signal)
  return problems.find((problem) => problem !== '') ?? ''
}

/** An empty text where it has ended. */
const stop = (sys: Sys, tid: number, patience: number): Stopped | string => {
  const seized = sys.tryPtrace(PTRACE_SEIZE, tid)
  const result = seized < 0 ? seized : sys.tryPtrace(PTRACE_INTERRUPT, tid)
  if (result === ESRCH) return ''
  if (result < 0) return errnoName(-result)
  for (let waited = 0; waited < patience; waited++) {
    const status = sys.tryWaitpid(tid)
    if (status < 0) return errnoName(-status)
    if (status > 0) return stopOf(tid, status)
    sleep(1)
  }
  return 'it cannot be stopped'
}

/** Of a status as wait(2) has it: a stop of ours has an event above its low half, and others have a signal. */
export const stopOf = (tid: number, status: number): Stopped | string => {
  const isStopped = (status & 0xff) === 0x7f
  if (!isStopped) return ''
  return { tid, signal: status >> 16 === 0 ? (status >> 8) & 0xff : 0 }
}

const change = (sys: Sys, tid: number, before: bigint): string => {
  const bytes = new Uint8Array(SIZE)
  const mask = new DataView(bytes.buffer)
  const read = sys.tryPtraceSigmask(PTRACE_GETSIGMASK, tid, bytes)
  // Ended, or by now blocks others.
  if (read === ESRCH || (read >= 0 && mask.getBigUint64(0, true) !== MUTED)) return ''
  mask.setBigUint64(0, before, true)
  const result = read < 0 ? read : sys.tryPtraceSigmask(PTRACE_SETSIGMASK, tid, bytes)
  return result < 0 && result !== ESRCH ? `thread ${tid}: ${errnoName(-result)}` : ''
}
