// A living container as one value: its tasks, its mount namespaces, and the files without a name that it holds. It is
// looked at by descriptors, so that nothing that takes its place or its number later is taken for it.
import { usage, GcError } from '../../errors.js'
import { DESCRIPTORS, MEMORY, SOCKETS } from '../../sys/constants.js'
import type { Sys } from '../../sys/sys.js'
import { plus, type Time } from '../../time.js'
import type { Clocks } from '../clock.js'
import type { Host } from '../host.js'
import { processText, TICKS, tracerOf } from '../processes.js'
import { HeldLinks, type HeldLink } from './held.js'
import { LivingNamespaces, type LivingNamespace } from './namespaces.js'
import { HeldSockets } from './sockets.js'
import { isSameTask, readTree, taskAt, threadsOf, type Task } from './tasks.js'
import { UnlinkedFiles } from './unlinked.js'

export interface Living {
  readonly pid: number
  /** By this machine's clock, to a few hundredths of a second. */
  readonly started: Time
  /** Process ids that were looked at. */
  readonly pids: readonly number[]
  /** That of the first process first. */
  readonly namespaces: readonly LivingNamespace[]
  readonly held: readonly HeldLink[]
  /** Undefined where nobody asked for them. */
  readonly sockets: SocketsOf | undefined
  /** What could not be looked at, a phrase each: links may be left there. */
  readonly unread: readonly string[]
}

export interface SocketsOf extends Pick<HeldSockets, 'found' | 'threads' | 'parasites'> {
  /** What could not be read, a phrase each, where no links were looked for. */
  readonly unread: readonly string[]
}

/** What is looked for in the tree. */
export interface Seeks {
  /** Links of files that it holds. */
  readonly links: boolean
  readonly sockets: boolean
}

/** Rounds in which tasks are looked for that came meanwhile. */
const ROUNDS = 5

const NEXT = 'nothing was touched; give the process id of the container, as its runtime tells it'

/**
 * The tree of process `pid`.
 * @throws GcError usage (no such process, or one of ours), unsupported, refused.
 */
export const readLiving = (
  sys: Sys,
  host: Host,
  { realtime, boottime }: Clocks,
  pid: number,
  seeks: Seeks,
): Living => {
  const root = taskAt(pid)
  if (root === undefined) throw usage(`there is no process ${pid}`, { next: NEXT })
  // A first thread that has ended leaves the process to the others.
  if (root.state === 'Z' && threadsOf(pid).length <= 1)
    throw usage(`process ${pid} has ended`, { next: NEXT })
  const namespaces = new LivingNamespaces(sys, host)
  const what = (seeks.links ? DESCRIPTORS | MEMORY : 0) | (seeks.sockets ? SOCKETS : 0)
  const sockets = new HeldSockets()
  const files = new UnlinkedFiles(sys, what, sockets)
  const seen = new Map<number, Task>()
  for (let round = 0; round < ROUNDS; round++) {
    const more = readTree(sys, root).filter((task) => !isSameTask(seen.get(task.pid), task))
    if (more.length === 0) break
    refuseOurselves(pid, more)
    for (const task of more) seen.set(task.pid, task)
    namespaces.add(more)
    if (what !== 0) for (const task of more) files.add(task)
  }
  mustBeSame(root)
  const pids = [...seen.keys()]
  const links = new HeldLinks(sys)
  if (seeks.links) links.look(namespaces.found, files.found, files.ghosts)
  const unreadFiles = seeks.links ? files.unread : []
  const unread = [...namespaces.unread, ...unreadFiles, ...links.unread]
  if (namespaces.found.length === 0)
    throw new GcError(
      'unsupported',
      `process ${pid} cannot be looked at: ${unread[0] ?? 'it has ended'}`,
      {
        next: 'nothing was touched; this needs root of the host with CAP_SYS_PTRACE and CAP_SYS_ADMIN',
      },
    )
  return {
    pid,
    // Not by the time of the boot, which is said late on purpose.
    started: plus(realtime, root.start / TICKS - boottime),
    pids,
    namespaces: namespaces.found,
    held: links.found,
    sockets: seeks.sockets
      ? {
          ...{ found: sockets.found, threads: sockets.threads, parasites: sockets.parasites },
          unread: seeks.links ? [] : files.unread,
        }
      : undefined,
    unread,
  }
}

const refuseOurselves = (pid: number, tasks: readonly Task[]): void => {
  if (tasks.some((task) => task.pid === process.pid))
    throw usage(`process ${pid} is no container's: this very run is below it`, { next: NEXT })
}

/** What was read may be another's, if the number was given again meanwhile. */
const mustBeSame = (root: Task): void => {
  const now = taskAt(root.pid)
  if (now !== undefined && !isSameTask(now, root))
    throw new GcError(
      'refused',
      `process ${root.pid} ended while it was looked at, and another one has its number now`,
      { next: NEXT },
    )
}

/** To be called right before the first deletion. @throws GcError busy. */
export const refuseTraced = ({ pids }: Pick<Living, 'pids'>): void => {
  for (const pid of pids) {
    const tracer = tracerOf(pid)
    if (tracer > 0)
      throw new GcError(
        'busy',
        `somebody is at work on this container: ${processText(tracer)} traces process ${pid}`,
        { next: 'nothing was touched; try again when that has ended' },
      )
  }
}
