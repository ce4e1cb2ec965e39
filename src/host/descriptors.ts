// Descriptors that the caller left open to us are none of our business, and better not there.
import fs from 'node:fs'
import { concat, type Bytes } from '../bytes.js'
import { AT_FDCWD } from '../sys/constants.js'
import { isSameInode } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { kernelText } from './kernel-text.js'

const FIRST = 3

/**
 * Closes what was inherited beyond 0, 1 and 2, as far as it can be told from what Node opened at its
 * start: event descriptors, /dev/null, and pipes that are open twice. What carries a lock of the caller stays.
 * Call it before anything else is opened.
 */
export const closeInherited = (sys: Sys): void => {
  const buffer = Buffer.allocUnsafe(256)
  const open = new Map<number, Bytes>()
  for (const name of fs.readdirSync('/proc/self/fd')) {
    const fd = Number(name)
    if (fd < FIRST) continue
    const target = sys.readlinkat(AT_FDCWD, concat('/proc/self/fd/', name), buffer)
    // Without one: the directory itself, which was open while it was read.
    if (target !== undefined) open.set(fd, target)
  }
  const targets = [...open.values()]
  const inherited = [...open].flatMap(([fd, target]) => {
    const isNodes =
      target.startsWith('anon_inode:') ||
      target === '/dev/null' ||
      (target.startsWith('pipe:') && targets.filter((other) => other === target).length > 1)
    return isNodes ? [] : [fd]
  })
  for (const fd of withoutLocks(sys, inherited)) sys.close(fd)
}

/**
 * Whoever executes us in its own place, as `flock --no-fork` does, leaves its locks to us. One of flock(2) ends with the
 * last descriptor of its open file, and those of fcntl(2) with any descriptor of the same file.
 */
const withoutLocks = (sys: Sys, inherited: readonly number[]): number[] => {
  if (inherited.length === 0) return []
  const locks = new Map([0, 1, 2, ...inherited].map((fd) => [fd, locksOf(fd)]))
  const locked = [...locks].flatMap(([fd, lock]) =>
    lock === 'of the file' ? [sys.fstatCached(fd)] : [],
  )
  return inherited.filter((fd) => {
    if (locks.get(fd) !== 'none') return false
    if (locked.length === 0) return true
    const stat = sys.fstatCached(fd)
    return !locked.some((other) => isSameInode(stat, other))
  })
}

/** proc_pid_fdinfo(5): "lock:\t1: POSIX  ADVISORY  WRITE 359 00:13:11691 0 EOF". */
const locksOf = (fd: number): 'none' | 'of the file' | 'of the descriptor' => {
  let text: string
  try {
    text = kernelText(`/proc/self/fdinfo/${fd}`)
  } catch {
    // One that is not open has none.
    return 'none'
  }
  if (/^lock:\s+\d+: POSIX /m.test(text)) return 'of the file'
  return /^lock:/m.test(text) ? 'of the descriptor' : 'none'
}

/** Of what was only read: nothing is lost where that fails. */
export const closeQuietly = (fd: number | undefined): void => {
  try {
    if (fd !== undefined) fs.closeSync(fd)
  } catch {
    // It ends with the process.
  }
}
