// `links`: where on this host the links are that a restore of these images looks for, to carry them along with a
// checkpoint. What show finds, by another name: a link is its path.
import type { Bytes } from '../bytes.js'
import { concat } from '../bytes.js'
import type { ExitName } from '../errors.js'
import { below, inDirectory, join } from '../paths.js'
import type { PlannedRemap, Provider } from '../plan/planned.js'
import type { Report, ReportedRemap } from './report.js'

export interface LinkOnHost {
  /** Absolute; below /proc/PID/root where only a living container has it mounted. */
  readonly path: Bytes
  readonly reported: ReportedRemap
}

export interface LinksReport {
  readonly report: Report
  readonly links: readonly LinkOnHost[]
  /** Listed in the images, and not known to be there. */
  readonly missing: readonly ReportedRemap[]
}

export const linksOf = (report: Report): LinksReport => {
  const providers = new Map(
    report.mounts.map(({ attachment: { mount, provider } }) => [mount.mntId, provider]),
  )
  const links: LinkOnHost[] = []
  const missing: ReportedRemap[] = []
  for (const reported of report.remaps) {
    const { verdict, reason } = reported.outcome
    // One is listed already, and of the other its images have the contents.
    if (reason === 'duplicate' || verdict === 'vanished') continue
    const path =
      verdict === 'would-remove' ? pathOf(reported.planned, providers, report) : undefined
    if (path === undefined) missing.push(reported)
    else links.push({ path, reported })
  }
  return { report, links, missing }
}

const pathOf = (
  planned: PlannedRemap,
  providers: ReadonlyMap<number, Provider>,
  { living }: Report,
): Bytes | undefined => {
  if (planned.kind !== 'reach') return undefined
  const { mount, via, dir, base } = planned
  // The tree had the names of the host.
  if (mount === undefined) return inDirectory(dir, base)
  const provider = providers.get(mount.mntId)
  switch (provider?.kind) {
    case 'root':
    case 'external':
    case 'host': {
      const inMount = via === 'mount' ? dir : below(dir, mount.mountpoint)
      return inDirectory(join(join(provider.path, provider.sub), inMount), base)
    }
    case 'living': {
      const task = living?.namespaces.find(({ id }) => id === mount.nsId)
      // What another mount covers has no path there.
      if (task === undefined || via === 'mount') return undefined
      return inDirectory(join(concat(`/proc/${task.pid}/root`), dir), base)
    }
    default:
      return undefined
  }
}

/** Precedence: interrupted, leftovers, incomplete, clean. */
export const linksExit = (found: LinksReport): ExitName => {
  const { report, missing } = found
  if (found.report.interrupted !== undefined) return 'interrupted'
  if (missing.some(({ outcome }) => outcome.verdict !== 'absent')) return 'leftovers'
  return missing.length === 0 && report.checkpoint.complete ? 'clean' : 'incomplete'
}
