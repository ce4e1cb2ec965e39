// Descriptors that the caller left open to us are none of our business, and better not there.
import fs from 'node:fs'
import { concat, type Bytes } from '../bytes.js'
import { AT_FDCWD } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'

const FIRST = 3

/**
 * Closes what was inherited beyond 0, 1 and 2, as far as it can be told from what Node opened at its
 * start: event descriptors, /dev/null, and pipes that are open twice. Call it before anything else is
 * opened.
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
  for (const [fd, target] of open) {
    const isNodes =
      target.startsWith('anon_inode:') ||
      target === '/dev/null' ||
      (target.startsWith('pipe:') && targets.filter((other) => other === target).length > 1)
    if (!isNodes) sys.close(fd)
  }
}

/** Of what was only read: nothing is lost where that fails. */
export const closeQuietly = (fd: number | undefined): void => {
  try {
    if (fd !== undefined) fs.closeSync(fd)
  } catch {
    // It ends with the process.
  }
}
