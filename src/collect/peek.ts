// Which links are there, without any namespace: for a list. It proves nothing, and nothing is removed by it.
import type { Bytes } from '../bytes.js'
import type { Host } from '../host/host.js'
import { below, join, relative, ROOT } from '../paths.js'
import type { Attachment, Plan, PlannedRemap } from '../plan/planned.js'
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  IN_NAMESPACE,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
} from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'

export interface Peeked {
  readonly listed: number
  /** Something has the name of a link. */
  readonly there: number
  /** Its file system died with the container, or was removed for good. */
  readonly lost: number
  /** Nobody can say without more options, or without asking somebody else. */
  readonly unknown: number
}

export const peek = (sys: Sys, host: Host, plan: Plan): Peeked => {
  const attachments = new Map(
    plan.namespaces.flatMap(({ attachments: all }) => all.map((one) => [one.mount.mntId, one])),
  )
  const count = { listed: 0, there: 0, lost: 0, unknown: 0 }
  for (const planned of plan.remaps) {
    if (planned.kind === 'duplicate') continue
    count.listed += 1
    const place = placeOf(planned, attachments)
    if (typeof place === 'string') count[place] += 1
    else {
      const seen = look(sys, host, place)
      if (seen !== 'absent') count[seen] += 1
    }
  }
  return count
}

interface Place {
  /** Of this host. */
  readonly top: Bytes
  /** Below it, which a container may control. */
  readonly dir: Bytes
  readonly base: Bytes
}

const placeOf = (
  planned: PlannedRemap,
  attachments: ReadonlyMap<number, Attachment>,
): Place | 'lost' | 'unknown' => {
  if (planned.kind !== 'reach') return planned.kind === 'kept' ? 'unknown' : 'lost'
  const { mount, via, dir, base } = planned
  if (mount === undefined) return { top: ROOT, dir, base }
  const provider = attachments.get(mount.mntId)?.provider
  if (provider === undefined || provider.kind === 'none') return 'unknown'
  if (!('path' in provider)) return 'lost'
  const inMount = via === 'mount' ? dir : below(dir, mount.mountpoint)
  return { top: provider.path, dir: join(provider.sub, inMount), base }
}

const look = (sys: Sys, host: Host, { top, dir, base }: Place): 'there' | 'absent' | 'unknown' => {
  if (host.ask(top) < 0) return 'unknown'
  const root = sys.tryOpenat(AT_FDCWD, top, O_PATH | O_DIRECTORY | O_NOFOLLOW)
  if (root < 0) return 'unknown'
  try {
    // Whoever serves it may never answer.
    if (host.isRemote(root)) return 'unknown'
    const fd = sys.tryOpenat2(root, relative(dir), O_PATH | O_DIRECTORY, IN_NAMESPACE)
    if (fd < 0) return 'absent'
    try {
      return sys.tryStat(fd, base, AT_SYMLINK_NOFOLLOW) < 0 ? 'absent' : 'there'
    } finally {
      sys.close(fd)
    }
  } finally {
    sys.close(root)
  }
}
