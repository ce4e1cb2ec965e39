// At which system calls of the scenes something happens, and the trees in which it does.
import type { Manifest } from '../rig/manifest.js'
import { isChosen } from './counts.js'
import type { Scene } from './scene.js'
import { SCENES, type Named } from './scenes.js'
import { inParallel, WORKERS, type KillAt } from './tool.js'

/** One worker's tree of one scenario. */
export class Place {
  readonly scene: Scene
  private before: Manifest | undefined

  constructor(named: Named) {
    this.scene = named.make()
  }

  /** A tree in which nothing at all has changed need not be made again. */
  prepare(): Manifest {
    if (this.before === undefined) this.scene.reset()
    return (this.before ??= this.scene.manifest())
  }

  spoil(): void {
    this.before = undefined
  }
}

/** Each worker has trees of its own, all of them made before the first run, because some mount something. */
export class Places {
  private readonly all = Array.from(
    { length: WORKERS },
    () => new Map(SCENES.map((named) => [named, new Place(named)])),
  )

  of(named: Named, worker: number): Place {
    return this.all[worker]?.get(named) as Place
  }

  end(): void {
    for (const own of this.all) for (const { scene } of own.values()) scene.end()
  }
}

/** the n-th call of all, or of those with this name */
export interface Moment {
  readonly n: number
  readonly call?: string
}

export interface Job extends Moment {
  readonly named: Named
}

/** how many calls there are differs a little from run to run: a scene ends when one ran to its end */
function* everyCall(named: Named, finished: ReadonlySet<Named>): Generator<Job> {
  for (let n = 1; !finished.has(named); n++) yield { named, n }
}

export const DELETES = 'unlinkat'

/** the first and the last one, each that deletes, and of the others as many as are wanted */
function* someCalls(named: Named, calls: readonly string[], step: number): Generator<Job> {
  const last = calls.length
  for (let n = 1; n <= last; n++) if (n === 1 || n === last || isChosen(n, step)) yield { named, n }
  const deletions = calls.filter((call) => call === DELETES).length
  for (let n = 1; n <= deletions; n++) yield { named, n, call: DELETES }
}

/** `calls`: of runs that are left alone, where not every one is wanted. */
export function* jobs(
  calls: ReadonlyMap<Named, readonly string[]>,
  step: number,
  finished: ReadonlySet<Named>,
): Generator<Job> {
  for (const named of SCENES) {
    const made = calls.get(named)
    yield* step === 1 || made === undefined
      ? everyCall(named, finished)
      : someCalls(named, made, step)
  }
}

/** Runs that are left alone: what they call, and what `look` makes of each. */
export const leftAlone = async (
  tool: KillAt,
  places: Places,
  look: (named: Named, done: Awaited<ReturnType<KillAt['run']>>) => void = () => undefined,
): Promise<Map<Named, readonly string[]>> => {
  const calls = new Map<Named, readonly string[]>()
  await inParallel(SCENES.values(), async (named, worker) => {
    const place = places.of(named, worker)
    place.prepare()
    place.spoil()
    const done = await tool.run(['count', place.scene.mark], place.scene.clean)
    if (done.code !== place.scene.code) throw new Error(`${named.name}: exit code ${done.code}`)
    calls.set(named, done.calls)
    look(named, done)
  })
  return calls
}
