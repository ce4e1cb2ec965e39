// One question to all that a task holds: its descriptors and its memory, and those of threads that have tables of their
// own.
import { concat } from '../../bytes.js'
import {
  AT_FDCWD,
  DESCRIPTORS,
  ENOENT,
  EOVERFLOW,
  ESRCH,
  MEMORY,
  O_DIRECTORY,
  O_PATH,
} from '../../sys/constants.js'
import { errnoName } from '../../sys/errno.js'
import type { Sys } from '../../sys/sys.js'
import { unlinkedRecords, type UnlinkedRecord } from '../../sys/unlinked.js'
import { isSameTask, othersOf, taskAt, type Task } from './tasks.js'

/** Whose files they are: a folder of /proc that is held, and its name for people. */
export interface Owner {
  readonly pid: number
  readonly place: number
  readonly name: string
  /** It has descriptors that its process has not. */
  readonly isThread: boolean
}

export interface Question {
  /** Bytes of `records` that were filled, or -errno. */
  readonly ask: (place: number, what: number, records: Buffer) => number
  readonly onFile: (record: UnlinkedRecord, owner: Owner) => void
  /** Files that wait in a socket. */
  readonly onQueue: (record: UnlinkedRecord, owner: Owner) => void
  /** A socket, or memory of CRIU's, where they are asked for. */
  readonly onOther?: (record: UnlinkedRecord, owner: Owner) => void
}

/** In bytes: some 40,000 files of one process. */
const ROOM = 4 * 1024 * 1024

export class TaskFiles {
  /** What could not be read, a phrase each. */
  readonly unread: string[] = []
  private readonly sys: Sys
  private readonly question: Question
  private readonly what: number
  /** Pages that are not written to cost nothing, and a second walk much. */
  private memory = Buffer.allocUnsafeSlow(ROOM)

  /** `what`: DESCRIPTORS, MEMORY, SOCKETS. */
  constructor(sys: Sys, question: Question, what = DESCRIPTORS | MEMORY) {
    this.sys = sys
    this.question = question
    this.what = what
  }

  /** False where it has ended: nothing is known of what it held. */
  add(task: Task): boolean {
    const place = this.sys.tryOpenat(AT_FDCWD, concat(`/proc/${task.pid}`), O_PATH | O_DIRECTORY)
    if (place < 0) return this.ended(place, `process ${task.pid}`)
    try {
      // From here on the folder is that process's, whatever becomes of its number.
      if (!isSameTask(taskAt(task.pid), task)) return false
      this.addThreads(task, place)
      return true
    } finally {
      this.sys.close(place)
    }
  }

  private addThreads(task: Task, place: number): void {
    const { pid, state } = task
    const isDead = state === 'Z'
    if (!isDead) this.addFrom({ pid, place, name: `process ${pid}`, isThread: false }, this.what)
    // A first thread that has ended leaves memory and descriptors to the others.
    let hasMemory = !isDead
    const tables = isDead ? [] : [pid]
    for (const tid of othersOf(task)) {
      if (tables.some((other) => this.sys.tryKcmpFiles(other, tid) === 0)) continue
      tables.push(tid)
      const thread = this.sys.tryOpenat(place, concat(`task/${tid}`), O_PATH | O_DIRECTORY)
      const name = `thread ${tid} of process ${pid}`
      if (thread < 0) this.ended(thread, name)
      else {
        const what = hasMemory ? this.what & ~MEMORY : this.what
        this.addFrom({ pid, place: thread, name, isThread: true }, what)
        hasMemory = true
        this.sys.close(thread)
      }
    }
  }

  private ended(result: number, name: string): false {
    if (result !== ENOENT && result !== ESRCH) this.unread.push(`${name} (${errnoName(-result)})`)
    return false
  }

  private addFrom(owner: Owner, what: number): void {
    const { ask, onFile, onQueue, onOther } = this.question
    let length = ask(owner.place, what, this.memory)
    while (length === EOVERFLOW) {
      this.memory = Buffer.allocUnsafeSlow(this.memory.length * 4)
      length = ask(owner.place, what, this.memory)
    }
    for (const record of unlinkedRecords(this.memory.subarray(0, Math.max(0, length)))) {
      if (record.kind === 'queue') onQueue(record, owner)
      else if (record.kind === 'unread') this.noteUnread(owner.name, record)
      else if (record.kind === 'socket' || record.kind === 'parasite') onOther?.(record, owner)
      else onFile(record, owner)
    }
  }

  private noteUnread(name: string, { path, from: errno }: UnlinkedRecord): void {
    const error = errnoName(errno)
    // It has ended, and with it whatever it held.
    if (error === 'ENOENT' || error === 'ESRCH') return
    this.unread.push(`${path} of ${name} (${error})`)
  }
}

/** "descriptor 5 of process 12" */
export const holderText = (
  { kind, from, to }: Pick<UnlinkedRecord, 'kind' | 'from' | 'to'>,
  name: string,
): string => {
  if (kind === 'descriptor') return `descriptor ${from} of ${name}`
  if (kind === 'executable') return `the program of ${name}`
  return `mapping ${from.toString(16)}-${to.toString(16)} of ${name}`
}
