// Whether a link on a memory file system that we cannot reach really died: the file system lives on
// while any process has it mounted, and so does the link in it.
import type { Bytes } from '../bytes.js'
import type { LinkRemap, Mount } from '../checkpoint/model.js'
import { below, isWithin, join, relative, ROOT } from '../paths.js'
import type { Plan, PlannedRemap } from '../plan/model.js'
import { escape, shellQuote } from '../report/escape.js'
import {
  AT_FDCWD,
  ENOENT,
  O_DIRECTORY,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import { isOnLink } from './evidence.js'
import type { HostMount } from './mountinfo.js'
import type { NamespaceTable } from './namespaces.js'
import { isRemoteAt } from './remote.js'
import type { Wanted } from './table.js'

/** One mount namespace of this machine: ours has a table only. */
export type MountTable = Pick<NamespaceTable, 'mounts'> & Partial<NamespaceTable>

type Vanished = Extract<PlannedRemap, { kind: 'vanished' }>

/** Rows of other namespaces in which something of the plan may be, or that may be in its way. */
export const wantedOf = (plan: Plan): Wanted => {
  const key = ({ major, minor }: Pick<Mount, 'major' | 'minor'>): number => major * 2 ** 20 + minor
  const devices = new Set(
    plan.remaps.flatMap((one) => (one.kind === 'vanished' ? [key(one.mount)] : [])),
  )
  return (row) => devices.has(key(row)) || isOnLink(row)
}

/** Turns "vanished" into "kept" where the link is found to live on somewhere, or may be where we do not see. */
export const keepLiving = (
  sys: Sys,
  plan: Plan,
  tables: readonly MountTable[],
  unseen: string | undefined,
): Plan => ({
  ...plan,
  remaps: plan.remaps.map((planned) =>
    planned.kind === 'vanished'
      ? (living(sys, planned, tables) ?? hidden(planned, unseen) ?? planned)
      : planned,
  ),
})

const hidden = (
  { remap, mount }: Vanished,
  unseen: string | undefined,
): PlannedRemap | undefined =>
  unseen === undefined
    ? undefined
    : {
        kind: 'kept',
        reason: 'unreachable',
        remap,
        mount,
        message: `whether its ${mount.fstype} lives on is not known: ${unseen}`,
        next: 'run it as root of the host with all capabilities, when that is over; --force takes the link for gone',
      }

const living = (
  sys: Sys,
  { remap, mount }: Vanished,
  tables: readonly MountTable[],
): PlannedRemap | undefined => {
  for (const table of tables) {
    const row = table.mounts.find(
      (one) => isLike(one, mount) && hasLink(sys, table, one, mount, remap),
    )
    if (row === undefined) continue
    const place = escape(row.mountpoint)
    const holder = table.holder?.()
    return {
      kind: 'kept',
      reason: 'unreachable',
      remap,
      mount,
      message:
        holder === undefined
          ? `its ${mount.fstype} is still mounted here on ${place}`
          : `its ${mount.fstype} is still mounted on ${place} in ${holder.text}`,
      next:
        holder === undefined
          ? consent(mount, row)
          : 'stop what keeps that, or remove the link inside of it',
    }
  }
  return undefined
}

const consent = ({ external, root }: Mount, row: HostMount): string => {
  if (external?.kind !== 'mapped') return "add --external 'mnt[]' to let criu-gc use it"
  const place =
    root === undefined || !isWithin(root, row.root)
      ? row.mountpoint
      : join(row.mountpoint, below(root, row.root))
  return `add --external ${shellQuote(`mnt[${escape(external.key)}]:${escape(place)}`)}`
}

const isLike = (row: HostMount, mount: Mount): boolean =>
  row.major === mount.major && row.minor === mount.minor && row.fstype === mount.fstype

/**
 * Device numbers of memory file systems are given again, so that a number alone proves nothing: the
 * link itself has to be there. Where that cannot be seen it counts as there if the source agrees, so
 * that nothing is called gone that may live.
 */
const hasLink = (
  sys: Sys,
  table: MountTable,
  row: HostMount,
  mount: Mount,
  { link }: LinkRemap,
): boolean => {
  // Before Linux 6.13 the kernel does not list it.
  const isOfSource = row.source === mount.source || row.source === ''
  if (mount.root === undefined || row.mountpoint === '') return isOfSource
  const path = join(mount.root, below(link, mount.mountpoint))
  const found = isWithin(path, row.root) ? look(sys, table, row, below(path, row.root)) : 'unseen'
  return found === 'unseen' ? isOfSource : found === 'there'
}

type Sight = 'there' | 'gone' | 'unseen'

const FLAGS = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS

/** Only ENOENT for the link itself, on the very mount, says that it is gone. */
const look = (sys: Sys, table: MountTable, row: HostMount, path: Bytes): Sight => {
  const root = table.openRoot?.() ?? sys.tryOpenat(AT_FDCWD, ROOT, O_PATH | O_DIRECTORY)
  if (root < 0) return 'unseen'
  try {
    // Another mount may be on the way to the link, too, or cover it.
    const link = join(row.mountpoint, path)
    const isRemote = table.hasRemote ?? isRemoteAt(table.mounts, link)
    if (isRemote && sys.answers(root, relative(link), FLAGS) < 0) return 'unseen'
    const fd = sys.tryOpenat2(root, relative(row.mountpoint), O_PATH, FLAGS)
    if (fd < 0) return 'unseen'
    try {
      return lookOn(sys, fd, row, path)
    } finally {
      sys.close(fd)
    }
  } finally {
    sys.close(root)
  }
}

const lookOn = (sys: Sys, fd: number, { major, minor }: HostMount, path: Bytes): Sight => {
  const stat = sys.fstatCached(fd)
  if (stat.major !== major || stat.minor !== minor) return 'unseen'
  const link = sys.tryOpenat2(fd, relative(path), O_PATH, FLAGS | RESOLVE_NO_XDEV)
  if (link < 0) return link === ENOENT ? 'gone' : 'unseen'
  sys.close(link)
  return 'there'
}
