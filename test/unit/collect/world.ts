// A host with a rootfs and a volume, and clean-ups of dumps in it, without a kernel.
import type { LinkRemap, Mount } from '../../../src/checkpoint/model.js'
import { collect, type Collected, type CollectOptions } from '../../../src/collect/collect.js'
import type { Outcome } from '../../../src/collect/outcome.js'
import { Acts } from '../../../src/host/acts.js'
import type { Found, Host } from '../../../src/host/host.js'
import { construct, type Constructed } from '../../../src/namespaces/construct.js'
import type { Plan } from '../../../src/plan/planned.js'
import { planCollection } from '../../../src/plan/plan.js'
import { Sys } from '../../../src/sys/sys.js'
import {
  at,
  b,
  checkpoint,
  externals,
  host,
  mapped,
  mount,
  namespace,
  NO_CONSENT,
  options,
  remap,
  window,
  WRITTEN,
  type OptionsSpec,
} from '../support/model.js'
import { FakeKernel } from '../sys/fake-kernel.js'

export const ROOT = mount(10, '/')
export const TMP = mount(13, '/tmp', { fstype: 'tmpfs', major: 0, minor: 41 })
export const DATA = mount(14, '/data', { minor: 32, external: mapped('data') })
/** Of the dump of `window()`. */
export const BEFORE = at(WRITTEN.sec - 100)
export const WITHIN = at(WRITTEN.sec - 10)
export const AFTER = at(WRITTEN.sec + 10)
export const O_PATH_DIRECTORY = 0o10200000

/** A host with a rootfs and a volume; files are added by a test. */
export const makeHost = (): FakeKernel => {
  const kernel = new FakeKernel()
  for (const path of ['/rootfs/var', '/rootfs/tmp', '/rootfs/data', '/volume/sub'])
    kernel.directory(path, { ctime: WITHIN })
  return kernel
}

/** A clean-up of a dump in namespaces, of which nothing is known but its images. */
export const USUAL: CollectOptions = {
  remove: true,
  accept: NO_CONSENT,
  keepLastLink: false,
  spans: [],
  toldSpans: [],
  window: window(),
  hostRoot: -1,
  isMountpoint: () => false,
  deaths: new Map(),
  rolledBack: false,
  onProgress: () => undefined,
  interrupted: () => undefined,
}

/** Remembers for one run, and knows of no other. */
export const forgetful = (): Acts => new Acts(undefined, '/nowhere')

type Places = Readonly<Record<string, Found>>

/** Where the two directories were at the dump. */
export const THE_ONES: Places = {
  '/rootfs': { device: '254:0', path: b('/'), upper: undefined },
  '/volume': { device: '254:32', path: b('/'), upper: undefined },
}
/** The volume is another directory of its disk now. */
export const ELSEWHERE: Places = {
  '/volume': { device: '254:32', path: b('/other'), upper: undefined },
}

export interface Setting extends Partial<Omit<CollectOptions, 'deaths'>> {
  readonly deaths?: (plan: Plan) => CollectOptions['deaths']
  readonly options?: OptionsSpec
  readonly tree?: 'host'
  /** Paths of the host that are on a mount which somebody else serves. */
  readonly remote?: readonly string[]
  /** By paths of the host: where they are. */
  readonly found?: Places
  readonly host?: Partial<Host>
  readonly acts?: Acts
  /** Of the namespace, in the place of the usual three. */
  readonly mounts?: readonly Mount[]
  /** Changes the plan, or what was constructed by it, before anything is looked for. */
  readonly changed?: (plan: Plan, constructed: Constructed) => readonly [Plan, Constructed]
}

export const collectIn = (
  kernel: FakeKernel,
  remaps: readonly LinkRemap[],
  setting: Setting = {},
): Collected => {
  const { options: spec = {}, tree, remote = [], found = {}, changed, ...others } = setting
  const { mounts = [ROOT, TMP, DATA], acts = forgetful(), host: more, deaths, ...rest } = others
  kernel.newProcess()
  const sys = new Sys(kernel)
  const given = { root: '/rootfs', externals: externals({ data: '/volume' }), ...spec }
  const planned = planCollection(
    checkpoint({
      remaps,
      ...(tree === 'host' ? { tree } : { namespaces: [namespace(9, mounts)] }),
    }),
    options(tree === 'host' ? {} : given),
  )
  const opened = (fd: number): string => String(kernel.open.get(fd)?.args[1])
  const machine = host({
    isRemote: (fd) => remote.includes(opened(fd)),
    find: (fd) => found[opened(fd)],
    ...more,
  })
  const made = construct(sys, planned, { host: machine, end: WRITTEN })
  const [plan, constructed] = changed?.(planned, made) ?? [planned, made]
  const hostRoot = sys.openat(-100, b('/'), O_PATH_DIRECTORY)
  const died = deaths?.(plan) ?? USUAL.deaths
  return collect(sys, plan, constructed, machine, acts, {
    ...USUAL,
    deaths: died,
    hostRoot,
    ...rest,
  })
}

export const run = (...args: Parameters<typeof collectIn>): readonly Outcome[] =>
  collectIn(...args).outcomes

export const verdicts = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map(({ verdict, reason, errno, proven }) =>
    [verdict, reason, errno, proven === false ? 'unproven' : undefined]
      .filter((part) => part !== undefined)
      .join(' '),
  )

export const inVar = (id: number, rest = {}): LinkRemap =>
  remap(id, '/var', { mntId: 10, size: 5, ...rest })
export const inData = (id: number, dir = '/data/sub'): LinkRemap =>
  remap(id, dir, { mntId: 14, size: 5 })
export const good = { nlink: 2, size: 5, ctime: WITHIN }
