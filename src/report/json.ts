// The report as one document, schema "criu-gc/1". Names are exact: text where they are UTF-8, and
// otherwise base64 of their bytes beside the escaped form.
import { toBuffer, type Bytes } from '../bytes.js'
import { EXIT, type ExitName, type GcError } from '../errors.js'
import type { ConstructedMount } from '../namespaces/construct.js'
import type { Mount } from '../checkpoint/model.js'
import type { Provider } from '../plan/planned.js'
import { signalNumber, type SignalName } from '../sys/signals.js'
import { toIso } from '../time.js'
import { escape, toText } from '../escape.js'
import type { JsonError } from './error-schema.js'
import type { JsonExit } from './schema.js'
import { residueJson } from './residue.js'
import { exitOf, isRestorable, totalsOf, type Report, type ReportedRemap } from './report.js'

export const SCHEMA = 'criu-gc/1'

export type Json = Record<string, unknown>

export const name = (key: string, bytes: Bytes): Json => {
  const text = toText(bytes)
  if (text !== undefined) return { [key]: text }
  return { [key]: escape(bytes), [`${key}Base64`]: toBuffer(bytes).toString('base64') }
}

const list = (key: string, all: readonly Bytes[]): Json => {
  const texts = all.map(toText)
  const shown = all.map((bytes, index) => texts[index] ?? escape(bytes))
  if (!texts.includes(undefined)) return { [key]: shown }
  return { [key]: shown, [`${key}Base64`]: all.map((bytes) => toBuffer(bytes).toString('base64')) }
}

export const exit = (exitName: ExitName, signal?: SignalName): JsonExit =>
  signal === undefined || exitName !== 'interrupted'
    ? { code: EXIT[exitName], name: exitName }
    : { code: EXIT[exitName] + signalNumber(signal), name: exitName, signal }

/** Elements of which each is made when it is asked for: all at once may be too much to hold. */
export class List<T> {
  private readonly items: readonly T[]
  private readonly describe: (item: T) => Json

  constructor(items: readonly T[], describe: (item: T) => Json) {
    this.items = items
    this.describe = describe
  }

  *[Symbol.iterator](): Generator<Json> {
    for (const item of this.items) yield this.describe(item)
  }

  toJSON(): Json[] {
    return [...this]
  }
}

/** For JSON.stringify(), which alone knows what a list is. */
export const toJson = (report: Report): Json => {
  const { checkpoint } = report
  const providers = new Map(
    report.mounts.map(({ attachment: { mount, provider } }) => [mount.mntId, provider]),
  )
  return {
    schema: SCHEMA,
    command: report.command,
    exit: exit(exitOf(report), report.interrupted),
    ...(checkpoint.directory === undefined ? {} : { imagesDir: checkpoint.directory }),
    ...livingJson(report),
    network: report.network?.rows ?? [],
    networkUnread: report.network?.unread ?? [],
    derived: (report.derived ?? []).map(({ words: [option, value], from }) => ({
      option,
      value,
      from,
    })),
    residue: (report.residue?.rows ?? []).map(residueJson(report)),
    residueUnread: report.residue?.unread ?? [],
    dump: checkpoint.dump,
    signs: checkpoint.signs,
    complete: checkpoint.complete,
    restorable: isRestorable(report),
    images: checkpoint.images,
    tree: checkpoint.tree,
    tasks: checkpoint.tasks,
    preDump: checkpoint.preDump,
    ...(checkpoint.times.written === undefined
      ? {}
      : { writtenAt: toIso(checkpoint.times.written) }),
    namespaces: new List(checkpoint.namespaces, ({ id, isRoot, complete, mounts }) => ({
      id,
      root: isRoot ?? null,
      complete,
      mounts: mounts.length,
    })),
    mounts: new List(report.mounts, mountJson),
    remaps: new List(report.remaps, (remap) => remapJson(remap, providers)),
    unlisted: new List(checkpoint.unlisted, ({ id, link }) => ({
      id,
      ...(link === undefined ? {} : name('link', link)),
    })),
    others: new List(report.others, ({ directory, names }) => ({
      ...name('directory', directory),
      ...list('names', names),
    })),
    notLinked: checkpoint.counts,
    totals: totalsOf(report),
    notes: checkpoint.notes,
  }
}

/** JSON.stringify(toJson(report), undefined, 2) in pieces, of which none is long. */
export const jsonPieces = (report: Report): Generator<string> => piecesOf(toJson(report))

/** The same of another document. */
export function* piecesOf(document: Json): Generator<string> {
  let before = '{'
  for (const [key, value] of Object.entries(document)) {
    yield `${before}\n  ${JSON.stringify(key)}: `
    if (value instanceof List) yield* listPieces(value)
    else yield indented(value, '  ')
    before = ','
  }
  yield '\n}'
}

function* listPieces(list: Iterable<Json>): Generator<string> {
  let before = '['
  for (const element of list) {
    yield `${before}\n    ${indented(element, '    ')}`
    before = ','
  }
  yield before === '[' ? '[]' : '\n  ]'
}

/** In JSON text every newline is one between lines: those of strings are escaped. */
const indented = (value: unknown, indent: string): string =>
  JSON.stringify(value, undefined, 2).replaceAll('\n', `\n${indent}`)

const providerJson = (provider: Provider): Json => {
  switch (provider.kind) {
    case 'root':
    case 'host':
    case 'living':
      return { kind: provider.kind, ...name('path', provider.path), ...name('below', provider.sub) }
    case 'external':
      return {
        kind: provider.kind,
        ...name('key', provider.key),
        ...name('path', provider.path),
        ...name('below', provider.sub),
      }
    default:
      return { kind: provider.kind }
  }
}

const describeMount = ({ mntId, nsId, mountpoint, fstype }: Mount): Json => ({
  namespace: nsId,
  mntId,
  ...name('mountpoint', mountpoint),
  fstype,
})

const mountJson = ({ attachment, state, contents, problem }: ConstructedMount): Json => ({
  ...describeMount(attachment.mount),
  provider: providerJson(attachment.provider),
  contents,
  state,
  ...(problem === undefined ? {} : { problem }),
})

const livingJson = ({ living }: Report): Json =>
  living === undefined
    ? {}
    : {
        living: {
          pid: living.pid,
          startedAt: toIso(living.started),
          processes: living.pids.length,
          namespaces: living.namespaces.map(({ id, name: inode, pid }) => ({ id, inode, pid })),
          unread: living.unread,
        },
      }

const remapJson = (
  { planned, outcome }: ReportedRemap,
  providers: ReadonlyMap<number, Provider>,
): Json => {
  const { remap, mount } = planned
  const { verdict, ...facts } = outcome
  const provider = mount === undefined ? undefined : providers.get(mount.mntId)
  return {
    id: remap.remapId,
    ...(remap.found === 'held' ? {} : { origId: remap.origId }),
    ...(remap.found === undefined ? {} : { found: remap.found }),
    ...(remap.held === undefined ? {} : { heldBy: remap.held.by }),
    ...name('link', remap.link),
    ...name('original', remap.original.path),
    ...(mount === undefined ? {} : describeMount(mount)),
    ...(provider === undefined ? {} : { provider: providerJson(provider) }),
    verdict,
    ...facts,
  }
}

export const errorToJson = (error: GcError, command: JsonError['command']): JsonError => ({
  schema: SCHEMA,
  command,
  exit: exit(error.exit),
  error: {
    message: error.message,
    ...(error.where === undefined ? {} : { where: error.where }),
    ...(error.next === undefined ? {} : { next: error.next }),
  },
})
