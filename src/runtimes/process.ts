// Whether the first process of a container still runs. Numbers of processes are given again: its start, or its cgroup,
// tells it from the next one.
import fs from 'node:fs'
import { taskAt } from '../host/living/tasks.js'
import { ifSeen, processIds } from '../host/processes.js'
import type { FirstProcess } from './container.js'

/** Undefined where it has ended. `start`: in ticks, as the runtime noted it. */
export const startedAt = (
  pid: number | undefined,
  start: number | undefined,
  from: string,
): FirstProcess | undefined => {
  const task = pid === undefined ? undefined : taskAt(pid)
  return task === undefined || task.state === 'Z' || task.start !== start
    ? undefined
    : { pid: task.pid, start: task.start, from }
}

/** The same by a part of the name of its cgroup, where a runtime notes no start. */
export const inCgroup = (
  pid: number | undefined,
  name: string,
  from: string,
): FirstProcess | undefined => {
  const task = pid === undefined ? undefined : taskAt(pid)
  if (task === undefined || task.state === 'Z' || !isInCgroup(task.pid, name)) return undefined
  return { pid: task.pid, start: task.start, from }
}

/** By the name of a cgroup the process in it that is the first one of its pid namespace. All are looked at once. */
export const firstProcesses = (): ((name: string) => FirstProcess | undefined) => {
  let all: number[] | undefined
  return (name) => {
    all ??= processIds().filter((pid) => {
      const status = ifSeen(() => fs.readFileSync(`/proc/${pid}/status`, 'latin1')) ?? ''
      // Its number in each pid namespace, from ours down.
      return /^NSpid:\t\d+\t(?:\d+\t)*1$/m.test(status)
    })
    for (const pid of all) {
      const found = inCgroup(pid, name, `/proc/${pid}/cgroup`)
      if (found !== undefined) return found
    }
    return undefined
  }
}

const isInCgroup = (pid: number, name: string): boolean => {
  const groups = ifSeen(() => fs.readFileSync(`/proc/${pid}/cgroup`, 'latin1')) ?? ''
  return groups.split('\n').some((line) => namesGroup(line, name))
}

/** "0::/youki/ID", "/system.slice/docker-ID.scope", "/user.slice/:youki:ID": a whole word of a path. */
export const namesGroup = (line: string, name: string): boolean =>
  line
    .slice(line.indexOf('/') + 1)
    .split(/[/:]/)
    .some((part) => part === name || part.replace(/\.scope$/, '').endsWith(`-${name}`))
