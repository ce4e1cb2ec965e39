// Tasks that are not as their program left them: signals blocked by CRIU, stopped, or ended by what CRIU left in them.
import { kernelText } from '../host/kernel-text.js'
import { statFields } from '../host/processes.js'
import { threadsOf } from '../host/living/tasks.js'
import type { Unread } from '../network/unread.js'
import type { Broken, Facts, MutedThreads } from './facts.js'

/** All but SIGTRAP, SIGKILL and SIGSTOP: while its parasite runs in a thread. Programs that block all leave out no SIGTRAP. */
export const MUTED = 0xfffffffffffbfeefn
/** As /proc has it. */
const BLOCKED = MUTED.toString(16)

export interface TaskStatus {
  readonly isMuted: boolean
  readonly isStopped: boolean
  readonly hasEnded: boolean
}

/** `text` as proc_pid_status(5) has it. */
export const readStatus = (text: string): TaskStatus => ({
  isMuted: /^SigBlk:\t(\w+)$/m.exec(text)?.[1] === BLOCKED,
  isStopped: /^State:\tT /m.test(text),
  hasEnded: /^State:\tZ /m.test(text),
})

const textOf = (pid: number, tid: number, unread: Unread): string | undefined =>
  unread.try(`status of thread ${tid} of process ${pid}`, () =>
    kernelText(`/proc/${pid}/task/${tid}/status`),
  )

/** A thread that ended meanwhile is in no state at all. */
export const statusOf = (pid: number, tid: number, unread: Unread): TaskStatus | undefined => {
  const text = textOf(pid, tid, unread)
  return text === undefined ? undefined : readStatus(text)
}

/** In each pid namespace, the outermost first. */
export const idsIn = (text: string): number[] =>
  (/^NSpid:\t(.+)$/m.exec(text)?.[1]?.split('\t') ?? []).map(Number)

export const idsOf = (pid: number, tid: number, unread: Unread): number[] =>
  idsIn(textOf(pid, tid, unread) ?? '')

export const lookAtTasks = (
  pids: readonly number[],
  unread: Unread,
): Pick<Facts, 'muted' | 'stopped' | 'broken'> => {
  const muted: MutedThreads[] = []
  const stopped: number[] = []
  const broken: Broken[] = []
  for (const pid of pids) {
    const threads = threadsOf(pid).flatMap((tid) => {
      const status = statusOf(pid, tid, unread)
      return status === undefined ? [] : { tid, ...status }
    })
    const tids = threads.filter(({ isMuted }) => isMuted).map(({ tid }) => tid)
    if (tids.length > 0) muted.push({ pid, tids })
    // All threads of a process stop together.
    const first = threads.find(({ tid }) => tid === pid)
    if (first?.isStopped === true) stopped.push(pid)
    const signal = first?.hasEnded === true ? endOf(statFields(pid) ?? []) : undefined
    if (signal !== undefined) broken.push({ pid, signal })
  }
  return { muted, stopped, broken }
}

/** exit_code of proc_pid_stat(5), counted from the field behind the name. */
const EXIT_CODE = 49
/** What a program gets that runs into CRIU's code when nobody traces it any more. */
const SIGNALS: Readonly<Partial<Record<number, Broken['signal']>>> = { 5: 'SIGTRAP', 11: 'SIGSEGV' }

/** Of a process that has ended, and that nobody has waited for yet. */
export const endOf = (fields: readonly string[]): Broken['signal'] | undefined =>
  fields[0] === 'Z' ? SIGNALS[Number(fields[EXIT_CODE]) & 0x7f] : undefined
