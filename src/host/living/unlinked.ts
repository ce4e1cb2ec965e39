// Files that a tree holds though they have lost their name: open, mapped, executed, or waiting in a socket.
import { slice, type Bytes } from '../../bytes.js'
import { S_IFDIR, S_IFMT } from '../../sys/constants.js'
import type { InodeId } from '../../sys/stat.js'
import type { Sys } from '../../sys/sys.js'
import type { UnlinkedRecord } from '../../sys/unlinked.js'
import { queuedFiles } from './queue.js'
import type { HeldSockets } from './sockets.js'
import { holderText, TaskFiles, type Owner, type Question } from './task-files.js'
import type { Task } from './tasks.js'

export interface UnlinkedFile {
  /** Of the mount that it was opened by, as mount tables have it. */
  readonly mntId: number
  readonly inode: InodeId
  /** st_mode. */
  readonly mode: number
  /** What it was called, from the root of its mount namespace. */
  readonly path: Bytes
  /** The same as the kernel shows it: one that is not unlinked may have such a name. */
  readonly shown: Bytes
  /** "descriptor 5 of process 12" */
  readonly holder: () => string
}

/** The kernel's mark behind a name that is no more. */
export const withoutMark = (path: Bytes): Bytes =>
  path.endsWith(MARK) ? slice(path, 0, -MARK.length) : path
const MARK = ' (deleted)'

export class UnlinkedFiles {
  /** Those that have another name still: what has none is no link's file. One that many hold is there for each. */
  readonly found: UnlinkedFile[] = []
  /** What those are called that have none. */
  readonly ghosts = new Set<Bytes>()
  private readonly sys: Sys
  private readonly tasks: TaskFiles

  /** `what`: of DESCRIPTORS, MEMORY and SOCKETS; the last go to `sockets`. */
  constructor(sys: Sys, what: number, sockets: HeldSockets) {
    this.sys = sys
    const question: Question = {
      ask: (place, asked, records) => sys.tryUnlinkedFiles(place, asked, records),
      onFile: (record, { name }) => {
        this.keep(record, () => holderText(record, name))
      },
      onQueue: (record, owner) => {
        this.addQueue(record, owner)
      },
      onOther: (record, owner) => {
        sockets.add(record, owner)
      },
    }
    this.tasks = new TaskFiles(sys, question, what)
  }

  /** What could not be read, a phrase each. */
  get unread(): string[] {
    return this.tasks.unread
  }

  /** False where it has ended: nothing is known of what it held. */
  add(task: Task): boolean {
    return this.tasks.add(task)
  }

  private addQueue({ from: fd, to: count }: UnlinkedRecord, { pid, name }: Owner): void {
    const holder = `a message in socket ${fd} of ${name}`
    const { files, missing } = queuedFiles(this.sys, pid, fd, count)
    for (const file of files) this.keep(file, () => holder)
    if (missing !== undefined) this.unread.push(`${holder} (${missing})`)
  }

  private keep(
    record: Pick<UnlinkedRecord, 'mntId' | 'nlink' | 'mode' | 'path' | keyof InodeId>,
    holder: () => string,
  ): void {
    const { mntId, nlink, mode, path } = record
    if (nlink === 0) this.ghosts.add(withoutMark(path))
    if (nlink === 0 || (mode & S_IFMT) === S_IFDIR) return
    this.found.push({ mntId, inode: record, mode, path: withoutMark(path), shown: path, holder })
  }
}
