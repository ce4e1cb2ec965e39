// The whole order of a run: images → checkpoint → plan → namespaces → collect → report.
import { fromText, type Bytes } from './bytes.js'
import { readFrom } from './checkpoint/checkpoint.js'
import { collect } from './collect/collect.js'
import { dumpTimes, uptime } from './host/clock.js'
import { keepLiving, wantedOf } from './host/elsewhere.js'
import { addressBelow, addressOfFd, rowOf } from './host/address.js'
import { hostAddress, mountpointTest, placementOf } from './host/evidence.js'
import { otherNamespaces } from './host/namespaces.js'
import { answersAt, isRemoteAt, remoteTest } from './host/remote.js'
import { hostView } from './host/view.js'
import { lockImages } from './host/lock.js'
import { ImageDirectory } from './images/directory.js'
import { construct } from './namespaces/construct.js'
import { openRoot } from './namespaces/root.js'
import { parseExternals, type ExternalOption } from './plan/external.js'
import { planCollection } from './plan/plan.js'
import type { Command, Report } from './report/model.js'
import { dropPrivileges } from './privilege/drop.js'
import { AT_FDCWD, O_DIRECTORY, O_PATH } from './sys/constants.js'
import type { Sys } from './sys/sys.js'

export interface RunOptions {
  readonly command: Command
  /** Absolute host paths. */
  readonly imagesDir: string
  readonly root: string | undefined
  readonly externals: readonly ExternalOption[]
  readonly mounts: 'remaps' | 'all'
  readonly force: boolean
  readonly keepLastLink: boolean
  readonly onProgress: (done: number, total: number) => void
}

/**
 * One run, synchronous from end to end; the calling thread ends in a mount namespace of its own.
 * @throws GcError for whatever ends a run as a whole, with nothing touched.
 */
export const run = (sys: Sys, options: RunOptions): Report => {
  const images = new ImageDirectory(options.imagesDir)
  lockImages(sys, images)
  const checkpoint = readFrom(images)
  const host = hostView()
  const root =
    options.root === undefined ? undefined : openRoot(sys, fromText(options.root), host.mounts)
  const externals = parseExternals(options.externals)
  const planned = planCollection(checkpoint, { root, externals, mounts: options.mounts, host })
  if (planned.remaps.length === 0 && planned.namespaces.length === 0)
    return { command: options.command, checkpoint, mounts: [], remaps: [] }

  const others =
    planned.remaps.length === 0
      ? { tables: [], unseen: undefined }
      : otherNamespaces(sys, wantedOf(planned))
  const plan = keepLiving(
    sys,
    planned,
    [host, ...others.tables],
    options.force ? undefined : others.unseen,
  )
  const { writtenAt, begunAt } = dumpTimes(checkpoint, Date.now() / 1000, uptime())
  const constructed = construct(sys, plan, {
    writtenAt,
    ask: (path) => answersAt(sys, host.mounts, path),
    addressOf: (fd) => addressOfFd(sys, host.mounts, fd),
    isRemote: remoteTest(host.mounts),
    isOn: (fd, { mntId }) => rowOf(host.mounts, fd)?.mntId === mntId,
  })
  const hostRoot = sys.openat(AT_FDCWD, '/' as Bytes, O_PATH | O_DIRECTORY)
  dropPrivileges(sys)
  const outcomes = collect(sys, plan, constructed, {
    remove: options.command === 'clean',
    force: options.force,
    keepLastLink: options.keepLastLink,
    writtenAt,
    begunAt,
    hostRoot,
    isRemoteAt: (path) => isRemoteAt(host.mounts, path),
    isMountpoint: mountpointTest([host, ...others.tables]),
    placementOf: ({ attachment, address }) => placementOf(attachment.mount, address),
    addressOf: (mount, directory, stat) =>
      mount === undefined
        ? hostAddress(host.mounts, directory, stat)
        : addressBelow(mount.address, directory),
    onProgress: (done) => {
      options.onProgress(done, plan.remaps.length)
    },
  })
  return {
    command: options.command,
    checkpoint,
    mounts: [...constructed.mounts.values()],
    remaps: plan.remaps.map((one, index) => ({
      planned: one,
      outcome: outcomes[index] ?? { verdict: 'failed', message: 'not looked at' },
    })),
  }
}
