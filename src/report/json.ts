// The report as one document, schema "criu-gc/1". Names are exact: text where they are UTF-8, and
// otherwise base64 of their bytes beside the escaped form.
import { toBuffer, type Bytes } from '../bytes.js'
import { EXIT, type ExitName, type GcError } from '../errors.js'
import type { ConstructedMount } from '../namespaces/construct.js'
import type { Mount } from '../checkpoint/model.js'
import type { Provider } from '../plan/model.js'
import { toIso } from '../time.js'
import { escape, toText } from './escape.js'
import { exitOf, totalsOf, type Report, type ReportedRemap } from './model.js'

export const SCHEMA = 'criu-gc/1'

type Json = Record<string, unknown>

const name = (key: string, bytes: Bytes): Json => {
  const text = toText(bytes)
  if (text !== undefined) return { [key]: text }
  return { [key]: escape(bytes), [`${key}Base64`]: toBuffer(bytes).toString('base64') }
}

const exit = (exitName: ExitName): Json => ({ code: EXIT[exitName], name: exitName })

export const toJson = (report: Report): Json => {
  const { checkpoint } = report
  const providers = new Map(
    report.mounts.map(({ attachment: { mount, provider } }) => [mount.mntId, provider]),
  )
  return {
    schema: SCHEMA,
    command: report.command,
    exit: exit(exitOf(report)),
    imagesDir: checkpoint.directory,
    complete: checkpoint.complete,
    images: checkpoint.images,
    tree: checkpoint.tree,
    tasks: checkpoint.tasks,
    preDump: checkpoint.preDump,
    ...(checkpoint.writtenAt === undefined ? {} : { writtenAt: toIso(checkpoint.writtenAt) }),
    namespaces: checkpoint.namespaces.map(({ id, isRoot, complete, mounts }) => ({
      id,
      root: isRoot ?? null,
      complete,
      mounts: mounts.length,
    })),
    mounts: report.mounts.map((mount) => mountJson(mount)),
    remaps: report.remaps.map((remap) => remapJson(remap, providers)),
    unlisted: checkpoint.unlisted.map(({ id, link }) => ({
      id,
      ...(link === undefined ? {} : name('link', link)),
    })),
    notLinked: checkpoint.counts,
    totals: totalsOf(report),
    notes: checkpoint.notes,
  }
}

const providerJson = (provider: Provider): Json => {
  switch (provider.kind) {
    case 'root':
    case 'host':
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

const remapJson = (
  { planned, outcome }: ReportedRemap,
  providers: ReadonlyMap<number, Provider>,
): Json => {
  const { remap, mount } = planned
  const { verdict, ...facts } = outcome
  const provider = mount === undefined ? undefined : providers.get(mount.mntId)
  return {
    id: remap.remapId,
    origId: remap.origId,
    ...name('link', remap.link),
    ...name('original', remap.original.path),
    ...(mount === undefined ? {} : describeMount(mount)),
    ...(provider === undefined ? {} : { provider: providerJson(provider) }),
    verdict,
    ...facts,
  }
}

export const errorToJson = (error: GcError, command: string): Json => ({
  schema: SCHEMA,
  command,
  exit: exit(error.exit),
  error: {
    message: error.message,
    ...(error.where === undefined ? {} : { where: error.where }),
    ...(error.next === undefined ? {} : { next: error.next }),
  },
})
