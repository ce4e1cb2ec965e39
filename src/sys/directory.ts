// What is in a directory, as far as anybody asks.
import type { Bytes } from '../bytes.js'
import { O_DIRECTORY, O_RDONLY } from './constants.js'
import type { Sys } from './sys.js'

/** Records of "." and ".." in struct linux_dirent64 have 24 bytes each. */
const DOTS = 48

/** True also where it cannot be read: what is not seen proves nothing. */
export const isEmptyDirectory = (sys: Sys, directory: number): boolean => {
  const fd = sys.tryOpenat(directory, '.' as Bytes, O_RDONLY | O_DIRECTORY)
  if (fd < 0) return true
  try {
    return sys.tryGetdents64(fd, new Uint8Array(4096)) <= DOTS
  } finally {
    sys.close(fd)
  }
}
