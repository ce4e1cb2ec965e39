// Starts the tree of processes that is dumped, and ends it: these processes and no others.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import type { Instruction } from './holder.js'
import { send } from './signal.js'

interface Task {
  pid: number
  started: string
}

export interface Tree {
  pid: number
  /** the root first */
  pids: number[]
  alive: () => boolean
  isAlive: (pid: number) => boolean
  /** kills what is left of it and waits for its root */
  stop: () => Promise<void>
}

/** undefined when there is no such process; the start time tells a pid from its next user */
function task(pid: number): Task | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // a first thread that has ended leaves the process to the others
    if (fields[0] === 'Z' && readdirSync(`/proc/${pid}/task`).length <= 1) return undefined
    return { pid, started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

function family(pid: number): Task[] {
  const self = task(pid)
  if (!self) return []
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
  return [self, ...(children ? children.split(' ') : []).flatMap((child) => family(Number(child)))]
}

/** a task that only launched the first one of a pid namespace is not of the tree */
function rootOf(tasks: Task[]): number | undefined {
  const [first, second] = tasks.map(({ pid }) => pid)
  if (first === undefined) return undefined
  const own = readlinkSync(`/proc/${first}/ns/pid`)
  return readlinkSync(`/proc/${first}/ns/pid_for_children`) === own ? first : second
}

const isSame = (was: Task): boolean => task(was.pid)?.started === was.started

/** resolves when all of its processes have done what they were told and wait */
export async function startTree(program: string, instructions: Instruction[]): Promise<Tree> {
  const child = spawn(program, instructions.flat(), {
    cwd: '/',
    // tap asks children of Node for coverage through the environment: no business of this one
    env: {},
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  const exited = once(child, 'exit')
  const trouble = await text(child.stdio[3] as Readable)
  const tasks = family(child.pid ?? -1)
  const stop = async (): Promise<void> => {
    for (const one of tasks) if (isSame(one)) send(one.pid, 'SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await exited
  }
  const root = trouble ? undefined : rootOf(tasks)
  if (root === undefined) {
    await stop()
    throw new Error(trouble || `${program} ended before it was ready`)
  }
  return {
    pid: root,
    pids: tasks.map((one) => one.pid),
    alive: () => tasks.some(isSame),
    isAlive: (pid) => tasks.some((one) => one.pid === pid && isSame(one)),
    stop,
  }
}
