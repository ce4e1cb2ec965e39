// Who holds the files that were found: processes that have one open or mapped, or wait for one in a socket, and mounts
// that show one elsewhere. One walk over all processes of this machine, and only where something was found.
import fs from 'node:fs'
import type { Bytes } from '../../bytes.js'
import { AT_STATX_DONT_SYNC, S_IFDIR, S_IFMT } from '../../sys/constants.js'
import { inodeKey, isSameInode, readStat, type InodeId, type Stat } from '../../sys/stat.js'
import type { Sys } from '../../sys/sys.js'
import { UNKNOWN_DEVICE, type UnlinkedRecord } from '../../sys/unlinked.js'
import type { Time } from '../../time.js'
import { queuedFiles } from '../living/queue.js'
import { holderText, TaskFiles, type Owner } from '../living/task-files.js'
import { isSameTask, taskAt, type Task } from '../living/tasks.js'
import { FIRST_PID_NAMESPACE, inodeAt } from '../nsfs.js'
import { processIds, processText } from '../processes.js'
import { isProcPartial } from '../scanned.js'
import { areAskedAtRoot } from '../table.js'

/** Rounds in which processes are looked for that came meanwhile. */
const ROUNDS = 5
/** Holders of one file that are named. */
const NAMED = 8

export class Holding {
  /** What could not be looked at, a phrase each: holders may be missing. */
  readonly unread: string[] = []
  private readonly sys: Sys
  /** By low half of the number. */
  private readonly wanted = new Map<number, Stat[]>()
  private readonly holders = new Map<string, Set<string>>()

  constructor(sys: Sys, files: readonly Stat[]) {
    this.sys = sys
    const known = new Set<string>()
    for (const file of files) {
      if ((file.mode & S_IFMT) === S_IFDIR || known.has(inodeKey(file))) continue
      known.add(inodeKey(file))
      this.wanted.set(file.inoLow, [...(this.wanted.get(file.inoLow) ?? []), file])
    }
  }

  /** "descriptor 5 of process 12 (tail)" */
  of(file: InodeId): string[] {
    const all = [...(this.holders.get(inodeKey(file)) ?? [])]
    return all.length <= NAMED
      ? all
      : [...all.slice(0, NAMED), `${all.length - NAMED} more descriptors and mappings`]
  }

  look(): void {
    if (this.wanted.size === 0) return
    const blind = whyBlind(this.sys)
    if (blind !== undefined) this.unread.push(blind)
    const numbers = Uint32Array.from(this.wanted.keys()).sort()
    // A file may be on a file system of these, whose server is gone.
    const mayAsk = !areAskedAtRoot(fs.readFileSync('/proc/filesystems', 'latin1'))
    const tasks = new TaskFiles(this.sys, {
      ask: (place, what, records) => this.sys.tryHeldFiles(place, what, numbers, mayAsk, records),
      onFile: (record, owner) => {
        this.addFile(record, owner)
      },
      onQueue: (record, owner) => {
        this.addQueue(record, owner)
      },
    })
    const seen = new Map<number, Task>()
    for (let round = 0; round < ROUNDS; round++) {
      const more = processIds()
        .filter((pid) => pid !== process.pid)
        .flatMap((pid) => taskAt(pid) ?? [])
        .filter((task) => !isSameTask(seen.get(task.pid), task))
      if (more.length === 0) break
      for (const task of more) {
        seen.set(task.pid, task)
        tasks.add(task)
        this.note(task, tasks.unread.splice(0))
      }
    }
  }

  /** One phrase for each process. */
  private note({ pid }: Task, [first, ...more]: string[]): void {
    // Init is in no container, and may be better protected than we are privileged.
    if (first === undefined || pid === 1) return
    this.unread.push(more.length === 0 ? first : `${first}, and ${more.length} more of it`)
  }

  private addFile(record: UnlinkedRecord, owner: Owner): void {
    for (const file of this.wanted.get(record.inoLow) ?? [])
      if (this.isOf(record, owner, file)) this.add(file, holderText(record, processText(owner.pid)))
  }

  private isOf(record: UnlinkedRecord, { place }: Owner, file: Stat): boolean {
    if (record.major === UNKNOWN_DEVICE || isSameInode(record, file)) return true
    // An overlay shows files of the directories below it under a number of a device of its own.
    const { sys } = this
    return (
      sys.tryStat(place, nameOf(record), AT_STATX_DONT_SYNC) >= 0 &&
      isLike(readStat(sys.addon.stat), file)
    )
  }

  private addQueue({ from: fd, to: count }: UnlinkedRecord, { pid }: Owner): void {
    const holder = `a message in socket ${fd} of ${processText(pid)}`
    const { files, missing } = queuedFiles(this.sys, pid, fd, count, {
      isWanted: (path) => path.startsWith('/'),
      // Whoever reads there is none of a dump: nothing of it is touched.
      mayMove: false,
    })
    for (const queued of files)
      for (const file of this.wanted.get(queued.inoLow) ?? [])
        if (isSameInode(queued, file) || isLike(queued, file)) this.add(file, holder)
    if (missing !== undefined) this.unread.push(`${holder} (${missing})`)
  }

  private add(file: Stat, holder: string): void {
    const key = inodeKey(file)
    const known = this.holders.get(key)
    if (known === undefined) this.holders.set(key, new Set([holder]))
    else known.add(holder)
  }
}

const nameOf = ({ kind, from, to }: UnlinkedRecord): Bytes => {
  if (kind === 'executable') return 'exe' as Bytes
  if (kind === 'descriptor') return `fd/${from}` as Bytes
  return `map_files/${from.toString(16)}-${to.toString(16)}` as Bytes
}

type Looks = Pick<Stat, 'mode' | 'inoLow'> & Partial<Pick<Stat, 'btime' | 'ctime'>>

/** Of another device: the same number and moment of birth, which no second file has. */
const isLike = (a: Looks, b: Stat): boolean =>
  a.inoLow === b.inoLow &&
  (a.mode & S_IFMT) === (b.mode & S_IFMT) &&
  (a.btime === undefined || b.btime === undefined
    ? isEqual(a.ctime, b.ctime)
    : isEqual(a.btime, b.btime))

const isEqual = (a: Time | undefined, b: Time): boolean => a?.sec === b.sec && a.nsec === b.nsec

/** Why there may be processes that /proc does not show. */
const whyBlind = (sys: Sys): string | undefined => {
  if (inodeAt(sys, '/proc/thread-self/ns/pid' as Bytes) !== FIRST_PID_NAMESPACE)
    return 'processes outside of the pid namespace that we are in'
  return isProcPartial(fs.readFileSync('/proc/thread-self/mountinfo', 'latin1'))
    ? 'processes that /proc does not show (hidepid or subset)'
    : undefined
}
