// stats-dump: how long the dump took. CRIU writes it at the very end, into its work directory.
import { decodeStats } from '../images/clocks.js'
import { walkEntries } from '../images/framing.js'
import { sideFiles, type SideFile } from '../images/side-files.js'
import type { ImageSource } from '../images/source.js'
import { plus, secondsBetween, type Time } from '../time.js'
import { whenDecodes } from './decoding.js'

export interface DumpStats {
  readonly written: Time
  /** From the first task that was stopped until all were killed or went on; in seconds. */
  readonly took: number
}

/**
 * That of the dump whose last image was written at `last`: it was at work then. A work directory may have
 * that of any other dump. `doubt` is how far the times may be off, in seconds.
 */
export const readStats = (
  images: ImageSource,
  workDir: string | undefined,
  last: Time | undefined,
  doubt: number,
): DumpStats | undefined => {
  if (last === undefined) return undefined
  return sideFiles(images, 'stats-dump', workDir)
    .map(decode)
    .find((stats) => stats !== undefined && spans(stats, last, doubt))
}

const spans = ({ written, took }: DumpStats, last: Time, doubt: number): boolean =>
  secondsBetween(plus(written, -took), last) >= -doubt && secondsBetween(last, written) >= -doubt

const decode = ({ data, mtime }: SideFile): DumpStats | undefined => {
  let took: number | undefined
  try {
    walkEntries(
      data,
      'stats',
      whenDecodes(
        () => decodeStats,
        ({ dump }) => (took ??= dump && (dump.freezing_time + dump.frozen_time) / 1e6),
        data,
      ),
    )
  } catch {
    // Not one of CRIU's. It is a hint, and not worth the run.
    return undefined
  }
  return took === undefined ? undefined : { written: mtime, took }
}
