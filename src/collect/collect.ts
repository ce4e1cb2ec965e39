// Each remap under its namespace's root: by mount, then by directory, then one by one.
import type { Bytes } from '../bytes.js'
import { groupBy } from '../group.js'
import type { Address } from '../host/address.js'
import type { Placement } from '../host/evidence.js'
import type { Constructed, ConstructedMount } from '../namespaces/construct.js'
import { ROOT } from '../paths.js'
import type { Plan, PlannedRemap } from '../plan/model.js'
import { isEmptyDirectory } from '../sys/directory.js'
import type { Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { Directories, inMount, type DirectoryOptions, type Reach } from './directories.js'
import { Links, type LinkOptions } from './links.js'
import { kept, type Outcome } from './outcome.js'
import { elsewhere, notInThere, PARENT_GONE, VANISHED, withoutContents } from './whole.js'

export interface CollectOptions extends DirectoryOptions, LinkOptions {
  /** Of a directory in a mount, or in the host tree. */
  readonly addressOf: (
    mount: ConstructedMount | undefined,
    directory: Bytes,
    stat: Stat,
  ) => Address | undefined
  /** Whether a mount's directory on this host is the one that the images say. */
  readonly placementOf: (mount: ConstructedMount) => Placement
}

/** Outcomes in the order of the plan's remaps. */
export const collect = (
  sys: Sys,
  plan: Plan,
  constructed: Constructed,
  options: CollectOptions,
): Outcome[] => {
  const outcomes = plan.remaps.map((planned) => settled(planned))
  const reachable = plan.remaps.flatMap((planned, index) =>
    planned.kind === 'reach' ? [{ planned, index }] : [],
  )
  const run = new Run(sys, constructed, options)
  for (const [mntId, items] of groupBy(reachable, ({ planned }) => planned.mount?.mntId)) {
    const mount = mntId === undefined ? undefined : constructed.mounts.get(mntId)
    // Without a mount is only a host tree: nothing else may be looked for under the host's root.
    if (mount === undefined && mntId !== undefined) continue
    const found = run.collectMount(
      mount,
      items.map(({ planned }) => planned),
    )
    items.forEach(({ index }, i) => (outcomes[index] = found[i] as Outcome))
  }
  return outcomes
}

const settled = (planned: PlannedRemap): Outcome => {
  switch (planned.kind) {
    case 'kept':
      return kept(planned.reason, planned.message, planned.next)
    case 'vanished':
      return { verdict: 'vanished', message: VANISHED }
    case 'duplicate':
      return {
        verdict: 'absent',
        reason: 'duplicate',
        message: 'an earlier remap has the same link',
      }
    case 'reach':
      return { verdict: 'failed', message: 'not reached' }
  }
}

class Run {
  private readonly sys: Sys
  private readonly options: CollectOptions
  private readonly directories: Directories
  private readonly links: Links

  constructor(sys: Sys, constructed: Constructed, options: CollectOptions) {
    this.sys = sys
    this.options = options
    this.directories = new Directories(sys, constructed, options)
    this.links = new Links(sys, options)
  }

  /** All remaps of one mount together, so that a wrong mount is told from links that are gone. */
  collectMount(mount: ConstructedMount | undefined, remaps: readonly Reach[]): Outcome[] {
    const outcomes = this.collectReachable(mount, remaps)
    // The one that the dump saw died, and its links with it.
    return mount?.reborn === true
      ? outcomes.map((one) => (isMissing(one) ? { verdict: 'vanished', message: VANISHED } : one))
      : outcomes
  }

  private collectReachable(
    mount: ConstructedMount | undefined,
    remaps: readonly Reach[],
  ): Outcome[] {
    const unusable = mount?.contents === 'stand-in' ? withoutContents(mount) : undefined
    if (unusable !== undefined) return remaps.map(() => unusable)
    const outcomes: (Outcome | undefined)[] = remaps.map(() => undefined)
    const byDirectory = groupBy(remaps.keys(), (index) => {
      const { via, dir } = remaps[index] as Reach
      // Every path begins with a slash: the same string for the usual case, not one more for each link.
      return via === 'mount' ? `mount ${dir}` : dir
    })
    // A mount that was recognised by what the images say of it is not proven by the same words. It is
    // the right one to look in, though, and so is the one root of a host tree.
    const recognised = mount?.attachment.provider.kind === 'host'
    const placement = mount === undefined ? 'recorded' : this.options.placementOf(mount)
    if (mount !== undefined && placement === 'elsewhere' && !this.options.force) {
      const outcome = elsewhere(mount)
      return remaps.map(() => outcome)
    }
    const proven = placement === 'recorded' && !recognised
    const doubtful = new Map<number, Outcome>()
    let opened = false
    let reached = mount === undefined || recognised
    for (const indices of byDirectory.values()) {
      const first = remaps[indices[0] as number] as Reach
      const directory = this.directories.open(mount, first)
      if (directory.kind === 'missing') {
        const { doubt } = directory
        if (doubt !== undefined) for (const index of indices) doubtful.set(index, doubt)
        continue
      }
      if (directory.kind === 'outcome') {
        for (const index of indices) outcomes[index] = directory.outcome
        continue
      }
      opened = true
      const { fd, stat } = directory
      const place = {
        fd,
        proven,
        isHostTree: mount === undefined,
        ctime: stat.ctime,
        btime: stat.btime,
        address: (): Address | undefined =>
          this.options.addressOf(mount, inMount(first, mount), stat),
      }
      try {
        // The root of a mount is always there: only what is in it tells that it is the right one.
        reached ||= !isMountRoot(first, mount) || !isEmptyDirectory(this.sys, fd)
        for (const index of indices) {
          const remap = remaps[index] as Reach
          outcomes[index] =
            (directory.asksFirst ? this.directories.ask(mount, remap, remap.base) : undefined) ??
            this.links.collect(place, remap)
        }
        if (indices.some((index) => outcomes[index]?.verdict === 'removed'))
          this.directories.noteChange(fd, stat)
      } finally {
        this.sys.close(fd)
      }
    }
    if (mount === undefined || reached || (opened && proven))
      return outcomes.map((outcome, index) => outcome ?? doubtful.get(index) ?? PARENT_GONE)
    const wrong = notInThere(mount)
    return outcomes.map((outcome) =>
      outcome === undefined || outcome.verdict === 'absent' ? wrong : outcome,
    )
  }
}

const isMissing = ({ verdict, reason }: Outcome): boolean =>
  verdict === 'absent' || reason === 'unreachable'

const isMountRoot = (remap: Reach, mount: ConstructedMount | undefined): boolean =>
  mount !== undefined && inMount(remap, mount) === ROOT
