// The mounts of a living container, each by an fd on its root. Nothing is made or attached: its own namespaces are
// there, and held by the fds of their roots.
import type { LivingNamespace } from '../host/living/namespaces.js'
import { isRemoteIn } from '../host/living/namespaces.js'
import { mountIdOf } from '../host/address.js'
import { isRemote } from '../host/remote.js'
import { relative } from '../paths.js'
import type { Attachment, Plan } from '../plan/planned.js'
import { IN_NAMESPACE, O_PATH } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Sys } from '../sys/sys.js'
import type { Constructed, ConstructedMount } from './construct.js'
import { makeStandIn } from './stand-in.js'

export const enter = (sys: Sys, plan: Plan, living: readonly LivingNamespace[]): Constructed => {
  const mounts = new Map<number, ConstructedMount>()
  const roots = new Map<number, number>()
  const remote = new Set<number>()
  for (const { id, attachments } of plan.namespaces) {
    const namespace = living.find((one) => one.id === id)
    if (namespace === undefined) continue
    roots.set(id, namespace.root)
    if (namespace.mounts.some(isRemote)) remote.add(id)
    for (const attachment of attachments)
      mounts.set(attachment.mount.mntId, open(sys, namespace, attachment))
  }
  return { mounts, roots, remote }
}

const open = (sys: Sys, namespace: LivingNamespace, attachment: Attachment): ConstructedMount => {
  const { mount, provider } = attachment
  const path = relative(mount.mountpoint)
  const { root, id: nsId } = namespace
  const silence = isRemoteIn(namespace, mount.mountpoint)
    ? sys.answers(root, path, IN_NAMESPACE)
    : 0
  const fd = silence < 0 ? silence : sys.tryOpenat2(root, path, O_PATH, IN_NAMESPACE)
  if (fd >= 0 && mountIdOf(fd) === mount.mntId && provider.kind === 'living') {
    const { major, minor, root: from, upper } = provider.mount
    const stat = sys.fstatCached(fd)
    return {
      ...{ attachment, nsId, fd, aside: fd, asideId: stat.mntId, stat },
      remote: isRemote(provider.mount),
      reborn: false,
      given: { device: `${major}:${minor}`, path: from, upper, isUpper: false },
      ...{ contents: 'provider', state: 'attached' },
      ...{ problem: undefined, next: undefined, loss: undefined },
    }
  }
  const problem = fd < 0 ? `it cannot be reached (${errnoName(-fd)})` : 'another mount covers it'
  if (fd >= 0) sys.close(fd)
  const nothing = makeStandIn(sys)
  const stat = sys.fstat(nothing)
  return {
    ...{ attachment, nsId, fd: nothing, aside: nothing, asideId: stat.mntId, stat },
    ...{ remote: false, reborn: false, given: undefined },
    ...{ contents: 'stand-in', state: 'detached' },
    ...{ problem, next: 'see what is mounted there now', loss: 'unreachable' },
  }
}
