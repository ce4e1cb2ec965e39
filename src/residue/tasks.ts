// Tasks that are not as their program left them: signals blocked by CRIU, or stopped.
import fs from 'node:fs'
import { threadsOf } from '../host/living/tasks.js'
import type { Unread } from '../network/unread.js'

/** All but SIGTRAP, SIGKILL and SIGSTOP: while its parasite runs in a thread. Programs that block all leave out no SIGTRAP. */
const MUTED = 'fffffffffffbfeef'

export interface TaskStatus {
  readonly isMuted: boolean
  readonly isStopped: boolean
}

/** `text` as proc_pid_status(5) has it. */
export const readStatus = (text: string): TaskStatus => ({
  isMuted: /^SigBlk:\t(\w+)$/m.exec(text)?.[1] === MUTED,
  isStopped: /^State:\tT /m.test(text),
})

export const lookAtTasks = (
  pids: readonly number[],
  unread: Unread,
): { readonly muted: number[]; readonly stopped: number[] } => {
  const muted: number[] = []
  const stopped: number[] = []
  for (const pid of pids)
    for (const tid of threadsOf(pid)) {
      const text = unread.try(`status of thread ${tid} of process ${pid}`, () =>
        fs.readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1'),
      )
      if (text === undefined) continue
      const { isMuted, isStopped } = readStatus(text)
      if (isMuted) muted.push(tid)
      // All threads of a process stop together.
      if (isStopped && tid === pid) stopped.push(pid)
    }
  return { muted, stopped }
}
