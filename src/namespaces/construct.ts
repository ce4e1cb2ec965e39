// Constructs the mount namespaces of the plan with system calls. Everything made here is attached in
// namespaces that only this process is in: it is gone when the process is, however that ends.
import type { Bytes } from '../bytes.js'
import { GcError } from '../errors.js'
import type { GivenPlace } from '../proof/place.js'
import { below, relative, ROOT } from '../paths.js'
import type { Attachment, Plan, PlannedNamespace } from '../plan/planned.js'
import {
  AT_FDCWD,
  CLONE_NEWNS,
  IN_NAMESPACE,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  MS_PRIVATE,
  MS_REC,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  S_IFDIR,
  S_IFMT,
} from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { SyscallError } from '../sys/syscall-error.js'
import { cloneProvider, ProviderProblem, type CloneOptions, type Loss } from './clones.js'
import { makePlace, makeStandIn } from './stand-in.js'

/** One mount of the plan as it stands now. */
export interface ConstructedMount {
  readonly attachment: Attachment
  readonly nsId: number
  /** On its root. */
  readonly fd: number
  /** A detached twin without mounts in it, where the plan wants one; else `fd`. */
  readonly aside: number
  readonly asideId: number
  readonly stat: Stat
  /** Somebody else answers look-ups in it, and may not. */
  readonly remote: boolean
  /** A file system in memory that was made after the dump. */
  readonly reborn: boolean
  /** Where its root is on this host; undefined where that cannot be found out. */
  readonly given: GivenPlace | undefined
  /** `stand-in`: not the contents that the tree saw, only the places for other mounts. */
  readonly contents: 'provider' | 'stand-in'
  /** `detached`: good to use by its fd, though its place in the namespace is not there. */
  readonly state: 'attached' | 'detached'
  /** Why it is a stand-in against the plan, or detached. */
  readonly problem: string | undefined
  readonly next: string | undefined
  readonly loss: Loss | undefined
}

export interface Constructed {
  /** By mnt_id, which is unique over all namespaces of a dump. */
  readonly mounts: ReadonlyMap<number, ConstructedMount>
  /** Root fds by namespace id. */
  readonly roots: ReadonlyMap<number, number>
  /** Ids of namespaces in which a path may lead over a mount that never answers. */
  readonly remote: ReadonlySet<number>
}

const MOVE_BY_FD = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH

/**
 * From the first unshare on the calling thread is in namespaces of its own and stays there: nothing
 * may run on another thread (no promise, no stream), and nothing may be loaded.
 * @throws SyscallError where the kernel refuses a step that everything rests on.
 */
export const construct = (sys: Sys, plan: Plan, options: CloneOptions): Constructed => {
  const mounts = new Map<number, ConstructedMount>()
  const covered = new Set(
    [...plan.remaps, ...plan.ghosts].map((remap) =>
      remap.kind === 'reach' && remap.via === 'mount' ? remap.mount?.mntId : undefined,
    ),
  )
  for (const { id, attachments } of plan.namespaces)
    for (const attachment of attachments)
      mounts.set(
        attachment.mount.mntId,
        prepare(sys, id, attachment, covered.has(attachment.mount.mntId), options),
      )
  const roots = new Map<number, number>()
  const remote = new Set([...mounts.values()].flatMap((one) => (one.remote ? [one.nsId] : [])))
  if (mounts.size === 0) return { mounts, roots, remote }
  const base = enterBase(sys)
  for (const namespace of plan.namespaces) {
    const root = constructNamespace(sys, namespace, mounts, remote.has(namespace.id))
    if (root !== undefined) roots.set(namespace.id, root)
    // Back to the copy of the caller's namespace: what is a mount point there, the kernel protects
    // from us with EBUSY.
    sys.setns(base, CLONE_NEWNS)
  }
  sys.close(base)
  return { mounts, roots, remote }
}

const prepare = (
  sys: Sys,
  nsId: number,
  attachment: Attachment,
  wantsAside: boolean,
  options: CloneOptions,
): ConstructedMount => {
  const { provider } = attachment
  const common = { attachment, nsId, state: 'detached' } as const
  const standIn = (
    problem?: string,
    next?: string,
    loss?: Loss,
    given?: GivenPlace,
  ): ConstructedMount => {
    const fd = makeStandIn(sys)
    const stat = sys.fstat(fd)
    const aside = { aside: fd, asideId: stat.mntId }
    const made = { ...common, fd, ...aside, stat, remote: false, reborn: false, given }
    return { ...made, contents: 'stand-in', problem, next, loss }
  }
  if (provider.kind === 'stand-in' || provider.kind === 'gone') return standIn()
  if (provider.kind === 'none') return standIn(provider.reason, provider.next)
  try {
    const { mount } = attachment
    const { fd, remote, reborn, given } = cloneProvider(sys, provider, mount, options)
    const contents = 'provider'
    const fine = { problem: undefined, next: undefined, loss: undefined }
    const stat = sys.fstat(fd)
    const aside = wantsAside ? cloneProvider(sys, provider, mount, options).fd : fd
    const asideId = wantsAside ? sys.fstat(aside).mntId : stat.mntId
    return { ...common, fd, aside, asideId, stat, remote, reborn, given, contents, ...fine }
  } catch (error) {
    if (error instanceof ProviderProblem)
      return standIn(error.message, error.next, error.loss, error.given)
    // One mount that cannot be cloned (an unbindable one, for example) is no reason to give up the
    // others; a call that the kernel has not, or forbids, is.
    if (error instanceof SyscallError && error.code !== 'ENOSYS' && error.code !== 'EPERM')
      return standIn(error.message, undefined, 'unreachable')
    throw error
  }
}

/** A copy of the caller's namespace that passes nothing on. Private before anything is attached. */
const enterBase = (sys: Sys): number => {
  sys.unshare(CLONE_NEWNS)
  try {
    sys.setPropagation(ROOT, MS_REC | MS_PRIVATE)
  } catch (error) {
    throw isErrno(error, 'EINVAL') ? chrooted(error) : error
  }
  return openNamespace(sys)
}

const isErrno = (error: unknown, code: string): error is SyscallError =>
  error instanceof SyscallError && error.code === code

/** Propagation can be set on a mount only. */
const chrooted = (cause: SyscallError): GcError =>
  new GcError('unsupported', '"/" is no mount here, as in a chroot', {
    next: 'nothing was deleted; run it outside of the chroot',
    cause,
  })

const openNamespace = (sys: Sys): number =>
  sys.openat(AT_FDCWD, '/proc/thread-self/ns/mnt' as Bytes, O_RDONLY)

const constructNamespace = (
  sys: Sys,
  namespace: PlannedNamespace,
  mounts: Map<number, ConstructedMount>,
  asksFirst: boolean,
): number | undefined => {
  const [first, ...others] = namespace.attachments
  if (first === undefined || !namespace.hasRoot) return undefined
  sys.unshare(CLONE_NEWNS)
  // Held until the process ends: without it the kernel takes the mounts apart when we leave.
  openNamespace(sys)
  const yard = enterYard(sys)
  try {
    const root = mounts.get(first.mount.mntId) as ConstructedMount
    sys.moveMount(root.fd, yard, MOVE_BY_FD)
    mounts.set(first.mount.mntId, { ...root, state: 'attached' })
    for (const { mount } of others) {
      const constructed = mounts.get(mount.mntId) as ConstructedMount
      mounts.set(mount.mntId, attach(sys, root.fd, constructed, mounts, asksFirst))
    }
    return root.fd
  } finally {
    sys.close(yard)
  }
}

/**
 * A tmpfs over "/", by fd: lookups from our own root go on reaching the covered root of the host, so
 * that only the fd leads to this yard, and no mount point has to exist anywhere.
 * Returns the directory in it on which the namespace's root is attached.
 */
const enterYard = (sys: Sys): number => {
  const yard = makeStandIn(sys)
  try {
    sys.withPath(AT_FDCWD, ROOT, O_DIRECTORY, (root) => {
      sys.moveMount(yard, root, MOVE_BY_FD)
    })
    makePlace(sys, yard, '/root' as Bytes, 'directory')
    return sys.openat(yard, 'root' as Bytes, O_PATH | O_DIRECTORY)
  } finally {
    sys.close(yard)
  }
}

/** Attaches at the place that a lookup under the namespace's root finds, if that is the right one. */
const attach = (
  sys: Sys,
  root: number,
  constructed: ConstructedMount,
  mounts: ReadonlyMap<number, ConstructedMount>,
  asksFirst: boolean,
): ConstructedMount => {
  const { attachment, fd, stat } = constructed
  const { mount, parentId } = attachment
  const parent = mounts.get(parentId ?? -1)
  if (parent?.state !== 'attached') return detached(constructed, 'its parent has no place')
  try {
    if (asksFirst) {
      const result = sys.answers(root, relative(mount.mountpoint), IN_NAMESPACE)
      if (result < 0)
        return detached(constructed, `no answer at its mountpoint (${errnoName(-result)})`)
    }
    if (parent.contents === 'stand-in') {
      const kind = (stat.mode & S_IFMT) === S_IFDIR ? 'directory' : 'file'
      makePlace(sys, parent.fd, below(mount.mountpoint, parent.attachment.mount.mountpoint), kind)
    }
    const place = sys.openat2(root, relative(mount.mountpoint), O_PATH, IN_NAMESPACE)
    try {
      if (sys.fstat(place).mntId !== parent.stat.mntId)
        return detached(constructed, 'another mount covers its mountpoint')
      sys.moveMount(fd, place, MOVE_BY_FD)
    } finally {
      sys.close(place)
    }
    return { ...constructed, state: 'attached' }
  } catch (error) {
    if (error instanceof SyscallError) return detached(constructed, error.message)
    throw error
  }
}

const detached = (constructed: ConstructedMount, problem: string): ConstructedMount => ({
  ...constructed,
  state: 'detached',
  problem: constructed.problem ?? problem,
})
