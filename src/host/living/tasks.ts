// The tasks of a living container: the descendants of its first process, and all of that one's pid namespace.
import fs from 'node:fs'
import { concat, fromBuffer, type Bytes } from '../../bytes.js'
import { groupBy } from '../../group.js'
import { AT_FDCWD } from '../../sys/constants.js'
import { SyscallError } from '../../sys/syscall-error.js'
import type { Sys } from '../../sys/sys.js'
import { ifSeen, LINKS_OF_ONE_THREAD, processIds, statusLine } from '../processes.js'

/** One process at one moment: its start tells it from the next one with its number. */
export interface Task {
  readonly pid: number
  readonly parent: number
  /** How many it had. */
  readonly threads: number
  /** Ticks since this machine was started. */
  readonly start: number
  /** As in proc_pid_stat(5); Z has no files and no memory any more. */
  readonly state: string
}

/** Undefined for one that is not there. */
export const taskAt = (pid: number): Task | undefined => {
  const line = statusLine(pid)
  return line && { pid, ...line }
}

export const isSameTask = (a: Task | undefined, b: Task | undefined): boolean =>
  a !== undefined && a.pid === b?.pid && a.start === b.start

const pathOf = (pid: number | 'thread-self'): Bytes => concat(`/proc/${pid}/ns/pid`)

/** Undefined for a task that has ended. */
const namespaceOf = (sys: Sys, pid: number): Bytes | undefined =>
  sys.readlinkat(AT_FDCWD, pathOf(pid))

/** Without it the whole machine would seem to be a container. @throws SyscallError */
const ownNamespace = (sys: Sys): Bytes => {
  const buffer = Buffer.allocUnsafe(64)
  const path = pathOf('thread-self')
  const length = sys.tryReadlinkat(AT_FDCWD, path, buffer)
  if (length < 0) throw new SyscallError('readlinkat', length, path)
  return fromBuffer(buffer, 0, length)
}

/** The tree of the process as it is now, that process first; no more than itself where it has no pid namespace of its own. */
export const readTree = (sys: Sys, root: Task): Task[] => {
  const inside = namespaceOf(sys, root.pid)
  // All of our own pid namespace is the machine.
  const isOurs = inside === ownNamespace(sys)
  const all = processIds().flatMap((pid) => taskAt(pid) ?? [])
  const children = groupBy(all, ({ parent }) => parent)
  const found = new Map<number, Task>([[root.pid, root]])
  const pending = [root.pid]
  if (inside !== undefined && !isOurs)
    for (const task of all)
      if (!found.has(task.pid) && namespaceOf(sys, task.pid) === inside) {
        found.set(task.pid, task)
        pending.push(task.pid)
      }
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop())
    for (const child of children.get(pid) ?? [])
      if (!found.has(child.pid)) {
        found.set(child.pid, child)
        pending.push(child.pid)
      }
  return [...found.values()]
}

/** Threads beside the first. */
export const othersOf = ({ pid, threads }: Pick<Task, 'pid' | 'threads'>): number[] =>
  threads === 1 ? [] : threadsOf(pid).filter((tid) => tid !== pid)

/** Its threads; a process that has ended meanwhile has none. Most have but one, which their folder tells by its links. */
export const threadsOf = (pid: number): number[] => {
  const folder = `/proc/${pid}/task`
  const links = ifSeen(() => fs.statSync(folder).nlink)
  if (links === undefined || links === LINKS_OF_ONE_THREAD) return links === undefined ? [] : [pid]
  return (ifSeen(() => fs.readdirSync(folder)) ?? []).map(Number)
}
