// For each mount the question of `proof/place`, with the facts that it needs.
import type { Host } from '../host/host.js'
import type { ConstructedMount } from '../namespaces/construct.js'
import { placeOf, type Place, type RecordedPlace } from '../proof/place.js'
import { beginAndEnd, type Window } from '../proof/window.js'
import { isAfter } from '../time.js'

/** Of what stands in the place of a mount; `mount` is undefined in a host tree. */
export const placeOfMount = (
  mount: ConstructedMount | undefined,
  host: Pick<Host, 'bootedAt' | 'isMounted' | 'lastMounted'>,
  window: Window,
): Place => {
  const recorded = mount && recordedPlace(mount)
  return placeOf({
    isHostTree: mount === undefined,
    isStillMounted: mount !== undefined && isStillMounted(mount),
    recorded,
    given: mount?.given,
    isThisBoot: isAfter(beginAndEnd(window).from, host.bootedAt),
    isMountedSince: recorded !== undefined && isMountedSince(host, recorded.device, window),
    isRecordedMounted: recorded !== undefined && host.isMounted(recorded.device),
  })
}

const isStillMounted = ({ attachment: { provider }, reborn }: ConstructedMount): boolean =>
  (provider.kind === 'host' && !reborn) || (provider.kind === 'living' && provider.isSame)

/** The disk tells whole seconds: in the last one of the dump it was mounted before it. */
const isMountedSince = (
  { lastMounted }: Pick<Host, 'lastMounted'>,
  device: string,
  window: Window,
): boolean => (lastMounted(device) ?? 0) > beginAndEnd(window).to.sec

const recordedPlace = ({ attachment: { mount } }: ConstructedMount): RecordedPlace => {
  const { major, minor, fstype, root, upper } = mount
  return { fstype, device: `${major}:${minor}`, root, upper }
}
