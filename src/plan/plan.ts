// A pure function of the dump and the caller's options. What it cannot reach it says, remap by remap;
// nothing here stops the others.
import type { Bytes } from '../bytes.js'
import { GcError } from '../errors.js'
import type { Checkpoint, LinkRemap, Mount, MountNamespace } from '../checkpoint/model.js'
import { mountsById, mountsIn } from '../checkpoint/mounts.js'
import { below, isWithin, ROOT, splitLast, splitter } from '../paths.js'
import { escape } from '../escape.js'
import { ASSUMED, withAssumedMounts } from './assumed.js'
import { chainOf, layOut, mountFinder } from './layout.js'
import type {
  MissingOption,
  Plan,
  PlannedNamespace,
  PlannedRemap,
  PlanOptions,
  Provider,
  Providers,
} from './planned.js'
import { resolveProviders } from './providers.js'

/** @throws GcError refused where options and images contradict each other dangerously. */
export const planCollection = (recorded: Checkpoint, options: PlanOptions): Plan => {
  if (recorded.tree === 'host') return planHostTree(recorded, options)
  const checkpoint = withAssumedMounts(recorded, options)
  const providers = resolveProviders(checkpoint, options)
  if (options.root === ROOT) refuseForeignHostRoot(checkpoint, options)
  const locate = locator(checkpoint)
  const located = checkpoint.remaps.map((remap) => locate(remap))
  const ghosts = checkpoint.ghosts.map((ghost) => locate(ghost))
  const all = ghosts.length === 0 ? located : [...located, ...ghosts]
  const namespaces = checkpoint.namespaces.map((namespace) =>
    planNamespace(namespace, all, providers, options.mounts),
  )
  const finders = new Map(namespaces.map(({ id, attachments }) => [id, mountFinder(attachments)]))
  const split = splitter()
  return {
    tree: 'namespaced',
    namespaces: namespaces.filter(({ attachments }) => attachments.length > 0),
    remaps: located.map((place) => planRemap(place, providers, finders, split)),
    ghosts: ghosts.map((place) => planRemap(place, providers, finders, split)),
  }
}

/** A remap with its mount, or why it has none. */
interface Located {
  readonly remap: LinkRemap
  readonly mount: Mount | undefined
  readonly namespace: MountNamespace | undefined
  readonly problem: string | undefined
}

const locator = (checkpoint: Checkpoint): ((remap: LinkRemap) => Located) => {
  const byId = mountsById(checkpoint.namespaces)
  const namespaces = new Map(checkpoint.namespaces.map((one) => [one.id, one]))
  const byPath = pathLocator(checkpoint)
  return (remap) => {
    const { mntId } = remap.original
    if (mntId === undefined)
      return { remap, mount: undefined, namespace: undefined, ...byPath(remap) }
    const mount = byId.get(mntId)
    return {
      remap,
      mount,
      namespace: mount && namespaces.get(mount.nsId),
      problem: mount === undefined ? `no mountpoints image has its mount ${mntId}` : undefined,
    }
  }
}

/** CRIU takes any one namespace for a remap without a mount; with several that is a guess. */
const pathLocator = ({
  namespaces,
}: Checkpoint): ((remap: LinkRemap) => Partial<Located> & Pick<Located, 'problem'>) => {
  const [namespace, ...others] = namespaces
  if (namespace?.complete !== true || others.length > 0)
    return () => ({ problem: 'the images do not say on which mount it is' })
  // Asked by images of CRIU before 1.3 alone: there may be very many mounts.
  let find: ReturnType<typeof mountFinder> | undefined
  return ({ link }) => ({
    namespace,
    mount: (find ??= mountFinder(layOut(namespace, new Set(namespace.mounts), new Map())))(
      splitLast(link).dir,
    ),
    problem: undefined,
  })
}

const planNamespace = (
  namespace: MountNamespace,
  located: readonly Located[],
  providers: Providers,
  scope: PlanOptions['mounts'],
): PlannedNamespace => {
  const needed = new Set<Mount>(scope === 'all' ? namespace.mounts : [])
  const byId = mountsIn(namespace)
  for (const { remap, mount, namespace: owner } of located) {
    if (mount === undefined || owner !== namespace || needed.has(mount)) continue
    if (remap.invalid !== undefined || !isReachable(providers.get(mount.mntId))) continue
    for (const one of chainOf(mount, byId, namespace) ?? [mount]) needed.add(one)
  }
  return {
    id: namespace.id,
    hasRoot: namespace.complete,
    attachments: layOut(namespace, needed, providers),
  }
}

const isReachable = (provider: Provider | undefined): boolean =>
  provider !== undefined && 'sub' in provider

const planRemap = (
  { remap, mount, namespace, problem }: Located,
  providers: Providers,
  finders: ReadonlyMap<number, (path: Bytes) => Mount | undefined>,
  split: ReturnType<typeof splitter>,
): PlannedRemap => {
  if (remap.invalid !== undefined) return keep(remap, mount, 'invalid', remap.invalid)
  if (problem !== undefined || mount === undefined || namespace === undefined)
    return keep(remap, mount, 'unreachable', problem ?? 'no mount', {
      next: 'give --root, and --external for each volume, to have it looked for by its path',
    })
  const { dir, base } = split(remap.link)
  if (!isWithin(dir, mount.mountpoint)) {
    const message = `it is not below the mountpoint ${escape(mount.mountpoint)} of its mount`
    return keep(remap, mount, 'invalid', message)
  }
  if (remap.duplicate) return { remap, kind: 'duplicate', mount }
  const provider = providers.get(mount.mntId)
  if (provider?.kind === 'none') return keep(remap, mount, 'unreachable', provider.reason, provider)
  if (provider?.kind === 'gone') return { remap, kind: 'gone', mount }
  if (provider === undefined || provider.kind === 'stand-in')
    return { remap, kind: 'vanished', mount }
  const covered = finders.get(namespace.id)?.(dir) !== mount
  const via = covered || !namespace.complete ? 'mount' : 'namespace'
  return {
    remap,
    kind: 'reach',
    mount,
    via,
    dir: via === 'mount' ? below(dir, mount.mountpoint) : dir,
    base,
  }
}

const keep = (
  remap: LinkRemap,
  mount: Mount | undefined,
  reason: 'invalid' | 'unreachable',
  message: string,
  { next, option }: { readonly next?: string; readonly option?: MissingOption } = {},
): PlannedRemap => {
  const outcome = { remap, kind: 'kept', reason, mount, message, next } as const
  return option === undefined ? outcome : { ...outcome, option }
}

/** No mount namespace of its own: paths are relative to `/`, and no mount is ours to choose. */
export const planHostTree = (checkpoint: Checkpoint, { root }: Pick<PlanOptions, 'root'>): Plan => {
  if (root !== undefined && root !== ROOT && checkpoint.remaps.length > 0)
    throw new GcError(
      'refused',
      `the images say that the tree shared the host's mount namespace, where --root plays no part`,
      {
        where: checkpoint.directory ?? '',
        next: "nothing was deleted; leave out --root if the links really are to be removed from the host's own tree",
      },
    )
  const split = splitter()
  const plan = (remap: LinkRemap): PlannedRemap => {
    const mount = undefined
    const problem =
      remap.invalid ??
      (remap.original.mntId === undefined
        ? undefined
        : 'it has a mount, though the tree had none of its own')
    if (problem !== undefined)
      return { remap, kind: 'kept', reason: 'invalid', mount, message: problem, next: undefined }
    if (remap.duplicate) return { remap, kind: 'duplicate', mount }
    return {
      remap,
      kind: 'reach',
      mount,
      via: 'namespace',
      ...split(remap.link),
    }
  }
  const { remaps, ghosts } = checkpoint
  return { tree: 'host', namespaces: [], remaps: remaps.map(plan), ghosts: ghosts.map(plan) }
}

/** `--root /` is right only for a tree that lived in a copy of the host's own mounts. */
const refuseForeignHostRoot = (checkpoint: Checkpoint, { host }: PlanOptions): void => {
  const dumped = checkpoint.namespaces.find(({ isRoot }) => isRoot === true)?.mounts[0]
  const here = host.mounts.findLast(({ mountpoint }) => mountpoint === ROOT)
  if (dumped === undefined || here === undefined) return
  const next = 'nothing was deleted; give the host path of the rootfs with --root'
  if (dumped.nsId === ASSUMED)
    throw new GcError(
      'refused',
      "--root / is the host's own root, and the images do not say whether it was the tree's",
      { next },
    )
  const same =
    dumped.major === here.major && dumped.minor === here.minor && dumped.root === here.root
  if (same) return
  throw new GcError(
    'refused',
    `--root / is the host's own root, but the tree had another one (${dumped.fstype} ${dumped.major}:${dumped.minor})`,
    { next },
  )
}
