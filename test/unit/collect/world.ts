// A host with a rootfs and a volume, and clean-ups of dumps in it, without a kernel.
import type { LinkRemap, Mount } from '../../../src/checkpoint/model.js'
import { collect, type CollectOptions } from '../../../src/collect/collect.js'
import type { Outcome } from '../../../src/collect/outcome.js'
import { construct } from '../../../src/namespaces/construct.js'
import { planCollection } from '../../../src/plan/plan.js'
import { Sys } from '../../../src/sys/sys.js'
import {
  at,
  b,
  checkpoint,
  externals,
  mapped,
  mount,
  namespace,
  options,
  remap,
  LOCAL,
  WRITTEN,
  type OptionsSpec,
} from '../support/model.js'
import { FakeKernel } from '../sys/fake-kernel.js'

export const ROOT = mount(10, '/')
export const TMP = mount(13, '/tmp', { fstype: 'tmpfs', major: 0, minor: 41 })
export const DATA = mount(14, '/data', { minor: 32, external: mapped('data') })
export const BEFORE = at(WRITTEN.sec - 10)
export const AFTER = at(WRITTEN.sec + 10)
export const O_PATH_DIRECTORY = 0o10200000

/** A host with a rootfs and a volume; files are added by a test. */
export const makeHost = (): FakeKernel => {
  const kernel = new FakeKernel()
  for (const path of ['/rootfs/var', '/rootfs/tmp', '/rootfs/data', '/volume/sub'])
    kernel.directory(path, { ctime: BEFORE })
  return kernel
}

/** A clean-up of a dump in namespaces, of which nothing is known but its images. */
export const USUAL: CollectOptions = {
  remove: true,
  force: false,
  keepLastLink: false,
  writtenAt: WRITTEN,
  hostRoot: -1,
  isMountpoint: () => false,
  isRemoteAt: () => false,
  addressOf: () => undefined,
  placementOf: () => 'unknown',
  begunAt: at(WRITTEN.sec - 20),
  onProgress: () => undefined,
}

export interface Setting extends Partial<CollectOptions> {
  readonly options?: OptionsSpec
  readonly tree?: 'host'
  /** Paths of the host that are on a mount which somebody else serves. */
  readonly remote?: readonly string[]
  /** Of the namespace, in the place of the usual three. */
  readonly mounts?: readonly Mount[]
}

export const run = (
  kernel: FakeKernel,
  remaps: readonly LinkRemap[],
  { options: spec = {}, tree, remote = [], mounts = [ROOT, TMP, DATA], ...rest }: Setting = {},
): Outcome[] => {
  const sys = new Sys(kernel)
  const given = { root: '/rootfs', externals: externals({ data: '/volume' }), ...spec }
  const plan = planCollection(
    checkpoint({
      remaps,
      ...(tree === 'host' ? { tree } : { namespaces: [namespace(9, mounts)] }),
    }),
    options(tree === 'host' ? {} : given),
  )
  const isRemote = (fd: number): boolean => remote.includes(String(kernel.open.get(fd)?.args[1]))
  const constructed = construct(sys, plan, { ...LOCAL, isRemote })
  const hostRoot = sys.openat(-100, b('/'), O_PATH_DIRECTORY)
  return collect(sys, plan, constructed, { ...USUAL, hostRoot, ...rest })
}

export const verdicts = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map(({ verdict, reason, errno }) =>
    [verdict, reason, errno].filter((part) => part !== undefined).join(' '),
  )

export const inVar = (id: number, rest = {}): LinkRemap =>
  remap(id, '/var', { mntId: 10, size: 5, ...rest })
export const inData = (id: number, dir = '/data/sub'): LinkRemap =>
  remap(id, dir, { mntId: 14, size: 5 })
export const good = { nlink: 2, size: 5, ctime: BEFORE }
