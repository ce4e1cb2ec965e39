// Whether a link on a memory file system that we cannot reach really died: the file system lives on
// while any process has it mounted, and so does the link in it.
import { concat, type Bytes } from '../bytes.js'
import type { LinkRemap, Mount } from '../checkpoint/model.js'
import { below, isWithin, join, relative, ROOT } from '../paths.js'
import type { Plan, PlannedRemap } from '../plan/model.js'
import { escape, shellQuote } from '../escape.js'
import { AT_FDCWD, ENOENT, IN_MOUNT, IN_NAMESPACE, O_DIRECTORY, O_PATH } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { HostMount } from './mountinfo.js'
import { isRemoteAt } from './remote.js'

/** One mount namespace of this machine; without a pid it is ours. */
export interface MountTable {
  readonly pid?: number | undefined
  readonly mounts: readonly HostMount[]
}

type Vanished = Extract<PlannedRemap, { kind: 'vanished' }>

/** Turns "vanished" into "kept" where the link is found to live on somewhere, or may be where we do not see. */
export const keepLiving = (
  sys: Sys,
  plan: Plan,
  tables: readonly MountTable[],
  whyUnseen: () => string | undefined,
): Plan => {
  if (!plan.remaps.some(({ kind }) => kind === 'vanished')) return plan
  const unseen = whyUnseen()
  return {
    ...plan,
    remaps: plan.remaps.map((planned) =>
      planned.kind === 'vanished'
        ? (living(sys, planned, tables) ?? hidden(planned, unseen) ?? planned)
        : planned,
    ),
  }
}

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
  for (const { pid, mounts } of tables) {
    const row = mounts.find(
      (one) => isLike(one, mount) && hasLink(sys, { pid, mounts }, one, mount, remap),
    )
    if (row === undefined) continue
    const place = escape(row.mountpoint)
    return {
      kind: 'kept',
      reason: 'unreachable',
      remap,
      mount,
      message:
        pid === undefined
          ? `its ${mount.fstype} is still mounted here on ${place}`
          : `its ${mount.fstype} is still mounted on ${place} in the mount namespace of process ${pid}`,
      next:
        pid === undefined
          ? consent(mount, row)
          : 'stop that process, or remove the link inside its namespace',
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
  if (mount.root === undefined) return row.source === mount.source
  const path = join(mount.root, below(link, mount.mountpoint))
  const found = isWithin(path, row.root) ? look(sys, table, row, below(path, row.root)) : 'unseen'
  return found === 'unseen' ? row.source === mount.source : found === 'there'
}

type Sight = 'there' | 'gone' | 'unseen'

/** Only ENOENT for the link itself, on the very mount, says that it is gone. */
const look = (sys: Sys, { pid, mounts }: MountTable, row: HostMount, path: Bytes): Sight => {
  const start = pid === undefined ? ROOT : concat(`/proc/${pid}/root`)
  const root = sys.tryOpenat(AT_FDCWD, start, O_PATH | O_DIRECTORY)
  if (root < 0) return 'unseen'
  try {
    // Another mount may be on the way to the link, too, or cover it.
    const link = join(row.mountpoint, path)
    if (isRemoteAt(mounts, link) && sys.answers(root, relative(link), IN_NAMESPACE) < 0)
      return 'unseen'
    const fd = sys.tryOpenat2(root, relative(row.mountpoint), O_PATH, IN_NAMESPACE)
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
  const link = sys.tryOpenat2(fd, relative(path), O_PATH, IN_MOUNT)
  if (link < 0) return link === ENOENT ? 'gone' : 'unseen'
  sys.close(link)
  return 'there'
}
