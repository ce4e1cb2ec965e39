// The few messages of CRIU's images that a clean-up reads, by field number. A number that is not
// listed is skipped. "since" is the CRIU release that first wrote the field.
import type { Bytes } from '../bytes.js'
import { entry, required, type Fields } from './message.js'

/** ids-PID.img and inventory.root_ids. Ids are CRIU's own, from 1, and mean something only here. */
export interface TaskKobjIds {
  readonly net_ns_id: number | undefined
  readonly mnt_ns_id: number | undefined
}

const taskKobjIds = (fields: Fields): TaskKobjIds => {
  let netNsId: number | undefined
  let mntNsId: number | undefined
  while (fields.next())
    if (fields.number === 6) netNsId = fields.uint32()
    else if (fields.number === 9) mntNsId = fields.uint32()
    else fields.skip()
  return { net_ns_id: netNsId, mnt_ns_id: mntNsId }
}

export interface InventoryEntry {
  readonly img_version: number
  readonly fdinfo_per_id: boolean
  /** Of the CRIU process that dumped. */
  readonly root_ids: TaskKobjIds | undefined
  readonly ns_per_id: boolean
  /** Microseconds since boot, suspend included; only of a dump that tracks memory. */
  readonly dump_uptime: number | undefined
  readonly pre_dump_mode: number | undefined
  /** TCP connections were to be closed, and were not locked one by one. */
  readonly tcp_close: boolean
  /** A plain number; absent before 3.16, which is iptables. */
  readonly network_lock_method: number | undefined
  /** A UUID, new for each run of CRIU, which its log names too. */
  readonly dump_criu_run_id: Bytes | undefined
}

const inventory = (fields: Fields): InventoryEntry => {
  let version: number | undefined
  let fdinfo = false
  let ids: TaskKobjIds | undefined
  let ns = false
  let uptime: number | undefined
  let mode: number | undefined
  let tcpClose = false
  let method: number | undefined
  let runId: Bytes | undefined
  while (fields.next())
    switch (fields.number) {
      case 1:
        version = fields.uint32()
        break
      case 2:
        fdinfo = fields.bool()
        break
      case 3:
        ids = fields.message(taskKobjIds)
        break
      case 4:
        ns = fields.bool()
        break
      case 8: // since 3.10
        uptime = fields.uint64()
        break
      case 9: // since 3.14, pre-dump only
        mode = fields.uint32()
        break
      case 10: // since 3.15
        tcpClose = fields.bool()
        break
      case 11: // since 3.16
        method = fields.uint32()
        break
      case 13: // since 4.1
        runId = fields.bytes()
        break
      default:
        fields.skip()
    }
  return {
    img_version: required(version, 'img_version'),
    fdinfo_per_id: fdinfo,
    root_ids: ids,
    ns_per_id: ns,
    dump_uptime: uptime,
    pre_dump_mode: mode,
    tcp_close: tcpClose,
    network_lock_method: method,
    dump_criu_run_id: runId,
  }
}

export interface PstreeEntry {
  /** In the tree's own pid namespace. */
  readonly pid: number
  /** 0 for the root task. */
  readonly ppid: number
}

const pstree = (fields: Fields): PstreeEntry => {
  let pid: number | undefined
  let ppid: number | undefined
  while (fields.next())
    if (fields.number === 1) pid = fields.uint32()
    else if (fields.number === 2) ppid = fields.uint32()
    else fields.skip()
  return { pid: required(pid, 'pid'), ppid: required(ppid, 'ppid') }
}

/** Link remaps have the first four only; the original's entry has the rest. */
export interface RegFileEntry {
  readonly id: number
  readonly flags: number
  readonly pos: number
  readonly name: Bytes
  readonly mnt_id: number | undefined
  readonly size: number | undefined
  readonly ext: boolean
  readonly mode: number | undefined
}

const regFile = (fields: Fields): RegFileEntry => {
  let id: number | undefined
  let flags: number | undefined
  let pos: number | undefined
  let name: Bytes | undefined
  let mntId: number | undefined
  let size: number | undefined
  let ext = false
  let mode: number | undefined
  while (fields.next())
    switch (fields.number) {
      case 1:
        id = fields.uint32()
        break
      case 2:
        flags = fields.uint32()
        break
      case 3:
        pos = fields.uint64()
        break
      case 6:
        name = fields.bytes()
        break
      case 7: // since 1.3, only where the tree had its own mount namespace
        mntId = fields.sint32()
        break
      case 8: // since 1.3.1
        size = fields.uint64()
        break
      case 9: // since 2.0
        ext = fields.bool()
        break
      case 10: // since 2.4
        mode = fields.uint32()
        break
      default:
        fields.skip()
    }
  return {
    id: required(id, 'id'),
    flags: required(flags, 'flags'),
    pos: required(pos, 'pos'),
    name: required(name, 'name'),
    mnt_id: mntId,
    size,
    ext,
    mode,
  }
}

/** The addresses are words of the network's bytes, read by a little-endian machine: one, or four for IPv6. */
export interface InetSkEntry {
  readonly proto: number
  readonly src_port: number
  readonly dst_port: number
  readonly src_addr: readonly number[]
  readonly dst_addr: readonly number[]
}

const inetSk = (fields: Fields): InetSkEntry => {
  let proto: number | undefined
  let sourcePort: number | undefined
  let destinationPort: number | undefined
  const source: number[] = []
  const destination: number[] = []
  while (fields.next())
    switch (fields.number) {
      case 5:
        proto = fields.uint32()
        break
      case 7:
        sourcePort = fields.uint32()
        break
      case 8:
        destinationPort = fields.uint32()
        break
      case 11:
        source.push(fields.uint32())
        break
      case 12:
        destination.push(fields.uint32())
        break
      default:
        fields.skip()
    }
  return {
    proto: required(proto, 'proto'),
    src_port: required(sourcePort, 'src_port'),
    dst_port: required(destinationPort, 'dst_port'),
    src_addr: source,
    dst_addr: destination,
  }
}

export const FD_TYPE_REG = 1
export const FD_TYPE_INETSK = 4

export interface FileEntry {
  readonly type: number
  readonly id: number
  readonly reg: RegFileEntry | undefined
  readonly isk: InetSkEntry | undefined
}

const file = (fields: Fields): FileEntry => {
  let type: number | undefined
  let id: number | undefined
  let reg: RegFileEntry | undefined
  let isk: InetSkEntry | undefined
  while (fields.next())
    switch (fields.number) {
      case 1:
        type = fields.uint32()
        break
      case 2:
        id = fields.uint32()
        break
      case 3:
        reg = fields.message(regFile)
        break
      case 4:
        isk = fields.message(inetSk)
        break
      default:
        fields.skip()
    }
  return { type: required(type, 'type'), id: required(id, 'id'), reg, isk }
}

/** `remap_type` is a plain number: a value from the future must not turn into "absent". */
export interface RemapFilePathEntry {
  readonly orig_id: number
  readonly remap_id: number
  readonly remap_type: number | undefined
}

export const REMAP_TYPE = { linked: 0, ghost: 1, procfs: 2 } as const

const remapFilePath = (fields: Fields): RemapFilePathEntry => {
  let orig: number | undefined
  let remap: number | undefined
  let type: number | undefined
  while (fields.next())
    switch (fields.number) {
      case 1:
        orig = fields.uint32()
        break
      case 2:
        remap = fields.uint32()
        break
      case 3: // absent for links before 2.9
        type = fields.uint32()
        break
      default:
        fields.skip()
    }
  return {
    orig_id: required(orig, 'orig_id'),
    remap_id: required(remap, 'remap_id'),
    remap_type: type,
  }
}

export interface MntEntry {
  readonly fstype: number
  readonly mnt_id: number
  /** (major << 20) | minor, as in mountinfo; not the st_dev encoding. */
  readonly root_dev: number
  readonly parent_mnt_id: number
  readonly flags: number
  readonly root: Bytes
  readonly mountpoint: Bytes
  readonly source: Bytes
  readonly options: Bytes
  /** 1.3 to 2.x: `root` holds the key. */
  readonly ext_mount: boolean
  /** Since 1.6, only with fstype AUTO. */
  readonly fsname: Bytes | undefined
  /** Since 1.7. */
  readonly deleted: boolean
  /** Since 1.8; before, in `flags`. */
  readonly sb_flags: number
  /** Since 3.0. */
  readonly ext_key: Bytes | undefined
}

/** Names of the fields 1 to 9, all required, and a bit for each. */
const MNT_REQUIRED =
  'fstype mnt_id root_dev parent_mnt_id flags root mountpoint source options'.split(' ')
const MNT_REQUIRED_BITS = 0b11_1111_1110

const mnt = (fields: Fields): MntEntry => {
  let seen = 0
  const row = {
    fstype: 0,
    mnt_id: 0,
    root_dev: 0,
    parent_mnt_id: 0,
    flags: 0,
    root: '' as Bytes,
    mountpoint: '' as Bytes,
    source: '' as Bytes,
    options: '' as Bytes,
    ext_mount: false,
    fsname: undefined as Bytes | undefined,
    deleted: false,
    sb_flags: 0,
    ext_key: undefined as Bytes | undefined,
  }
  while (fields.next()) {
    if (fields.number <= 9) seen |= 1 << fields.number
    switch (fields.number) {
      case 1:
        row.fstype = fields.uint32()
        break
      case 2:
        row.mnt_id = fields.uint32()
        break
      case 3:
        row.root_dev = fields.uint32()
        break
      case 4:
        row.parent_mnt_id = fields.uint32()
        break
      case 5:
        row.flags = fields.uint32()
        break
      case 6:
        row.root = fields.bytes()
        break
      case 7:
        row.mountpoint = fields.bytes()
        break
      case 8:
        row.source = fields.bytes()
        break
      case 9:
        row.options = fields.bytes()
        break
      case 13:
        row.ext_mount = fields.bool()
        break
      case 14:
        row.fsname = fields.bytes()
        break
      case 16:
        row.deleted = fields.bool()
        break
      case 17:
        row.sb_flags = fields.uint32()
        break
      case 18:
        row.ext_key = fields.bytes()
        break
      default:
        fields.skip()
    }
  }
  if (seen !== MNT_REQUIRED_BITS) {
    const missing = MNT_REQUIRED.find((_, index) => (seen & (2 << index)) === 0)
    throw new TypeError(`required field ${missing} is missing`)
  }
  return row
}

/** netns-ID.img. */
export interface NetnsEntry {
  /** Of a network namespace that is not the dump's own. */
  readonly ext_key: Bytes | undefined
}

const netns = (fields: Fields): NetnsEntry => {
  let key: Bytes | undefined
  while (fields.next())
    if (fields.number === 8) key = fields.bytes()
    else fields.skip()
  return { ext_key: key }
}

export const decodeIds = entry(taskKobjIds)
export const decodeInventory = entry(inventory)
export const decodePstree = entry(pstree)
export const decodeRegFile = entry(regFile)
export const decodeFile = entry(file)
export const decodeInetSk = entry(inetSk)
export const decodeRemapFilePath = entry(remapFilePath)
export const decodeMnt = entry(mnt)
export const decodeNetns = entry(netns)
