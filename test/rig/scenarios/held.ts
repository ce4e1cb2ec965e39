// How scenarios say which files are held, and where.
import type { Held } from '../scenario.js'

/** a file held in a folder that the process and this machine know by these names */
export const at = (
  inside: string,
  outside: string,
  kept: string,
  mode = 0o644,
  size?: number,
): Held => ({
  inside,
  outside,
  survivor: `${outside}/${kept}`,
  mode,
  ...(size !== undefined && { size }),
})

/** a file on a file system that dies with the process */
export const lost = (inside: string, mode = 0o644, size?: number): Held => ({
  inside,
  mode,
  ...(size !== undefined && { size }),
})
