// How much a reader reads: Node's own call counts along while it runs.
import fs from 'node:fs'

/** what `act` gives, and the bytes that it read by fs.readSync */
export const countingReads = <T>(act: () => T): { readonly result: T; readonly bytes: number } => {
  const { readSync } = fs
  let bytes = 0
  fs.readSync = ((...args: Parameters<typeof readSync>) => {
    const count = readSync(...args)
    bytes += count
    return count
  }) as typeof readSync
  try {
    const result = act()
    return { result, bytes }
  } finally {
    fs.readSync = readSync
  }
}
