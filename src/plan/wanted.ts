// Links of checkpoints that are to be kept, by where they are: an inode alone does not tell whose link it is.
import type { Bytes } from '../bytes.js'
import { mountsById } from '../checkpoint/mounts.js'
import type { Checkpoint, Mount } from '../checkpoint/model.js'
import { badImages } from '../errors.js'
import { addressIn, type Address } from '../host/address.js'
import type { HostMount } from '../host/mountinfo.js'
import { isAfter, type Time } from '../time.js'
import { below, isWithin, join, splitLast } from '../paths.js'

/** @throws GcError bad-images where images are to be kept that do not list all of their links. */
export const mustListAll = (checkpoint: Checkpoint): Checkpoint => {
  if (checkpoint.complete) return checkpoint
  throw badImages('these images are to be kept, and do not list all of their links', {
    where: checkpoint.directory ?? '',
    next: 'nothing was touched; give images of a whole dump with --keep',
  })
}

interface Listed {
  readonly images: string
  /** Undefined where it cannot be compared: its name alone decides. */
  readonly address: Address | undefined
}

/**
 * Since when numbers of devices mean what they mean now: those of disks since this machine was started; those of
 * file systems without a disk while they are mounted, as they are while the container lives.
 */
export interface Since {
  readonly booted: Time
  readonly started: Time
}

export class Wanted {
  private readonly byName = new Map<Bytes, Listed[]>()
  private readonly hostMounts: readonly HostMount[]
  private readonly since: Since

  constructor(hostMounts: readonly HostMount[], since: Since) {
    this.hostMounts = hostMounts
    this.since = since
  }

  add(images: string, { namespaces, remaps, times: { written } }: Checkpoint): void {
    const isSince = (time: Time): boolean => written !== undefined && isAfter(written, time)
    const { booted, started } = this.since
    const mounts = mountsById(namespaces)
    for (const { link, original } of remaps) {
      const { base } = splitLast(link)
      const mount = mounts.get(original.mntId ?? -1)
      const isComparable = isSince(mount?.major === 0 ? started : booted)
      const address = isComparable ? this.addressOf(link, mount, original.mntId) : undefined
      this.byName.set(base, [...(this.byName.get(base) ?? []), { images, address }])
    }
  }

  /** The images that list it; undefined where none does. */
  listing(row: HostMount, link: Bytes): string | undefined {
    return this.listingAt(splitLast(link).base, addressIn(row, link))
  }

  /** The same by name and place; where that cannot be found out, the name alone decides. */
  listingAt(base: Bytes, here: Address | undefined): string | undefined {
    return (this.byName.get(base) ?? []).find(
      ({ address }) =>
        address === undefined ||
        here === undefined ||
        (address.device === here.device && address.path === here.path),
    )?.images
  }

  private addressOf(
    link: Bytes,
    mount: Mount | undefined,
    mntId: number | undefined,
  ): Address | undefined {
    if (mntId === undefined) {
      const row = this.hostMounts.findLast(({ mountpoint }) => isWithin(link, mountpoint))
      return row && addressIn(row, link)
    }
    if (mount?.root === undefined || !isWithin(link, mount.mountpoint)) return undefined
    return {
      device: `${mount.major}:${mount.minor}`,
      path: join(mount.root, below(link, mount.mountpoint)),
    }
  }
}
