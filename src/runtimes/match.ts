// Which configured mount each external mount of the dump is: a pure function. In this order:
//
// | | the dump's mount and the configured one have in common |
// |---|---|
// | 1 | device and path of the source, on a disk, while both are of this boot |
// | 2 | the mountpoint, and the destination with the links of the root file system resolved |
// | 3 | the key, or the mountpoint, and the destination as it was written |
// | 4 | device and path all the same |
//
// Then both are compared by `proof/place`. What differs and leads to links is an error; what leads to none is left out.
import { fromText, type Bytes } from '../bytes.js'
import type { Checkpoint, Mount } from '../checkpoint/model.js'
import { IN_MEMORY } from '../file-systems.js'
import type { Address } from '../host/address.js'
import { placeOf } from '../proof/place.js'
import type { ConfiguredMount } from './container.js'
import { normal } from './destination.js'

export interface Candidate extends ConfiguredMount {
  /** Its destination in the root file system, links resolved. */
  readonly place: Bytes
  /** Undefined where the source is not there. */
  readonly here: CandidateHere | undefined
}

export interface CandidateHere {
  /** Without links. */
  readonly path: Bytes
  readonly address: Address | undefined
  readonly upper: Bytes | undefined
}

export type By = 'device and path' | 'destination' | 'key'

export interface Match {
  readonly mount: Mount
  /** What to give it by. */
  readonly key: Bytes
  readonly candidate: Candidate
  readonly by: By
}

export interface MatchFacts {
  readonly isThisBoot: boolean
  /** Whether a disk with that number is mounted. */
  readonly isMounted: (device: string) => boolean
}

export interface Matches {
  readonly found: readonly Match[]
  /** They are needed, and something else is there now. */
  readonly mismatches: readonly Match[]
  /** They are needed, and their source is not there. */
  readonly lost: readonly Match[]
}

/** Mounts that lead to a link. */
export const neededMounts = ({ namespaces, remaps }: Checkpoint): Set<number> => {
  const parents = new Map(
    namespaces.flatMap(({ mounts }) => mounts.map((one) => [one.mntId, one.parentId] as const)),
  )
  const needed = new Set<number>()
  for (const { original } of remaps)
    for (
      let id = original.mntId;
      id !== undefined && parents.has(id) && !needed.has(id);
      id = parents.get(id)
    )
      needed.add(id)
  return needed
}

/** One that CRIU found by itself is named by its place. */
const keyOf = ({ external, mountpoint }: Mount): Bytes | undefined =>
  external?.kind === 'mapped' ? external.key : external?.kind === 'auto' ? mountpoint : undefined

export const matchMounts = (
  checkpoint: Checkpoint,
  candidates: readonly Candidate[],
  facts: MatchFacts,
): Matches => {
  const needed = neededMounts(checkpoint)
  const found = new Map<Bytes, Match>()
  const ambiguous = new Set<Bytes>()
  const mismatches: Match[] = []
  const lost: Match[] = []
  const all = checkpoint.namespaces.flatMap(({ mounts }) => mounts)
  const isNeeded = ({ mntId }: Mount): boolean => needed.has(mntId)
  // Of several with one key those count that lead to links.
  for (const mount of [...all.filter(isNeeded), ...all.filter((one) => !isNeeded(one))]) {
    const key = keyOf(mount)
    if (key === undefined || (!isNeeded(mount) && isOfNoInterest(key))) continue
    const match = matchOf(mount, key, candidates, facts)
    if (match?.candidate.here === undefined) {
      if (match !== undefined && isNeeded(mount)) lost.push(match)
      continue
    }
    const verdict = compare(match, facts)
    if (verdict === 'gone') continue
    const known = found.get(key)
    if (verdict === 'other') {
      if (isNeeded(mount)) mismatches.push(match)
    } else if (known === undefined) found.set(key, match)
    else if (isNeeded(mount) && known.candidate.here?.path !== match.candidate.here.path)
      ambiguous.add(key)
  }
  // One option cannot say two directories: the caller has to look.
  const clear = [...found.values()].filter(({ key }) => !ambiguous.has(key))
  return { found: clear.sort((a, b) => (a.key < b.key ? -1 : 1)), mismatches, lost }
}

const matchOf = (
  mount: Mount,
  key: Bytes,
  candidates: readonly Candidate[],
  { isThisBoot }: MatchFacts,
): Match | undefined => {
  const isThere = (one: Candidate): boolean => one.place === mount.mountpoint
  // Those with one address are one directory, whatever they are called.
  const byAddress = candidates.findLast(({ here }) => isSameAddress(here?.address, mount))
  const match = (candidate: Candidate | undefined, by: By): Match | undefined =>
    candidate && { mount, key, candidate, by }
  const written = [normal(key), mount.mountpoint]
  return (
    // Other numbers mean nothing for long: those of tmpfs and the like are given again.
    match(isThisBoot && mount.major !== 0 ? byAddress : undefined, 'device and path') ??
    // A later one lies over an earlier one.
    match(candidates.findLast(isThere), 'destination') ??
    match(
      candidates.findLast(({ destination }) => written.includes(normal(fromText(destination)))),
      'key',
    ) ??
    match(byAddress, 'device and path')
  )
}

const isSameAddress = (address: Address | undefined, { major, minor, root }: Mount): boolean =>
  address?.device === `${major}:${minor}` && address.path === root

/** `gone`: it was in memory, and what is there now is not that. */
const compare = (
  { mount, candidate: { here } }: Match,
  { isThisBoot, isMounted }: MatchFacts,
): 'fits' | 'other' | 'gone' => {
  const { fstype, major, minor, root, upper } = mount
  const device = `${major}:${minor}`
  const place = placeOf({
    isHostTree: false,
    isStillMounted: false,
    recorded: { fstype, device, root, upper: undefined },
    given: here?.address && { ...here.address, upper: here.upper, isUpper: false },
    isThisBoot,
    isMountedSince: false,
    isRecordedMounted: isMounted(device),
  })
  // A directory of an overlay of this host: that the path fits has to do.
  if (place.is !== 'elsewhere' || (upper !== undefined && here?.address?.path === root))
    return 'fits'
  return IN_MEMORY.has(fstype) ? 'gone' : 'other'
}

const FILES = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/run/.containerenv']

/** What runtimes mount for themselves: single files, devices, and views of the kernel. No link of a dump is there. */
export const isOfNoInterest = (key: Bytes): boolean => {
  const path: string = normal(key)
  return (
    /^\/(?:proc|sys)(?:\/|$)/.test(path) ||
    /^\/dev\/(?!shm(?:\/|$))/.test(path) ||
    path.endsWith('/.empty-directory') ||
    path === '/console' ||
    FILES.includes(path)
  )
}
