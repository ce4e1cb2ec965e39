// The plan for a living container: each remap on the mount of it that the dump saw, found by its id, which is the
// kernel's own, or by its place where the container was started again.
import { concat, type Bytes } from '../bytes.js'
import { mountsById } from '../checkpoint/mounts.js'
import type { Checkpoint, Held, LinkRemap, Mount } from '../checkpoint/model.js'
import { escape } from '../escape.js'
import { IN_MEMORY } from '../file-systems.js'
import { groupBy } from '../group.js'
import { addressIn } from '../host/address.js'
import type { HostMount } from '../host/mountinfo.js'
import { idInName } from '../link-name.js'
import { isWithin, ROOT, splitLast } from '../paths.js'
import type { Plan, PlannedRemap, Provider } from './planned.js'

/** What a plan needs to know of it. */
export interface LivingView {
  readonly pid: number
  /** Of these one is the mount namespace that we are in ourselves. */
  readonly namespaces: readonly {
    readonly id: number
    readonly isOurs: boolean
    readonly mounts: readonly HostMount[]
  }[]
  /** It ran before the dump had ended: what the images say of mounts is said of these. */
  readonly isDumped: boolean
}

/** A link that no image lists, on a mount of one of these namespaces. */
export interface HeldRemap {
  readonly nsId: number
  readonly mount: HostMount
  readonly link: Bytes
  readonly original: Bytes
  readonly held: Held
}

export const planLiving = (
  checkpoint: Checkpoint,
  living: LivingView,
  held: readonly HeldRemap[],
): Plan => {
  const mounts = new Mounts(living)
  const recorded = mountsById(checkpoint.namespaces)
  const listed = checkpoint.remaps.map((remap) => planListed(remap, recorded, living, mounts))
  const ghosts = checkpoint.ghosts.map((ghost) => planListed(ghost, recorded, living, mounts))
  const ours = living.namespaces.find(({ isOurs }) => isOurs)?.id
  const known = placesOf(held.length === 0 ? [] : listed, mounts)
  const rest = held
    .filter(
      ({ nsId, mount, link }) =>
        // What the images of a host tree list has no mount.
        !known.has(placeIn(mount, link)) && !(nsId === ours && known.has(link)),
    )
    .map((one) => planHeld(one, mounts))
  return {
    tree: ours === undefined ? 'namespaced' : 'host',
    namespaces: mounts.planned(),
    remaps: [...listed, ...rest],
    ghosts,
  }
}

/** Where links are, whichever mount shows them: one that is mounted twice has each of its names once. */
const placesOf = (listed: readonly PlannedRemap[], mounts: Mounts): ReadonlySet<Bytes> =>
  new Set(
    listed.flatMap(({ kind, remap: { link }, mount }) => {
      if (mount === undefined) return link
      // A mount of the images is none of these.
      if (kind !== 'reach' && kind !== 'duplicate') return []
      const row = mounts.rowOf(mount)
      return row === undefined ? [] : placeIn(row, link)
    }),
  )

const placeIn = (row: HostMount, link: Bytes): Bytes => {
  const { device, path } = addressIn(row, link)
  return concat(device, path)
}

const planHeld = ({ nsId, mount, link, original, held }: HeldRemap, mounts: Mounts): PlannedRemap =>
  reach(
    {
      remapId: idInName(splitLast(link).base),
      origId: 0,
      link,
      original: { path: original, size: undefined, mode: undefined, mntId: mount.mntId },
      invalid: undefined,
      duplicate: false,
      found: 'held',
      held,
    },
    mounts.use(nsId, mount, undefined),
  )

const planListed = (
  remap: LinkRemap,
  allRecorded: ReadonlyMap<number, Mount>,
  living: LivingView,
  mounts: Mounts,
): PlannedRemap => {
  const kept = (
    reason: 'invalid' | 'unreachable',
    message: string,
    next?: string,
    mount?: Mount,
  ): PlannedRemap => ({ remap, kind: 'kept', reason, mount, message, next })
  if (remap.invalid !== undefined) return kept('invalid', remap.invalid)
  const { mntId } = remap.original
  if (mntId === undefined) {
    if (!living.namespaces.some(({ isOurs }) => isOurs))
      return kept(
        'unreachable',
        `the images say that the tree shared the host's mount namespace, and process ${living.pid} has its own`,
        'give the process of the container that was dumped here',
      )
    return remap.duplicate
      ? { remap, kind: 'duplicate', mount: undefined }
      : reach(remap, undefined)
  }
  const recorded = allRecorded.get(mntId)
  const found = living.isDumped ? mounts.byId(mntId, recorded) : undefined
  const place = found ?? (recorded && mounts.byPlace(recorded))
  if (place !== undefined) {
    if (!isWithin(splitLast(remap.link).dir, place.row.mountpoint))
      return kept(
        'invalid',
        `it is not below the mountpoint ${escape(place.row.mountpoint)} of its mount`,
      )
    const mount = mounts.use(place.nsId, place.row, found === undefined ? recorded : undefined)
    return remap.duplicate ? { remap, kind: 'duplicate', mount } : reach(remap, mount)
  }
  if (recorded !== undefined && IN_MEMORY.has(recorded.fstype))
    return { remap, kind: 'vanished', mount: recorded }
  return kept(
    'unreachable',
    recorded === undefined
      ? `no mount of process ${living.pid} has the number ${mntId}`
      : `process ${living.pid} has nothing mounted on ${escape(recorded.mountpoint)}`,
    living.isDumped
      ? 'was it unmounted, or is this the process of another container?'
      : 'the container was started after the dump: leave out --pid, and give --root and --external',
    recorded,
  )
}

const reach = (remap: LinkRemap, mount: Mount | undefined): PlannedRemap => ({
  remap,
  kind: 'reach',
  mount,
  via: 'namespace',
  ...splitLast(remap.link),
})

type LivingProvider = Extract<Provider, { readonly kind: 'living' }>

interface Place {
  readonly nsId: number
  readonly row: HostMount
}

/** The mounts of the living namespaces, and those of them that are used. */
class Mounts {
  private readonly living: LivingView
  private readonly rows = new Map<number, Place>()
  private readonly used = new Map<number, { mount: Mount; provider: LivingProvider }>()

  constructor(living: LivingView) {
    this.living = living
    for (const { id: nsId, mounts } of living.namespaces)
      for (const row of mounts) this.rows.set(row.mntId, { nsId, row })
  }

  /** By the kernel's number, if it is still what the images say of it. */
  byId(mntId: number, recorded: Mount | undefined): Place | undefined {
    const place = this.rows.get(mntId)
    if (place === undefined || recorded === undefined) return place
    const { row } = place
    return isSamePlace(row, recorded) && isSameSource(row, recorded) ? place : undefined
  }

  /** What is mounted there now, rather from the same source: numbers of mounts are given again. */
  byPlace(recorded: Mount): Place | undefined {
    const places = this.living.namespaces.flatMap(({ id: nsId, mounts }) =>
      mounts.filter((row) => isSamePlace(row, recorded)).map((row) => ({ nsId, row })),
    )
    // The last one lies on top; what was in memory is another one now.
    return (
      places.findLast(({ row }) => isSameSource(row, recorded)) ??
      places.findLast(() => !IN_MEMORY.has(recorded.fstype))
    )
  }

  /** The one that is used for it; undefined where none is. */
  rowOf({ mntId }: Mount): HostMount | undefined {
    return this.used.get(mntId)?.provider.mount
  }

  /** `recorded`: the mount of the dump in whose place it is now. */
  use(nsId: number, row: HostMount, recorded: Mount | undefined): Mount {
    const known = this.used.get(row.mntId)
    if (known !== undefined) return known.mount
    const { mntId, parentId, fstype, major, minor, root, mountpoint, source, upper } = row
    const mount: Mount = {
      fstype,
      major,
      minor,
      root,
      source,
      upper,
      external: undefined,
      deleted: false,
      ...recorded,
      mntId,
      parentId,
      nsId,
      mountpoint,
    }
    const isSame = recorded === undefined
    const provider = { kind: 'living', mount: row, path: mountpoint, sub: ROOT, isSame } as const
    this.used.set(mntId, { mount, provider })
    return mount
  }

  planned(): Plan['namespaces'] {
    const byNamespace = groupBy(this.used.values(), ({ mount }) => mount.nsId)
    return [...byNamespace].map(([id, all]) => ({
      id,
      hasRoot: true,
      attachments: all.map(({ mount, provider }) => ({ mount, parentId: undefined, provider })),
    }))
  }
}

const isSamePlace = (row: HostMount, { mountpoint, fstype }: Mount): boolean =>
  row.mountpoint === mountpoint && (fstype === 'unsupported' || row.fstype === fstype)

const isSameSource = (row: HostMount, { major, minor, root }: Mount): boolean =>
  row.major === major && row.minor === minor && (root === undefined || row.root === root)
