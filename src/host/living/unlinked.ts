// Files that a tree holds though they have lost their name: open, mapped, executed, or waiting in a socket.
import { concat, slice, type Bytes } from '../../bytes.js'
import {
  AT_FDCWD,
  DESCRIPTORS,
  ENOENT,
  EOVERFLOW,
  ESRCH,
  MEMORY,
  O_DIRECTORY,
  O_PATH,
  S_IFDIR,
  S_IFMT,
} from '../../sys/constants.js'
import { errnoName } from '../../sys/errno.js'
import type { Sys } from '../../sys/sys.js'
import { unlinkedRecords, type UnlinkedRecord } from '../../sys/unlinked.js'
import { queuedFiles } from './queue.js'
import { isSameTask, taskAt, threadsOf, type Task } from './tasks.js'

export interface UnlinkedFile {
  /** Of the mount that it was opened by, as mount tables have it. */
  readonly mntId: number
  readonly inode: Inode
  /** st_mode. */
  readonly mode: number
  /** What it was called, from the root of its mount namespace. */
  readonly path: Bytes
  /** The same as the kernel shows it: one that is not unlinked may have such a name. */
  readonly shown: Bytes
  /** "descriptor 5 of process 12" */
  readonly holder: () => string
}

export interface Inode {
  readonly inoHigh: number
  readonly inoLow: number
  readonly major: number
  readonly minor: number
}

export const inodeKey = ({ major, minor, inoHigh, inoLow }: Inode): string =>
  `${major}:${minor} ${inoHigh}:${inoLow}`

/** The kernel's mark behind a name that is no more. */
export const withoutMark = (path: Bytes): Bytes =>
  path.endsWith(MARK) ? slice(path, 0, -MARK.length) : path
const MARK = ' (deleted)'

/** In bytes: some 40,000 files of one process. */
const ROOM = 4 * 1024 * 1024

export class UnlinkedFiles {
  /** Those that have another name still: what has none is no link's file. One that many hold is there for each. */
  readonly found: UnlinkedFile[] = []
  private readonly sys: Sys
  /** What could not be read, a phrase each. */
  readonly unread: string[] = []
  /** Pages that are not written to cost nothing, and a second walk much. */
  private memory = Buffer.allocUnsafeSlow(ROOM)

  constructor(sys: Sys) {
    this.sys = sys
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

  private addThreads({ pid, state }: Task, place: number): void {
    const isDead = state === 'Z'
    if (!isDead) this.addFrom(place, DESCRIPTORS | MEMORY, pid, `process ${pid}`)
    const others = threadsOf(pid).filter((tid) => tid !== pid)
    // A first thread that has ended leaves memory and descriptors to the others.
    let hasMemory = !isDead
    const tables = isDead ? [] : [pid]
    for (const tid of others) {
      if (tables.some((other) => this.sys.tryKcmpFiles(other, tid) === 0)) continue
      tables.push(tid)
      const thread = this.sys.tryOpenat(place, concat(`task/${tid}`), O_PATH | O_DIRECTORY)
      const name = `thread ${tid} of process ${pid}`
      if (thread < 0) this.ended(thread, name)
      else {
        this.addFrom(thread, hasMemory ? DESCRIPTORS : DESCRIPTORS | MEMORY, pid, name)
        hasMemory = true
        this.sys.close(thread)
      }
    }
  }

  private ended(result: number, name: string): false {
    if (result !== ENOENT && result !== ESRCH) this.unread.push(`${name} (${errnoName(-result)})`)
    return false
  }

  private addFrom(place: number, what: number, pid: number, name: string): void {
    let length = this.sys.tryUnlinkedFiles(place, what, this.memory)
    while (length === EOVERFLOW) {
      this.memory = Buffer.allocUnsafeSlow(this.memory.length * 4)
      length = this.sys.tryUnlinkedFiles(place, what, this.memory)
    }
    for (const record of unlinkedRecords(this.memory.subarray(0, Math.max(0, length)))) {
      if (record.kind === 'queue') this.addQueue(pid, name, record)
      else if (record.kind === 'unread') this.noteUnread(name, record)
      else this.keep(record, () => textOf(record, name))
    }
  }

  private noteUnread(name: string, { path, from: errno }: UnlinkedRecord): void {
    const error = errnoName(errno)
    // It has ended, and with it whatever it held.
    if (error === 'ENOENT' || error === 'ESRCH') return
    this.unread.push(`${path} of ${name} (${error})`)
  }

  private addQueue(pid: number, name: string, { from: fd, to: count }: UnlinkedRecord): void {
    const holder = `a message in socket ${fd} of ${name}`
    const { files, missing } = queuedFiles(this.sys, pid, fd, count)
    for (const file of files) this.keep(file, () => holder)
    if (missing !== undefined) this.unread.push(`${holder} (${missing})`)
  }

  private keep(
    record: Pick<UnlinkedRecord, 'mntId' | 'nlink' | 'mode' | 'path' | keyof Inode>,
    holder: () => string,
  ): void {
    const { mntId, nlink, mode, path } = record
    if (nlink === 0 || (mode & S_IFMT) === S_IFDIR) return
    this.found.push({ mntId, inode: record, mode, path: withoutMark(path), shown: path, holder })
  }
}

const textOf = ({ kind, from, to }: UnlinkedRecord, name: string): string => {
  if (kind === 'descriptor') return `descriptor ${from} of ${name}`
  if (kind === 'executable') return `the program of ${name}`
  return `mapping ${from.toString(16)}-${to.toString(16)} of ${name}`
}
