// What `list` tells: each container that a runtime of this host knows, its checkpoints, and what is there of their links.
// Every look is a cheap one, which proves nothing: `show` with the row's own command line does.
import { readFrom } from './checkpoint/checkpoint.js'
import type { Checkpoint, DumpKind } from './checkpoint/model.js'
import { peek, type Peeked } from './collect/peek.js'
import { orRefused } from './errors.js'
import { readClocks, toNow } from './host/clock.js'
import { hostOf, type Host } from './host/host.js'
import { hostView } from './host/view.js'
import { openImages } from './images/open.js'
import { fromText } from './bytes.js'
import { planCollection } from './plan/plan.js'
import { allContainers, type Unlooked } from './runtimes/all.js'
import { archivedContainer, type RootsOfId } from './runtimes/archive.js'
import type { Where } from './runtimes/walk.js'
import type { Container, KnownImages, RootPlace } from './runtimes/container.js'
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
  /** Whose it is, as an archive tells. */
  readonly archivedId: string | undefined
  /** One of those given up. */
  readonly isSelected: boolean
}

/** `gone`: only archives tell of it. */
export type State = 'running' | 'stopped' | 'gone'

export interface ListedContainer {
  readonly container: Container
  readonly state: State
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
  const others = othersById(containers, options)
  const rootsOfId = (id: string): readonly RootPlace[] => others().get(id)?.roots ?? []
  const known = { clocks: now, rootsOfId }
  return {
    containers: containers.map((container) => {
      const checkpoints = select(
        container.images.map((images) => listed(sys, host, container, images, known)),
        options,
      )
      return {
        container,
        state: stateOf(container, checkpoints, others),
        words: wordsOf(container, options, count.get(nameOf(container)) === 1),
        checkpoints,
      }
    }),
    unlooked,
  }
}

type ById = () => ReadonlyMap<string | undefined, Container>

/** Those that an archive may be of. */
const othersById = (containers: readonly Container[], { runtime }: ListOptions): ById => {
  const nowhere = { runtime: undefined, runtimeRoot: undefined }
  let all: ReturnType<ById> | undefined
  return () =>
    (all ??= new Map(
      (runtime === undefined ? containers : allContainers(nowhere).containers).map((one) => [
        one.id,
        one,
      ]),
    ))
}

/** Of archives that of the container which the last one is of. */
const stateOf = (
  container: Container,
  [last]: readonly ListedCheckpoint[],
  others: ById,
): State => {
  const isArchived = container.isInArchives === true
  const id = isArchived ? last?.archivedId : undefined
  const it = isArchived ? id && others().get(id) : container
  return it === undefined || it === '' ? 'gone' : it.process === undefined ? 'stopped' : 'running'
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

interface Known {
  readonly clocks: ReturnType<typeof toNow>
  readonly rootsOfId: RootsOfId
}

const listed = (
  sys: Sys,
  host: Host,
  container: Container,
  images: KnownImages,
  known: Known,
): Unselected => {
  const read = orRefused<Read | string>(
    () => readImages(container, images, known),
    ({ message }) => message,
  )
  if (typeof read === 'string') {
    const nothing = { dump: undefined, complete: false, written: undefined, archivedId: undefined }
    return { images, ...nothing, links: NOTHING, problem: read }
  }
  const { checkpoint, whose } = read
  const { dump, complete, times } = checkpoint
  const archivedId = container.isInArchives === true ? whose.id : undefined
  const facts = { images, dump, complete, written: times.written, archivedId }
  const count = checkpoint.remaps.filter(({ duplicate }) => !duplicate).length
  const unknown = { ...NOTHING, listed: count, unknown: count }
  // Its mounts are its own: --pid goes there, a list does not.
  if (container.process !== undefined) return { ...facts, links: unknown, problem: undefined }
  return orRefused<Unselected>(
    () => ({ ...facts, links: peekAt(sys, host, whose, checkpoint), problem: undefined }),
    ({ message }) => ({ ...facts, links: unknown, problem: message }),
  )
}

interface Read {
  readonly checkpoint: Checkpoint
  readonly whose: Container
}

const readImages = (
  container: Container,
  { path }: KnownImages,
  { clocks, rootsOfId }: Known,
): Read => {
  const { workDir, isInArchives } = container
  const source = openImages(path)
  try {
    const checkpoint = readFrom(source, { clocks, workDir })
    const isArchive = isInArchives === true && source.what === 'archive'
    const whose = isArchive ? archivedContainer(source, rootsOfId) : undefined
    return { checkpoint, whose: whose ?? container }
  } finally {
    source.close()
  }
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
