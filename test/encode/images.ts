// Image files around the messages, and whole image directories.
import fs from 'node:fs'
import path from 'node:path'
import { MAGIC, COMMON_MAGIC, SERVICE_MAGIC, type ImageKind } from '../../src/images/magic.js'
import * as message from './messages.js'

const word = (value: number): Buffer => {
  const data = Buffer.alloc(4)
  data.writeUInt32LE(value)
  return data
}

/** Nothing of a core image is read: that it is there is what counts. */
export const CORE = Buffer.concat([word(COMMON_MAGIC), word(0x55053847)])

/** Magic words and length-prefixed entries. The inventory never has the common word. */
export const image = (kind: ImageKind, entries: readonly Buffer[], version = 2): Buffer => {
  const old = kind === 'inventory' || version === 1
  const lead = kind === 'stats' ? [SERVICE_MAGIC] : old ? [] : [COMMON_MAGIC]
  const words = [...lead, MAGIC[kind]]
  return Buffer.concat([
    ...words.map(word),
    ...entries.flatMap((entry) => [word(entry.length), entry]),
  ])
}

/** A link remap with both files: what CRIU writes for one unlinked file. */
export interface LinkSpec {
  /** File id of the link; the original has the next one. */
  readonly id: number
  readonly link: string | Buffer
  readonly original?: string | Buffer
  /** Of the original; undefined for a tree in the host's mount namespace. */
  readonly mntId?: number
  readonly size?: number
  readonly mode?: number
  /** As written by CRIU before 2.9: no type. */
  readonly untyped?: boolean
}

export interface DumpSpec {
  readonly version?: 1 | 2
  readonly inventory?: message.InventorySpec
  readonly links?: readonly LinkSpec[]
  /** Further entries of the images, encoded. */
  readonly files?: readonly Buffer[]
  readonly remaps?: readonly Buffer[]
  /** Rows by namespace id; the first namespace is the root task's. None: a host tree. */
  readonly namespaces?: ReadonlyMap<number, readonly message.MountRow[]>
  /** reg-files.img, as before CRIU 3.4. */
  readonly regFilesImage?: boolean
}

/** Name to contents of every image of a finished dump that matters, in the order in which CRIU ends them. */
export const dumpImages = (spec: DumpSpec): Map<string, Buffer> => {
  const version = spec.version ?? 2
  const links = spec.links ?? []
  const namespaces = spec.namespaces ?? new Map<number, message.MountRow[]>()
  const encodeFile = spec.regFilesImage === true ? message.regFile : message.file
  const files = links.flatMap(({ id, link, original, mntId, size, mode }) => [
    encodeFile({ id, name: link }),
    encodeFile({
      id: id + 1,
      name: original ?? '/gone',
      flags: 0o100002,
      ...(mntId === undefined ? {} : { mntId }),
      ...(size === undefined ? {} : { size }),
      mode: mode ?? 0o100644,
    }),
  ])
  const remaps = links.map(({ id, untyped }) =>
    message.remap(id + 1, id, untyped === true ? undefined : 0),
  )
  const nsIds = namespaces.size > 0 ? [...namespaces.keys()] : [6]
  const tasks = nsIds.map((_, index) => message.task(index + 1, index === 0 ? 0 : 1))
  const filesKind = spec.regFilesImage === true ? 'reg-files' : 'files'
  const allRemaps = [...remaps, ...(spec.remaps ?? [])]
  return new Map([
    ...nsIds.flatMap((mnt, index): [string, Buffer][] => [
      [`ids-${index + 1}.img`, image('ids', [message.ids({ mnt })], version)],
      [`core-${index + 1}.img`, CORE],
    ]),
    ...[...namespaces].map(([id, rows]): [string, Buffer] => [
      `mountpoints-${id}.img`,
      image('mountpoints', rows.map(message.mount), version),
    ]),
    ['pstree.img', image('pstree', tasks, version)],
    ['inventory.img', image('inventory', [message.inventory({ version, ...spec.inventory })])],
    [`${filesKind}.img`, image(filesKind, [...files, ...(spec.files ?? [])], version)],
    ...(allRemaps.length === 0
      ? []
      : [['remap-fpath.img', image('remap-fpath', allRemaps, version)] as [string, Buffer]]),
  ])
}

/** When this process began: whatever a test has made by itself is not older than that. */
const START = new Date(performance.timeOrigin)

/** CRIU makes these before the first link or with it, and writes to them until its end. */
const IS_LAST = /^(files|reg-files|remap-fpath)\.img$/

/**
 * As if the dump had begun then: the time that CRIU gave to whatever was complete before the first link.
 * A fixture cannot be made in the order of a dump: it has its links before it knows all about its images.
 * Without this a machine that takes two seconds from the one to the other has made links that are too old
 * to be the dump's.
 */
export const beginAt = (directory: string, names: Iterable<string>, begun: Date = START): void => {
  for (const name of names)
    if (!IS_LAST.test(name)) fs.utimesSync(path.join(directory, name), begun, begun)
}

/**
 * As if the dump went on until now: links that were made again are not newer than it. By the clock of
 * the file system, with which they are compared.
 */
export const endNow = (directory: string): void => {
  for (const name of fs.readdirSync(directory)) {
    const file = path.join(directory, name)
    if (IS_LAST.test(name)) fs.writeFileSync(file, fs.readFileSync(file))
  }
}

/** The dump ends now. It began with this process, unless something has to be older than it. */
export const writeImages = (
  directory: string,
  images: ReadonlyMap<string, Buffer>,
  begun: Date = START,
): void => {
  fs.mkdirSync(directory, { recursive: true })
  for (const [name, data] of images) fs.writeFileSync(path.join(directory, name), data)
  beginAt(directory, images.keys(), begun)
}

export const writeDump = (directory: string, spec: DumpSpec, begun?: Date): void => {
  writeImages(directory, dumpImages(spec), begun)
}
