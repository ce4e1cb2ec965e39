// How often survivors are looked for. A mount namespace that ends while it is looked at can hide what it had, and
// numbers of devices are given again at once: what seems to live on is looked at again.
import type { AllNamespaces } from '../host/namespaces.js'
import type { PlannedRemap } from '../plan/planned.js'
import { sleep } from '../sleep.js'
import type { Outcome } from './outcome.js'

/** What other mount namespaces have, and what became of remaps whose file system is out of reach. */
export interface Looked {
  readonly others: AllNamespaces
  readonly deaths: ReadonlyMap<PlannedRemap, Outcome>
}

export const LOOKS = 3
/** In ms. */
const PAUSE = 30

const pauseALittle = (): void => {
  sleep(PAUSE)
}

/** The last of as many looks as it takes, and at most LOOKS. */
export const lookAgain = (look: () => Looked, pause = pauseALittle): Looked => {
  for (let looks = 1; ; looks++) {
    const looked = look()
    if (isSettled(looked) || looks === LOOKS) return looked
    pause()
  }
}

/** What nobody can see is not seen by another look either. */
const isSettled = ({ others, deaths }: Looked): boolean =>
  others.unseen !== undefined || [...deaths.values()].every(({ verdict }) => verdict !== 'kept')
