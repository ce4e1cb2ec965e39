// Descriptors that the caller left open to us are none of our business, and better not there.
import fs from 'node:fs'

const FIRST = 3

/**
 * Closes what was inherited beyond 0, 1 and 2, as far as it can be told from what Node opened at its
 * start: event descriptors, /dev/null, and pipes of which it has both ends. Call it before anything else is
 * opened.
 */
export const closeInherited = (): void => {
  const open = new Map<number, string>()
  for (const name of fs.readdirSync('/proc/self/fd')) {
    const fd = Number(name)
    if (fd < FIRST) continue
    try {
      open.set(fd, fs.readlinkSync(`/proc/self/fd/${name}`))
    } catch {
      // The directory itself, which was open while it was read.
    }
  }
  const targets = [...open.values()]
  for (const [fd, target] of open) {
    const isNodes =
      target.startsWith('anon_inode:') ||
      target === '/dev/null' ||
      (target.startsWith('pipe:') && targets.filter((other) => other === target).length > 1)
    if (!isNodes) close(fd)
  }
}

const close = (fd: number): void => {
  try {
    fs.closeSync(fd)
  } catch {
    // Closed already.
  }
}
