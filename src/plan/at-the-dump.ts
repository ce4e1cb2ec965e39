// Where the contents of a mount were at the dump, if that disk is still mounted here. A hint for people, never used: an
// image must not choose a directory of the host.
import type { Bytes } from '../bytes.js'
import type { Mount } from '../checkpoint/model.js'
import { escape, toText } from '../escape.js'
import type { HostMount } from '../host/mountinfo.js'
import { below, isWithin, join, pathProblem, ROOT } from '../paths.js'
import type { MissingOption, PlanOptions } from './planned.js'

export const isSame = (row: HostMount, mount: Mount): boolean =>
  row.major === mount.major && row.minor === mount.minor

export const canHold = (row: HostMount, mount: Mount): boolean =>
  mount.root !== undefined && isWithin(mount.root, row.root)

const placeOf = (mount: Mount, { mounts }: PlanOptions['host']): Bytes | undefined => {
  const { upper } = mount
  if (upper !== undefined) {
    const same = mounts.findLast((other) => other.upper === upper && canHold(other, mount))
    if (same !== undefined) return join(same.mountpoint, below(mount.root as Bytes, same.root))
    // Where it is not mounted: all that was written to it lies there.
    return pathProblem(upper) === undefined ? join(upper, mount.root ?? ROOT) : undefined
  }
  const row = mounts.findLast((other) => isSame(other, mount) && canHold(other, mount))
  if (row === undefined || mount.major === 0) return undefined
  return join(row.mountpoint, below(mount.root as Bytes, row.root))
}

export const atTheDump = (mount: Mount, host: PlanOptions['host']): string => {
  const place = placeOf(mount, host)
  return place === undefined ? '' : ` (at the dump: ${escape(place)})`
}

/** Undefined where it is not known, or has a name that cannot be typed as it is shown. */
export const missingRoot = (mount: Mount, host: PlanOptions['host']): MissingOption | undefined => {
  const place = typed(placeOf(mount, host))
  return place === undefined ? undefined : ['--root', place]
}

/** The same for the external mount with that key. */
export const missingExternal = (
  mount: Mount,
  key: Bytes,
  host: PlanOptions['host'],
): MissingOption | undefined => {
  const name = typed(key)
  const place = typed(placeOf(mount, host))
  return name === undefined || place === undefined
    ? undefined
    : ['--external', `mnt[${name}]:${place}`]
}

const typed = (bytes: Bytes | undefined): string | undefined =>
  bytes !== undefined && toText(bytes) === escape(bytes) ? escape(bytes) : undefined
