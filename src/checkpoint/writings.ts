// When somebody wrote into an image directory: a dump that was killed lists nothing, but made its files.
import type { ImageSource } from '../images/source.js'
import { HINT_LIMITS } from '../limits.js'
import type { Time } from '../time.js'

/** Files that CRIU makes there; others may lie there for years. */
const WRITTEN = /\.img$|^(?:dump|restore)\.log$|^stats-(?:dump|restore)$/

/** Births and changes, in no order. */
export const writingsIn = (images: ImageSource, names: readonly string[]): Time[] =>
  names
    .filter((name) => WRITTEN.test(name))
    .slice(0, HINT_LIMITS.writtenFiles)
    .flatMap((name) => {
      const stat = images.stat(name)
      if (stat === undefined) return []
      return stat.btime === undefined ? [stat.mtime] : [stat.btime, stat.mtime]
    })
