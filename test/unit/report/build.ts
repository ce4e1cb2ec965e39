// Reports with everything in them, for the tests of each form.
import type { Outcome, Verdict } from '../../../src/collect/outcome.js'
import type { Bytes } from '../../../src/bytes.js'
import type { Checkpoint, LinkRemap, Mount } from '../../../src/checkpoint/model.js'
import type { ConstructedMount } from '../../../src/namespaces/construct.js'
import type { PlannedRemap, Provider } from '../../../src/plan/planned.js'
import type { Report, ReportedRemap } from '../../../src/report/report.js'
import { b, checkpoint, mount, namespace, remap, stat } from '../support/model.js'

export const ROOT = mount(10, '/')
export const DATA = mount(14, '/data', { minor: 32, fstype: 'tmpfs' })

export const bytes = (...values: readonly number[]): Bytes =>
  String.fromCharCode(...values) as Bytes

export const reach = (
  one: LinkRemap,
  on: Mount | undefined = ROOT,
): Extract<PlannedRemap, { kind: 'reach' }> => ({
  kind: 'reach',
  remap: one,
  mount: on,
  via: 'namespace',
  dir: b('/var'),
  base: b(`link_remap.${one.remapId}`),
})

export const reported = (
  outcome: Outcome,
  id = 6,
  on: Mount | undefined = ROOT,
  original = '/var/gone',
): ReportedRemap => ({ planned: reach(remap(id, '/var', { mntId: 10, original }), on), outcome })

export const constructed = (
  on: Mount,
  provider: Provider,
  rest: Partial<ConstructedMount> = {},
): ConstructedMount => ({
  attachment: { mount: on, parentId: on === ROOT ? undefined : 10, provider },
  nsId: 9,
  fd: 5,
  aside: 5,
  asideId: stat().mntId,
  stat: stat(),
  remote: false,
  reborn: false,
  given: undefined,
  contents: 'provider',
  state: 'attached',
  problem: undefined,
  next: undefined,
  loss: undefined,
  ...rest,
})

export const ROOT_PROVIDER: Provider = { kind: 'root', path: b('/rootfs'), sub: b('/') }

export const report = (
  remaps: readonly ReportedRemap[],
  rest: Partial<Omit<Report, 'checkpoint'>> & { readonly checkpoint?: Partial<Checkpoint> } = {},
): Report => ({
  command: 'clean',
  mounts: [constructed(ROOT, ROOT_PROVIDER)],
  others: [],
  interrupted: undefined,
  ...rest,
  checkpoint: checkpoint({
    namespaces: [namespace(9, [ROOT, DATA])],
    remaps: remaps.map(({ planned }) => planned.remap),
    ...rest.checkpoint,
  }),
  remaps,
})

/** One of each verdict. */
export const OUTCOMES: Readonly<Record<Verdict, Outcome>> = {
  removed: { verdict: 'removed', size: 5, mode: 0o100644, nlink: 2, ctime: 1_700_000_000 },
  'would-remove': { verdict: 'would-remove', size: 5, mode: 0o100644, nlink: 1, ctime: 1 },
  absent: { verdict: 'absent' },
  vanished: { verdict: 'vanished', message: 'its file system died with the container' },
  kept: {
    verdict: 'kept',
    reason: 'newer',
    accept: 'newer',
    message: 'it is newer',
    next: 'another dump? if not, --accept newer removes it',
  },
  failed: { verdict: 'failed', errno: 'EROFS', syscall: 'unlinkat', message: 'read-only' },
}

/** Text that would do something to a terminal or break a line. */
export const EVIL = 'a\n\tb\r\x1b[31m\x07\\\u202e\u200b\u0085\u2028é'

/** Nothing is there, and that is not proven. */
export const UNPROVEN: Outcome = {
  verdict: 'absent',
  proven: false,
  message: 'it is not there',
}
