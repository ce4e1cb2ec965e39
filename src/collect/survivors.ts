// Whether a link on a file system in memory that we cannot reach really died: it lives as long as any mount
// namespace of this machine has that mounted. Looked at before privileges are dropped, because each look
// enters a namespace.
import type { Bytes } from '../bytes.js'
import type { Mount } from '../checkpoint/model.js'
import { escape, shellQuote } from '../escape.js'
import { groupBy } from '../group.js'
import type { Host } from '../host/host.js'
import type { Holding } from '../host/holders.js'
import type { HostMount } from '../host/mountinfo.js'
import type { AllNamespaces, NamespaceTable } from '../host/namespaces.js'
import { isRemote, isRemoteAt } from '../host/remote.js'
import { below, isWithin, join, relative, ROOT } from '../paths.js'
import type { Plan, PlannedRemap } from '../plan/planned.js'
import { isAlive, judgeDeath, type Sighting } from '../proof/death.js'
import type { Consent } from '../proof/doubts.js'
import { ENOENT, IN_MOUNT, IN_NAMESPACE, O_PATH } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import { isAfter, type Time } from '../time.js'
import { explainUnseen, VANISHED } from './explain.js'
import { kept, type Outcome } from './outcome.js'

type Vanished = Extract<PlannedRemap, { kind: 'vanished' | 'gone' }>

/** Rows of the tables that a look at the vanished mounts of a plan needs; undefined without any. */
export const isLikeVanished = (plan: Plan): ((row: HostMount) => boolean) | undefined => {
  const wanted = new Set(plan.remaps.filter(isVanished).map(({ mount }) => likeness(mount)))
  return wanted.size === 0 ? undefined : (row) => wanted.has(likeness(row))
}

const isVanished = (planned: PlannedRemap): planned is Vanished => planned.kind === 'vanished'

const likeness = ({ major, minor, fstype }: HostMount | Mount): string =>
  `${major}:${minor} ${fstype}`

/** One mount namespace of this machine; ours has no holder. */
interface Table extends Omit<NamespaceTable, 'holder'> {
  readonly holder: NamespaceTable['holder'] | undefined
}

/** An outcome for each remap whose file system is no more, or may be no more. */
export const lookForSurvivors = (
  sys: Sys,
  plan: Plan,
  host: Pick<Host, 'mounts' | 'root'>,
  others: AllNamespaces,
  accept: Consent,
  end: Time,
): Map<PlannedRemap, Outcome> => {
  const outcomes = new Map<PlannedRemap, Outcome>()
  const { mounts } = host
  const ours: Table = {
    holder: undefined,
    mounts,
    hasRemote: mounts.some(isRemote),
    openRoot: host.root,
  }
  const byMount = groupBy(plan.remaps.filter(isVanished), ({ mount }) => mount)
  for (const [mount, remaps] of byMount) {
    const looks = withoutTwins(
      [ours, ...others.tables].flatMap((table) => looksIn(sys, table, mount, end)),
      mount,
    )
    for (const remap of remaps) outcomes.set(remap, outcomeOf(remap, looks, others.unseen, accept))
    for (const { end } of looks) end()
  }
  return outcomes
}

/** A mount that may be the one, open for looks. */
interface Look {
  readonly table: Table
  readonly row: HostMount
  readonly isOpen: boolean
  readonly look: (remap: Vanished) => Sighting
  readonly end: () => void
}

const looksIn = (sys: Sys, table: Table, mount: Mount, end: Time): Look[] =>
  table.mounts
    .filter((row) => likeness(row) === likeness(mount))
    .flatMap((row) => {
      // Before Linux 6.13 the kernel does not list it.
      const isSameSource = row.source === mount.source || row.source === ''
      const fd = openMount(sys, table, row)
      if (fd >= 0 && isYounger(sys, fd, row, end)) {
        sys.close(fd)
        return []
      }
      return {
        table,
        row,
        isOpen: fd >= 0,
        look: ({ remap: { link } }) => ({
          isSameSource,
          link: fd < 0 ? 'unseen' : lookFor(sys, fd, row, mount, link),
        }),
        end: () => {
          if (fd >= 0) sys.close(fd)
        },
      }
    })

/**
 * Many namespaces may have the file system mounted: what is seen in one of them is so in all, and each link
 * is looked for once. What only tells them apart in messages is the place.
 */
const withoutTwins = (looks: readonly Look[], { mountpoint }: Mount): Look[] => {
  const seen = new Set<string>()
  return looks.filter(({ row, isOpen, end }) => {
    if (!isOpen) return true
    const key = `${row.mountpoint === mountpoint} ${row.source}\0${row.root}`
    if (!seen.has(key)) return seen.add(key)
    end()
    return false
  })
}

/** Its number was given again: the one that the dump saw is dead. */
const isYounger = (sys: Sys, fd: number, { root }: HostMount, end: Time): boolean => {
  const { btime } = sys.fstatCached(fd)
  return root === ROOT && btime !== undefined && isAfter(btime, end)
}

/** An fd on the root of the very mount, or -errno; another one may cover it. */
const openMount = (sys: Sys, table: Table, row: HostMount): number => {
  const { mountpoint } = row
  // Nobody knows where it is.
  if (mountpoint === '') return ENOENT
  const root = table.openRoot()
  if (root < 0) return root
  // A file system that others serve may make a look wait for ever. Where ours are is known; of another
  // namespace only that it has one.
  const asksFirst =
    table.holder === undefined ? isRemoteAt(table.mounts, mountpoint) : table.hasRemote
  if (asksFirst && sys.answers(root, relative(mountpoint), IN_NAMESPACE) < 0) {
    sys.close(root)
    return ENOENT
  }
  const fd = sys.tryOpenat2(root, relative(mountpoint), O_PATH, IN_NAMESPACE)
  sys.close(root)
  if (fd < 0) return fd
  const { major, minor } = sys.fstatCached(fd)
  if (major === row.major && minor === row.minor) return fd
  sys.close(fd)
  return ENOENT
}

/** Only ENOENT for the link itself, on the very mount, says that it is gone. */
const lookFor = (
  sys: Sys,
  fd: number,
  row: HostMount,
  { root, mountpoint }: Mount,
  link: Bytes,
): Sighting['link'] => {
  if (root === undefined) return 'unseen'
  const path = join(root, below(link, mountpoint))
  if (!isWithin(path, row.root)) return 'unseen'
  const found = sys.tryOpenat2(fd, relative(below(path, row.root)), O_PATH, IN_MOUNT)
  if (found < 0) return found === ENOENT ? 'missing' : 'unseen'
  sys.close(found)
  return 'there'
}

const outcomeOf = (
  remap: Vanished,
  looks: readonly Look[],
  unseen: string | undefined,
  accept: Consent,
): Outcome => {
  const { mount } = remap
  const seen = looks.map(({ table, row, look }) => ({ table, row, sighting: look(remap) }))
  const verdict = judgeDeath(
    seen.map(({ sighting }) => sighting),
    unseen === undefined,
  )
  if (verdict === 'unknown')
    return accept.has('unseen')
      ? { ...VANISHED, proven: false }
      : explainUnseen(mount, unseen ?? '')
  const alive = verdict === 'alive' ? seen.find(({ sighting }) => isAlive(sighting)) : undefined
  if (alive !== undefined) return stillThere(mount, alive.table, alive.row)
  // A container that lives has it still, without the link.
  const living = seen.find(
    ({ row, sighting }) =>
      sighting.link === 'missing' && sighting.isSameSource && row.mountpoint === mount.mountpoint,
  )
  return living === undefined
    ? VANISHED
    : {
        verdict: 'absent',
        message: `its ${escape(mount.fstype as Bytes)} is still mounted${inText(living.table)}, and the link is not in it`,
      }
}

const stillThere = (mount: Mount, table: Table, row: HostMount): Outcome => {
  const where = `its ${escape(mount.fstype as Bytes)} is still mounted`
  const place = escape(row.mountpoint)
  return table.holder === undefined
    ? kept('unreachable', `${where} here on ${place}`, consent(mount, row))
    : kept('unreachable', `${where} on ${place}${inText(table)}`, whatNext(table.holder()))
}

const whatNext = ({ pid, isInside }: Holding): string =>
  isInside === true && pid !== undefined
    ? `if that is the container, the same with --pid ${pid} removes it there; otherwise stop what keeps that`
    : 'stop what keeps that'

const inText = ({ holder }: Table): string =>
  holder === undefined ? ' here' : ` in ${holder().text}`

const consent = ({ external, root }: Mount, row: HostMount): string => {
  if (external?.kind !== 'mapped') return "add --external 'mnt[]' to let criu-gc use it"
  const place =
    root === undefined || !isWithin(root, row.root)
      ? row.mountpoint
      : join(row.mountpoint, below(root, row.root))
  return `add --external ${shellQuote(`mnt[${escape(external.key)}]:${escape(place)}`)}`
}
