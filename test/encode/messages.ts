// Encodes CRIU's messages for tests, by field number, independently of the decoder's tables.
import protobuf from 'protobufjs/minimal.js'

const { Writer } = protobuf
type Name = string | Buffer

const bytes = (name: Name): Buffer => (typeof name === 'string' ? Buffer.from(name, 'utf8') : name)

/** Field number to value: number or boolean as a varint, the rest length-delimited. */
export type Values = Readonly<Record<number, number | boolean | Name | undefined>>

/** Any message; `sint` lists the numbers of sint32 fields. */
export const encode = (values: Values, sint: readonly number[] = []): Buffer => {
  const writer = Writer.create()
  for (const [key, value] of Object.entries(values)) {
    const number = Number(key)
    if (value === undefined) continue
    if (typeof value === 'boolean') writer.uint32(number << 3).bool(value)
    else if (typeof value === 'number') {
      writer.uint32(number << 3)
      if (sint.includes(number)) writer.sint32(value)
      else if (value > 0xffffffff) writer.uint64(value)
      else writer.uint32(value >>> 0)
    } else writer.uint32((number << 3) | 2).bytes(bytes(value))
  }
  return Buffer.from(writer.finish())
}

export interface Ids {
  readonly mnt?: number
  readonly net?: number
}

/** task_kobj_ids_entry; ids that are not given are those of CRIU itself. */
export const ids = ({ mnt = 6, net = 2 }: Ids = {}): Buffer =>
  encode({ 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: net, 7: 3, 8: 4, 9: mnt, 10: 7, 11: 8, 12: 5 })

export interface InventorySpec {
  readonly version?: number
  readonly fdinfoPerId?: boolean
  readonly nsPerId?: boolean
  readonly preDumpMode?: number
}

export const inventory = (spec: InventorySpec = {}): Buffer =>
  encode({
    1: spec.version ?? 2,
    2: spec.fdinfoPerId ?? true,
    3: ids(),
    4: spec.nsPerId ?? true,
    5: 1,
    6: 0,
    9: spec.preDumpMode,
  })

export const task = (pid: number, ppid: number): Buffer =>
  encode({ 1: pid, 2: ppid, 3: pid, 4: pid, 5: pid })

export interface RegFile {
  readonly id: number
  readonly name: Name
  readonly flags?: number
  readonly pos?: number
  readonly mntId?: number
  readonly size?: number
  readonly mode?: number
  readonly ext?: boolean
}

const FOWN = encode({ 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 })

export const regFile = (file: RegFile): Buffer =>
  encode(
    {
      1: file.id,
      2: file.flags ?? 0,
      3: file.pos ?? 0,
      5: FOWN,
      6: file.name,
      7: file.mntId,
      8: file.size,
      9: file.ext,
      10: file.mode,
    },
    [7],
  )

/** file_entry of a regular file (type 1). */
export const file = (reg: RegFile, outerId = reg.id): Buffer =>
  encode({ 1: 1, 2: outerId, 3: regFile(reg) })

export const remap = (origId: number, remapId: number, type?: number): Buffer =>
  encode({ 1: origId, 2: remapId, 3: type })

export interface MountRow {
  readonly mntId: number
  readonly parent: number
  readonly mountpoint: Name
  readonly fstype?: number
  /** Unless told otherwise a file system without a device, of a number that no host has given. */
  readonly major?: number
  readonly minor?: number
  readonly root?: Name
  readonly source?: Name
  readonly options?: Name
  readonly flags?: number
  readonly sbFlags?: number
  readonly extKey?: Name
  /** The mark of CRIU 1.3 to 2.x: `root` is then the key. */
  readonly extMount?: boolean
  readonly fsname?: Name
  readonly deleted?: boolean
}

export const mount = (row: MountRow): Buffer =>
  encode({
    1: row.fstype ?? 0,
    2: row.mntId,
    3: (row.major ?? 0) * 2 ** 20 + (row.minor ?? 0xfff00),
    4: row.parent,
    5: row.flags ?? 0,
    6: row.root ?? '/',
    7: row.mountpoint,
    8: row.source ?? 'none',
    9: row.options ?? '',
    10: 0,
    11: 0,
    13: row.extMount,
    14: row.fsname,
    16: row.deleted,
    17: row.sbFlags,
    18: row.extKey,
  })

/** A number of up to 64 bits as the wire has it. */
export const varint = (value: bigint): Buffer => {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    const isLast = rest < 0x80n
    bytes.push(Number(rest & 0x7fn) | (isLast ? 0 : 0x80))
    if (isLast) return Buffer.from(bytes)
  }
}

/** core_entry of a first thread that blocks these signals. */
export const mask = (blocked: bigint): Buffer =>
  encode({ 1: 1, 3: Buffer.concat([Buffer.from([5 << 3]), varint(blocked)]) })

export interface GhostSpec {
  readonly uid?: number
  readonly gid?: number
  readonly mode?: number
  readonly rdev?: number
  /** Undefined: not written. */
  readonly mtim?: readonly [sec: number, usec: number] | undefined
  /** The contents come in pieces, and this is how long they are. */
  readonly size?: number
}

const timeval = ([sec, usec]: readonly [number, number]): Buffer => encode({ 1: sec, 2: usec })

export const ghostFile = ({ uid = 0, gid = 0, mode = 0o100600, ...rest }: GhostSpec = {}): Buffer =>
  encode({
    ...{ 1: uid, 2: gid, 3: mode, 4: 0xfe00000, 5: 77, 6: rest.rdev },
    7: rest.mtim && timeval(rest.mtim),
    8: rest.mtim && timeval(rest.mtim),
    9: rest.size === undefined ? undefined : true,
    10: rest.size,
  })

/** First id inside, first outside, how many. */
export type Extent = readonly [first: number, outside: number, count: number]

export const userns = (uids: readonly Extent[], gids: readonly Extent[]): Buffer =>
  Buffer.concat(
    [uids, gids].flatMap((extents, index) =>
      extents.map(([first, outside, count]) =>
        encode({ [index + 1]: encode({ 1: first, 2: outside, 3: count }) }),
      ),
    ),
  )
