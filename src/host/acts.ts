// What clean-ups changed themselves, this one and those before it since the machine was started: such a
// change makes nothing newer, and such an absence is proven. It explains, and never widens what may be
// removed.
//
// One file for each set of images in /run/criu-gc, which is root's alone. Lines are appended while links are removed, so
// that a run that is killed leaves them too:
//
//     boot BOOT-ID
//     file|directory INODE CTIME-BEFORE CTIME-AFTER
//     gone DIRECTORY NAME
import fs from 'node:fs'
import { fromBuffer, type Bytes } from '../bytes.js'
import type { Stat } from '../sys/stat.js'
import type { Time } from '../time.js'
import { LIMIT, PLACE, readNotes } from './notes.js'

/** Characters that are gathered before they are written. */
const CHUNK = 16 * 1024
/** Inodes for which notes are searched; from there on it is cheaper to take in all of them. */
const SEARCHES = 8

/** A change of ours. The time of birth tells an inode from the next one with its number. */
const keyOf = ({ major, minor, inoHigh, inoLow, btime }: Stat): string =>
  `${major}:${minor}:${inoHigh}:${inoLow}:${btime === undefined ? '-' : textOf(btime)}`

const textOf = ({ sec, nsec }: Time): string => `${sec}.${nsec}`

const timeOf = (text: string): Time | undefined => {
  const [, sec, nsec] = /^(-?\d+)\.(\d{1,9})$/.exec(text) ?? []
  return sec === undefined || nsec === undefined
    ? undefined
    : { sec: Number(sec), nsec: Number(nsec) }
}

export class Acts {
  private readonly fd: number | undefined
  private readonly place: string
  /** By inode and time after: the time before. Of what was understood. */
  private readonly changes = new Map<string, Time>()
  /** Directory and name. */
  private readonly removed = new Set<string>()
  /** Files that were not understood yet. */
  private notes: Buffer[] | undefined
  private readonly asked = new Set<string>()
  private last: { readonly directory: Stat; readonly key: string } | undefined
  /** Lines that were not written yet. */
  private text = ''
  /** How much of them was understood, and lines of this run, written or not, that were not. */
  private understood = 0
  private unread: string[] = []
  private written = 0

  /** `fd`: of the file of these images; undefined to remember for this run only. */
  constructor(fd: number | undefined, place = PLACE) {
    this.fd = fd
    this.place = place
  }

  /** An inode of which we removed a name, or a directory from which we removed one. */
  changed(kind: 'file' | 'directory', before: Stat, after: Time): void {
    this.append(`${kind} ${keyOf(before)} ${textOf(before.ctime)} ${textOf(after)}\n`)
    // Another clean-up may be about to look at the same file.
    if (kind === 'directory' || before.nlink > 2) this.flush()
  }

  gone(directory: Stat, name: Bytes): void {
    if (this.fd === undefined) return
    // Of one directory there may be very many.
    if (this.last?.directory !== directory) this.last = { directory, key: keyOf(directory) }
    this.append(`gone ${this.last.key} ${name}\n`)
  }

  /** The last change that was not ours. */
  ctimeBefore(stat: Stat): Time {
    const key = keyOf(stat)
    this.learn(key)
    this.recall()
    let { ctime } = stat
    const seen = new Set<string>()
    for (;;) {
      const change = `${key} ${textOf(ctime)}`
      const before = this.changes.get(change)
      if (before === undefined || seen.has(change)) return ctime
      seen.add(change)
      ctime = before
    }
  }

  hasRemoved(directory: Stat, name: Bytes): boolean {
    const key = keyOf(directory)
    this.learn(key)
    return this.removed.has(`${key} ${name}`)
  }

  /** What cannot be written is as none. */
  flush(): void {
    const { text, fd } = this
    this.unread.push(text.slice(this.understood))
    this.understood = 0
    this.text = ''
    if (fd === undefined || text === '' || this.written + text.length > LIMIT) return
    this.written += text.length
    try {
      fs.writeSync(fd, text, null, 'latin1')
    } catch {
      this.written = LIMIT
    }
  }

  private append(line: string): void {
    this.text += line
    if (this.text.length > CHUNK) this.flush()
  }

  /** What this run did: very many lines, of which nearly always nobody asks for one. */
  private recall(): void {
    for (const lines of this.unread) this.take(lines)
    this.unread = []
    this.take(this.text.slice(this.understood))
    this.understood = this.text.length
  }

  /**
   * What earlier runs noted of an inode. Only where something is in doubt: most runs never ask. Notes of
   * others are passed over unread, unless very many are asked for.
   */
  private learn(key: string): void {
    if (this.asked.has(key)) return
    this.asked.add(key)
    this.notes ??= [...readNotes(this.place)]
    const isSearched = this.asked.size <= SEARCHES
    const isWanted = (note: Buffer): boolean =>
      !isSearched || note.includes(` ${key} `, 0, 'latin1')
    for (const note of this.notes.filter(isWanted)) this.take(fromBuffer(note))
    this.notes = this.notes.filter((note) => !isWanted(note))
  }

  private take(text: string): void {
    for (const line of text.split('\n')) {
      const [kind, key, first, second] = line.split(' ')
      if (key === undefined || first === undefined) continue
      if (kind === 'gone') this.removed.add(`${key} ${first}`)
      if (kind !== 'file' && kind !== 'directory') continue
      const before = timeOf(first)
      if (before !== undefined && second !== undefined) this.changes.set(`${key} ${second}`, before)
    }
  }
}
