// Most of the files that a run asks for are not there, and to be refused one is an exception of Node's: the first of a
// process takes a quarter of a millisecond.
import fs from 'node:fs'

/** False also where that cannot be found out: whoever opens it is told why. */
export const isMissing = (path: string): boolean => {
  try {
    return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}
