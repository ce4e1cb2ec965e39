// For each mount the provider of its contents: the caller's root or external directory, directly or
// as a bind of it; a file system that is still mounted here; or nothing, because it died.
import type { Bytes } from '../bytes.js'
import type { Checkpoint, Mount } from '../checkpoint/model.js'
import { mountsById } from '../checkpoint/mounts.js'
import { IN_MEMORY } from '../file-systems.js'
import { groupBy } from '../group.js'
import type { HostMount } from '../host/mountinfo.js'
import { isAfter, type Time } from '../time.js'
import { below, isWithin, join, ROOT } from '../paths.js'
import { escape, escapeText, shellQuote, toText } from '../escape.js'
import { atTheDump, canHold, isSame, missingExternal, missingRoot } from './at-the-dump.js'
import type { MissingOption, PlanOptions, Provider, Providers } from './planned.js'

const none = (reason: string, next: string, option?: MissingOption): Provider =>
  option === undefined ? { kind: 'none', reason, next } : { kind: 'none', reason, next, option }

/** What CRIU itself may use is what the caller allows with this. */
const AUTO: MissingOption = ['--external', 'mnt[]']

const superblock = ({ major, minor, fstype }: Mount): string => `${major}:${minor} ${fstype}`

export const isNamespaceRoot = (mount: Mount, all: ReadonlyMap<number, Mount>): boolean =>
  mount.mountpoint === ROOT && (mount.parentId === mount.mntId || !all.has(mount.parentId))

/** Answers for every mount of the checkpoint, found when they are asked for. */
export const resolveProviders = (checkpoint: Checkpoint, options: PlanOptions): Providers => {
  const all = mountsById(checkpoint.namespaces)
  const roots = rootRows(checkpoint, all)
  const direct = new Map<number, Provider>()
  for (const mount of all.values()) {
    const provider =
      gone(mount, options) ??
      (roots.has(mount.mntId) ? rootProvider(mount, options) : external(mount, options))
    if (provider !== undefined) direct.set(mount.mntId, provider)
  }
  const groups = groupBy(
    [...direct.keys()].map((mntId) => all.get(mntId) as Mount),
    superblock,
  )
  const resolve = (mount: Mount): Provider =>
    direct.get(mount.mntId) ??
    bindOf(mount, groups.get(superblock(mount)) ?? [], direct) ??
    stillMounted(mount, options, checkpoint.times.written)
  const known = new Map<number, Provider>()
  return {
    get: (mntId) => {
      const mount = all.get(mntId)
      const provider = known.get(mntId) ?? (mount && resolve(mount))
      if (provider !== undefined) known.set(mntId, provider)
      return provider
    },
  }
}

const gone = ({ mountpoint, external }: Mount, options: PlanOptions): Provider | undefined =>
  options.gone.has(mountpoint) || (external !== undefined && options.gone.has(external.key))
    ? { kind: 'gone' }
    : undefined

/** The rows that --root stands for: the root of the root task's namespace. */
const rootRows = (checkpoint: Checkpoint, all: ReadonlyMap<number, Mount>): Set<number> => {
  const rows: Mount[] = []
  for (const { isRoot, mounts } of checkpoint.namespaces)
    if (isRoot !== false) rows.push(...mounts.filter((mount) => isNamespaceRoot(mount, all)))
  // Cut images may not tell which namespace is the root one. It matters only where they differ.
  const kinds = new Set(rows.map((row) => `${superblock(row)} ${row.root}`))
  return new Set(kinds.size > 1 ? [] : rows.map((row) => row.mntId))
}

const rootProvider = (mount: Mount, { root, lostRoot, host }: PlanOptions): Provider => {
  if (root !== undefined) return { kind: 'root', path: root, sub: ROOT }
  return lostRoot === undefined
    ? none(
        'no root was given',
        `add --root with the host path of the rootfs${atTheDump(mount, host)}`,
        missingRoot(mount, host),
      )
    : none(
        `the root file system is not there any more: ${escapeText(lostRoot)}`,
        'was it removed for good? then --gone / says so; if not, add --root with the place where it is now',
        ['--gone', '/'],
      )
}

const external = (mount: Mount, { externals, lost, host }: PlanOptions): Provider | undefined => {
  if (mount.external === undefined) return undefined
  const { kind, key } = mount.external
  const text = escape(key)
  if (kind === 'mapped') {
    const path = externals.mapped.get(key)
    if (path !== undefined) return { kind: 'external', key, path, sub: ROOT }
    // What runtimes mount for one container, /dev/shm for example, they unmount when it ends.
    if (IN_MEMORY.has(mount.fstype)) return { kind: 'stand-in' }
    const source = lost?.get(key)
    if (source !== undefined) return lostSource(source, key)
    return none(
      'its external mount was not given',
      `add --external ${shellQuote(`mnt[${text}]:PATH`)}, the host directory of ${escape(mount.mountpoint)}${atTheDump(mount, host)}`,
      missingExternal(mount, key, host),
    )
  }
  if (kind === 'device') {
    const name = /^dev\[(.*)\]$/s.exec(key)?.[1] ?? key
    const device = externals.devices.get(name as Bytes)
    if (device === undefined)
      return none(
        'its device was not given',
        `add --external ${shellQuote(`dev[${escape(name as Bytes)}]:/dev/NAME`)}`,
      )
    const row = host.mounts.findLast((other) => other.source === device && canHold(other, mount))
    return row === undefined
      ? none(`${escape(device)} is not mounted here`, 'mount it and try again')
      : asHost(row, mount)
  }
  // CRIU found it by itself, but the caller may know better where it is now.
  const path = externals.mapped.get(mount.mountpoint)
  if (path !== undefined) return { kind: 'external', key: mount.mountpoint, path, sub: ROOT }
  if (!externals.auto && IN_MEMORY.has(mount.fstype)) return { kind: 'stand-in' }
  if (!externals.auto)
    return none(
      'CRIU found its external mount by itself',
      "add --external 'mnt[]' to let criu-gc do so too",
      AUTO,
    )
  // The image's host path is only compared with what the kernel says is mounted, never opened.
  // CRIU writes there on what it lay: that mount's place and the path below it.
  const source = mount.source.replace(/^\/+/, '/')
  const row = host.mounts.findLast(
    (other) =>
      isSame(other, mount) &&
      canHold(other, mount) &&
      join(other.mountpoint, below(mount.root as Bytes, other.root)) === source,
  )
  if (row !== undefined) return asHost(row, mount)
  if (IN_MEMORY.has(mount.fstype)) return { kind: 'stand-in' }
  const option = `--external ${shellQuote(`mnt[${escape(mount.mountpoint)}]:PATH`)}`
  return none(
    `nothing with its device number is mounted on ${escape(mount.source)} any more`,
    `mount it, or add ${option} with the host directory where it is now`,
  )
}

/** The runtime tells what was mounted there. */
const lostSource = (source: string, key: Bytes): Provider => {
  const [text, word] = [escape(key), toText(key)]
  return none(
    `what was mounted there is not there any more: ${escapeText(source)}`,
    `was it removed for good? then --gone ${shellQuote(text)} says so; if not, add --external ${shellQuote(`mnt[${text}]:PATH`)} with the place where it is now`,
    word === undefined ? undefined : ['--gone', word],
  )
}

const asHost = (row: HostMount, mount: Mount): Provider => ({
  kind: 'host',
  mount: row,
  path: row.mountpoint,
  sub: below(mount.root as Bytes, row.root),
})

/** A bind of a root or external mount: one device number is one superblock while it is mounted. */
const bindOf = (
  mount: Mount,
  group: readonly Mount[],
  direct: ReadonlyMap<number, Provider>,
): Provider | undefined => {
  const { root } = mount
  if (root === undefined) return undefined
  if (mount.deleted)
    return none('the directory that was mounted there had been removed', 'look at the link by hand')
  let best: Mount | undefined
  for (const other of group) {
    if (other.root === undefined || !isWithin(root, other.root)) continue
    if (best === undefined || rank(other, direct) > rank(best, direct)) best = other
  }
  const provider = best === undefined ? undefined : direct.get(best.mntId)
  if (best?.root === undefined || provider === undefined) return undefined
  if (!('sub' in provider)) return provider
  return { ...provider, sub: join(provider.sub, below(root, best.root)) }
}

/** A provider that is there before one that is missing, then the one nearest to the bind. */
const rank = (mount: Mount, direct: ReadonlyMap<number, Provider>): number =>
  (direct.get(mount.mntId)?.kind === 'none' ? 0 : 10_000) + (mount.root?.length ?? 0)

const stillMounted = (
  mount: Mount,
  options: PlanOptions,
  writtenAt: Time | undefined,
): Provider => {
  const thisBoot = writtenAt !== undefined && isAfter(writtenAt, options.host.bootedAt)
  const rows = thisBoot
    ? options.host.mounts.filter((row) => isSame(row, mount) && canHold(row, mount))
    : []
  // Later rows lie over earlier ones at the same place.
  const row = rows.findLast((other) => other.source === mount.source && fits(other, mount))
  // An image alone must not choose a host directory: the caller gave the host's own root, whose mounts
  // these are, or allowed what CRIU allows with the same option.
  if (row !== undefined && (options.root === ROOT || options.externals.auto))
    return asHost(row, mount)
  if (IN_MEMORY.has(mount.fstype)) return { kind: 'stand-in' }
  const consent = "add --external 'mnt[]' to let criu-gc use it"
  const name = `its file system (${escapeText(mount.fstype)}, ${escape(mount.source)})`
  return row === undefined
    ? none(`${name} is not mounted here`, `mount it, and ${consent}`)
    : none(`${name} was not given, but is mounted on ${escape(row.mountpoint)}`, consent, AUTO)
}

const fits = (row: HostMount, mount: Mount): boolean =>
  mount.fstype === 'unsupported' || row.fstype === mount.fstype
