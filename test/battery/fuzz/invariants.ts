// What holds for every plan, whoever wrote the images: only links by their very name, only on paths
// without tricks, and every host path is the caller's.
import type { Bytes } from '../../../src/bytes.js'
import type { Checkpoint } from '../../../src/checkpoint/model.js'
import type { Plan, PlannedRemap, PlanOptions, Provider } from '../../../src/plan/planned.js'
import type { Mount } from '../../../src/checkpoint/model.js'

const ROOT = '/'

const isCleanPath = (path: Bytes): boolean =>
  path === ROOT ||
  (path.length < 4096 &&
    !path.includes('\0') &&
    /^(\/[^/]+)+$/s.test(path) &&
    !/\/\.{1,2}(\/|$)/.test(path))

/** Made of the caller's options alone: ids of CRIU's begin with 1. */
export const isAssumed = ({ namespaces }: Plan): boolean => namespaces.some(({ id }) => id === 0)

/** What the plan does that it must not, in words; none is good. */
export const violations = (checkpoint: Checkpoint, plan: Plan, options: PlanOptions): string[] => {
  const found: string[] = []
  const must = (holds: boolean, what: string): void => {
    if (!holds) found.push(what)
  }
  must(plan.remaps.length === checkpoint.remaps.length, 'a remap was lost or invented')
  must(Object.keys(Object.prototype).length === 0, 'Object.prototype was changed')
  plan.remaps.forEach((planned, index) => {
    const listed = checkpoint.remaps[index]
    must(
      planned.remap === listed ||
        (!checkpoint.complete &&
          planned.remap.link === listed?.link &&
          planned.remap.remapId === listed.remapId),
      'remaps are not in the order of the images',
    )
    must(planned.kind !== 'gone' || options.gone.size > 0, 'gone, and nobody said so')
    if (planned.kind === 'reach') checkReach(planned, plan, options, must)
  })
  for (const { attachments, hasRoot } of plan.namespaces) {
    const before = new Set<number>()
    attachments.forEach(({ mount, parentId, provider }, index) => {
      must(isCleanPath(mount.mountpoint), 'a mountpoint is no clean path')
      // By themselves where cut images lack rows; parents first otherwise.
      if (hasRoot)
        must(index === 0 || before.has(parentId ?? -1), 'a mount comes before its parent')
      before.add(mount.mntId)
      checkProvider(provider, mount, options, must)
    })
  }
  return found
}

type Must = (holds: boolean, what: string) => void

const checkReach = (
  { remap, mount, via, dir, base }: Extract<PlannedRemap, { kind: 'reach' }>,
  plan: Plan,
  { root }: PlanOptions,
  must: Must,
): void => {
  must(base === `link_remap.${remap.remapId | 0}`, 'the name is not that of the link')
  must(isCleanPath(dir), 'the directory is no clean path')
  must(remap.invalid === undefined, 'an invalid remap is reached')
  must(!remap.duplicate, 'a link is reached twice')
  const link = `${dir === ROOT ? '' : dir}/${base}`
  must(via === 'mount' || link === remap.link, 'another path than that of the link')
  must(remap.link.endsWith(link), 'a path that does not end as that of the link')
  if (plan.tree === 'host') {
    must(mount === undefined, "a host tree's link has a mount")
    must(root === undefined || root === ROOT, 'a host tree although --root names another')
    return
  }
  const attached = plan.namespaces.flatMap(({ attachments }) => attachments)
  const own = attached.find((attachment) => attachment.mount === mount)
  must(own !== undefined, 'the mount of a link is not attached')
  const kind = own?.provider.kind
  must(
    kind !== 'none' && kind !== 'stand-in' && kind !== 'gone',
    'a link is reached on a mount without contents',
  )
}

const checkProvider = (
  provider: Provider,
  mount: Mount,
  { root, externals, host }: PlanOptions,
  must: Must,
): void => {
  if (!('sub' in provider)) return
  must(isCleanPath(provider.sub), 'the path below a provider is no clean path')
  if (provider.kind === 'root') must(provider.path === root, 'a root that nobody gave')
  else if (provider.kind === 'external')
    must(
      externals.mapped.get(provider.key) === provider.path,
      'an external directory that nobody gave',
    )
  else {
    must(
      host.mounts.includes(provider.mount) && provider.path === provider.mount.mountpoint,
      'a host path that is no mount of the host',
    )
    // A device that was given is also that of binds of it, so that the mark may be another row's.
    const consent = externals.auto || root === ROOT || externals.devices.size > 0
    must(consent, 'a mount of the host without consent')
    const same = provider.mount.major === mount.major && provider.mount.minor === mount.minor
    must(same || externals.devices.size > 0, 'a mount of the host with another device')
  }
}
