// What `list` tells: each container that a runtime of this host knows, its checkpoints, and what is there of their links.
// Every look is a cheap one, which proves nothing: `show` with the row's own command line does.
import { readCheckpoint } from './checkpoint/checkpoint.js'
import type { Checkpoint, DumpKind } from './checkpoint/model.js'
import { peek, type Peeked } from './collect/peek.js'
import { orRefused } from './errors.js'
import { readClocks, toNow } from './host/clock.js'
import { hostOf, type Host } from './host/host.js'
import { hostView } from './host/view.js'
import { fromText } from './bytes.js'
import { planCollection } from './plan/plan.js'
import { allContainers, type Unlooked } from './runtimes/all.js'
import type { Where } from './runtimes/walk.js'
import type { Container, KnownImages } from './runtimes/container.js'
import { derive } from './runtimes/derive.js'
import type { Sys } from './sys/sys.js'
import { isBefore, type Time } from './time.js'

export interface ListOptions extends Where {
  /** Those given up: written before this, and not the last ones of their container. */
  readonly olderThan: Time | undefined
  readonly keepLast: number
}

export interface ListedCheckpoint {
  readonly images: KnownImages
  /** Undefined where they cannot be read: `problem` says why. */
  readonly dump: DumpKind | undefined
  readonly complete: boolean
  readonly written: Time | undefined
  readonly links: Peeked
  readonly problem: string | undefined
  /** One of those given up. */
  readonly isSelected: boolean
}

export interface ListedContainer {
  readonly container: Container
  /** Options that name it among all. */
  readonly words: readonly string[]
  /** The last one first. */
  readonly checkpoints: readonly ListedCheckpoint[]
}

export interface List {
  readonly containers: readonly ListedContainer[]
  readonly unlooked: readonly Unlooked[]
}

export const prepareList = (sys: Sys, options: ListOptions): List => {
  const { containers, unlooked } = allContainers(options)
  const clocks = readClocks()
  const host = hostOf(sys, hostView(clocks))
  const now = toNow(clocks)
  const count = new Map<string, number>()
  for (const one of containers) count.set(nameOf(one), (count.get(nameOf(one)) ?? 0) + 1)
  return {
    containers: containers.map((container) => ({
      container,
      words: wordsOf(container, options, count.get(nameOf(container)) === 1),
      checkpoints: select(
        container.images.map((images) => listed(sys, host, container, images, now)),
        options,
      ),
    })),
    unlooked,
  }
}

/** As it is asked for. */
const nameOf = ({ runtime, id, name }: Container): string => `${runtime} ${name ?? id ?? ''}`

const wordsOf = (
  { runtime, id, name, home }: Container,
  { runtimeRoot }: ListOptions,
  isAlone: boolean,
): string[] => {
  const called = isAlone ? (name ?? id) : id
  // Its home is its bundle with those that may keep two of one id.
  if (called === undefined || (!isAlone && runtime === 'containerd')) return ['--bundle', home]
  return [
    ...['--runtime', runtime, '--container', called],
    ...(runtimeRoot === undefined ? [] : ['--runtime-root', runtimeRoot]),
  ]
}

const NOTHING: Peeked = { listed: 0, there: 0, lost: 0, unknown: 0 }

type Unselected = Omit<ListedCheckpoint, 'isSelected'>

const listed = (
  sys: Sys,
  host: Host,
  container: Container,
  images: KnownImages,
  clocks: ReturnType<typeof toNow>,
): Unselected => {
  const { workDir } = container
  const checkpoint = orRefused<Checkpoint | string>(
    () => readCheckpoint(images.path, { clocks, workDir }),
    ({ message }) => message,
  )
  if (typeof checkpoint === 'string') {
    const nothing = { images, dump: undefined, complete: false, written: undefined }
    return { ...nothing, links: NOTHING, problem: checkpoint }
  }
  const { dump, complete, times } = checkpoint
  const facts = { images, dump, complete, written: times.written }
  const count = checkpoint.remaps.filter(({ duplicate }) => !duplicate).length
  const unknown = { ...NOTHING, listed: count, unknown: count }
  // Its mounts are its own: --pid goes there, a list does not.
  if (container.process !== undefined) return { ...facts, links: unknown, problem: undefined }
  return orRefused<Unselected>(
    () => ({ ...facts, links: peekAt(sys, host, container, checkpoint), problem: undefined }),
    ({ message }) => ({ ...facts, links: unknown, problem: message }),
  )
}

const peekAt = (sys: Sys, host: Host, container: Container, checkpoint: Checkpoint): Peeked => {
  if (checkpoint.remaps.length === 0) return NOTHING
  const typed = { root: undefined, mapped: new Map<never, never>(), gone: new Set<never>() }
  const { root, mapped } = derive(sys, host, container, checkpoint, typed)
  const plan = planCollection(checkpoint, {
    root: root === undefined ? undefined : fromText(root),
    externals: { mapped, devices: new Map(), auto: false },
    mounts: 'remaps',
    gone: new Set(),
    host,
  })
  return peek(sys, host, plan)
}

/** The last one first; of one without a time nobody knows how old it is. */
const select = (
  all: readonly Unselected[],
  { olderThan, keepLast }: Pick<ListOptions, 'olderThan' | 'keepLast'>,
): ListedCheckpoint[] =>
  [...all]
    .sort((a, b) => compare(b.written, a.written))
    .map((one, index) => ({
      ...one,
      isSelected:
        olderThan !== undefined &&
        index >= keepLast &&
        one.written !== undefined &&
        isBefore(one.written, olderThan),
    }))

const compare = (a: Time | undefined, b: Time | undefined): number => {
  if (a === undefined || b === undefined) return Number(b === undefined) - Number(a === undefined)
  return a.sec - b.sec || a.nsec - b.nsec
}
