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

/** The first process of a pid namespace. */
export interface First {
  readonly pid: number
  /** Lines of its cgroups. */
  readonly groups: readonly string[]
  /** What the one that started it calls itself, where that is root's and in our own pid namespace. */
  readonly starter: string | undefined
}

/** The one of which that is so. All are looked at once. */
export const firstProcesses = (): ((isIt: (one: First) => boolean) => FirstProcess | undefined) => {
  let all: readonly First[] | undefined
  return (isIt) => {
    all ??= processIds().flatMap(firstAt)
    for (const one of all) {
      const task = isIt(one) ? taskAt(one.pid) : undefined
      if (task !== undefined && task.state !== 'Z')
        return { pid: task.pid, start: task.start, from: `/proc/${one.pid}/cgroup` }
    }
    return undefined
  }
}

const statusOf = (pid: number): string =>
  ifSeen(() => fs.readFileSync(`/proc/${pid}/status`, 'latin1')) ?? ''

const firstAt = (pid: number): First[] => {
  const status = statusOf(pid)
  // Its number in each pid namespace, from ours down.
  if (!/^NSpid:\t\d+\t(?:\d+\t)*1$/m.test(status)) return []
  const starter = Number(/^PPid:\t(\d+)$/m.exec(status)?.[1] ?? 0)
  return [{ pid, groups: groupsOf(pid), starter: starter === 0 ? undefined : titleOf(starter) }]
}

/** A container can name its processes as it likes, also those that are root's. */
const titleOf = (pid: number): string | undefined => {
  const status = statusOf(pid)
  if (!/^NSpid:\t\d+$/m.test(status) || !/^Uid:(?:\t0){4}$/m.test(status)) return undefined
  return ifSeen(() => fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.replace(/\0+$/, '')
}

const groupsOf = (pid: number): string[] =>
  (ifSeen(() => fs.readFileSync(`/proc/${pid}/cgroup`, 'latin1')) ?? '').split('\n')

const isInCgroup = (pid: number, name: string): boolean =>
  groupsOf(pid).some((line) => namesGroup(line, name))

/** "0::/youki/ID", "/system.slice/docker-ID.scope", "/user.slice/:youki:ID": a whole word of a path. */
export const namesGroup = (line: string, name: string): boolean =>
  line
    .slice(line.indexOf('/') + 1)
    .split(/[/:]/)
    .some((part) => part === name || part.replace(/\.scope$/, '').endsWith(`-${name}`))
